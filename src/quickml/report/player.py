"""The film on the page: its bytes, the samples it refers to, and pictures for readers without scripts."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from quickml.datasets.data import Data
from quickml.document.plan import Plan
from quickml.film import Film
from quickml.report import sequences, stills
from quickml.report.formatting import number
from quickml.report.pictures import data_uri
from quickml.report.script import script, source
from quickml.report.stills import Still

Array = npt.NDArray[Any]

MOST_POINTS = 400
"""Test samples that are drawn over the answers in the plane."""
LARGEST_PICTURE = 64
"""Pixels of a side of an embedded sample; larger pictures are thinned."""
MOST_VALUES = 6
"""Features that are written out for a sample of a table."""


@dataclass(frozen=True, kw_only=True)
class Player:
    """What the template inserts."""

    film: str
    """The bytes of the film in base64."""
    facts: Mapping[str, Any]
    """Of JSON types: labels, layers and the samples that the film is about."""
    script: str
    script_source: str
    """What the content security policy calls it: only this script may run."""
    stills: Sequence[Still]
    curve: str
    """SVG path of the losses, in a drawing of `stills.CURVE`."""
    summary: str
    """Where the training ended, in words."""
    ends_with_best: bool
    """Whether the last frame shows weights that early stopping restored."""


def player(content: bytes, plan: Plan, data: Data) -> Player | None:
    """The player of a film, or None if `content` is empty: the training was not filmed.

    Args:
        content: the bytes of `film.bin`.
        plan: the plan of the model.
        data: the test samples that the film refers to.

    Raises:
        FilmError: `content` is damaged.
    """
    film = Film.read(content) if content else None
    if film is None or not film.frames:
        return None
    trained = [place for place, frame in enumerate(film.frames) if frame.number != film.restored]
    return Player(
        film=base64.b64encode(content).decode("ascii"),
        facts=facts(film, plan, data),
        script=script(),
        script_source=source(),
        stills=stills.stills(film),
        curve=stills.curve(film),
        summary=stills.moment(film, trained[-1]),
        ends_with_best=film.restored is not None,
    )


def facts(film: Film, plan: Plan, data: Data) -> dict[str, Any]:
    """What the film does not contain: names, and the samples whose numbers in the test set it has."""
    info = plan.info
    samples = Samples(plan=plan, data=data)
    shown, probes = film.header.get("shown"), film.header.get("probes") or ()
    return {
        "kind": info.kind,
        "labels": list(info.labels),
        "features": list(info.feature_names) or ["x", "y"],
        "targets": None
        if info.labels or not info.shows_samples
        else [float(first(data.y_test).min()), float(first(data.y_test).max())],
        "points": samples.points() if info.shows_samples and "grid" in film.frames[0].parts else None,
        "sample": None if shown is None or not info.shows_samples else samples.described(shown),
        "probes": [samples.described(index) for index in probes if info.labels or info.shows_samples],
        "layers": [node.name for node in plan.graph.nodes],
        "lines": lines(film, plan),
    }


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Test samples as the player shows them."""

    plan: Plan
    data: Data

    def points(self) -> list[list[float]]:
        """x, y, and the class or the target of the first samples in the plane."""
        rows = np.column_stack([self.data.x_test[:MOST_POINTS], first(self.data.y_test)[:MOST_POINTS]])
        return [[finite(value) for value in row] for row in rows.tolist()]

    def described(self, index: int) -> dict[str, Any]:
        """One sample: its number, its class or target, and a picture, curves, words or values."""
        truth = first(self.data.y_test)[index].item()
        labels = self.plan.info.labels
        return {
            "index": int(index),
            "truth": truth if labels else finite(truth),
            "name": labels[truth] if labels else number(truth),
            **self._drawn(self.data.x_test[index]),
        }

    def _drawn(self, values: Array) -> dict[str, Any]:
        info = self.plan.info
        if not info.shows_samples:
            return {"words": ""}
        if info.is_image:
            step = math.ceil(max(values.shape[:2]) / LARGEST_PICTURE)
            pixels = values[::step, ::step]
            return {"picture": data_uri(pixels if pixels.ndim == 3 else pixels[..., None])}
        if values.ndim == 2:
            margin = sequences.MARGIN  # the first and the last step lie on the edges, as in maps over time
            box = [margin, 0, sequences.WIDTH - 2 * margin, sequences.HEIGHT]
            return {"curves": sequences.paths(values), "box": box}
        if info.kind == "tokens":
            return {"words": sequences.meanings(values, info.vocabulary)}
        return {"values": [number(float(value), 3) for value in values[:MOST_VALUES]]}


def first(targets: Array) -> Array:
    """(n,): the targets, of several the first, which is what the player shows."""
    return targets if targets.ndim == 1 else targets[:, 0]


def finite(value: float) -> float:
    """Rounded to four digits, which is finer than a pixel. What is not finite becomes 0, which JSON has."""
    return float(f"{value:.4g}") if math.isfinite(value) else 0.0


def lines(film: Film, plan: Plan) -> list[dict[str, str]]:
    """Which kernel connects which columns of units: part of the weights, and the parts on both sides.

    The first column is `input`, the last one `grid`. Kernels between other layers are left out.
    """
    parts = film.frames[0].parts
    nodes = {node.name: node for node in plan.graph.nodes}
    last = next((name for name in reversed(nodes) if f"weights/{name}/kernel" in parts), "")
    found = []
    for name in nodes:
        weights, unit = f"weights/{name}/kernel", f"unit/{name}"
        target = unit if unit in parts else "grid" if name == last else ""
        if weights not in parts or not target or parts[weights].ndim != 2:
            continue
        source = nodes[name].inputs[0]
        while source in nodes and f"unit/{source}" not in parts:
            source = nodes[source].inputs[0]
        found.append(
            {"weights": weights, "from": f"unit/{source}" if source in nodes else source, "to": target}
        )
    return found
