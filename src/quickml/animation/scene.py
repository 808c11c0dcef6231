"""What is drawn of a film: the large picture on the left, and sections of tiles on the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.animation.canvas import Box, Canvas, dots, enlarged
from quickml.animation.colors import CLASSES, GREY, LINE, Pixels, of_class, ramp, strongest
from quickml.animation.letters import latin
from quickml.animation.panels import SMALLEST, Section, Unmoved, largest_size, limits, scale, section
from quickml.film import Film, FilmFrame

MAX_SECTIONS, MAX_DOTS = 8, 400
FEW = 3
"""Layers up to which there is room for more than their activations, and the number of histograms there."""
DOT = 2.1
"""Radius of a sample."""


@dataclass(frozen=True, kw_only=True)
class Backdrop:
    """Data that is not in a film, drawn if the caller has it."""

    points: NDArray[np.float32] | None = None
    """(n, 2): samples in the plane, as shares of its sides from the top left corner."""
    targets: NDArray[Any] | None = None
    """(n,): the class indices or targets of the points."""
    picture: NDArray[np.uint8] | None = None
    """(height, width, 3): the sample whose activations are shown."""


def chosen_sections(
    film: Film, wanted: Sequence[str], still: Unmoved | None, width: float, height: float
) -> list[Section | Unmoved]:
    """The sections that fit: those wanted, or those that say most about this kind of network."""
    names = [name for name in film.frames[0].parts if any(matches(name, part) for part in wanted)]
    names = names if wanted else usual(film.frames[0])
    sections: list[Section | Unmoved] = [section(name, film.frames) for name in evenly(names, MAX_SECTIONS)]
    sections = [still, *sections] if still and not wanted else sections
    while len(sections) > 1 and largest_size(sections, width, height) < SMALLEST:
        sections = evenly(sections, len(sections) - 1)
    return sections


def matches(name: str, wanted: str) -> bool:
    """Whether a part has this name, or begins with it."""
    return name == wanted or name.startswith(wanted.rstrip("/") + "/")


def usual(frame: FilmFrame) -> list[str]:
    """Names of the parts that are drawn by default."""
    of_kind = {
        kind: [name for name in frame.parts if matches(name, kind)]
        for kind in ("unit", "filters", "activation", "weights", "histogram")
    }
    if of_kind["unit"]:
        return of_kind["unit"]
    activations = [name for name in of_kind["activation"] if frame.parts[name].size > 1]
    if any(frame.parts[name].ndim > 1 for name in activations):
        few = evenly(of_kind["histogram"], FEW) if len(activations) <= FEW else []
        return of_kind["filters"] + activations + few
    kernels = [name for name in of_kind["weights"] if frame.parts[name].ndim > 1]
    return activations + kernels + of_kind["histogram"]


def evenly(items: Sequence[Any], count: int) -> list[Any]:
    """At most `count` of them, evenly spaced, with the first and the last."""
    if len(items) <= count:
        return list(items)
    return [items[place] for place in np.linspace(0, len(items) - 1, count).round().astype(int)]


def has(parts: Mapping[str, NDArray[np.float32]], name: str, axes: int) -> bool:
    """Whether there is a part of this name with this number of axes."""
    return name in parts and parts[name].ndim == axes


class Scene:
    """The large picture: the answer everywhere in the plane, or the answers to the probes."""

    def __init__(self, film: Film, backdrop: Backdrop | None) -> None:
        parts = film.frames[0].parts
        self.labels: list[str] = list(film.header.get("labels") or [])
        written = {label: latin(label) for label in self.labels}
        self.numbered = tuple(label for label, text in written.items() if text is None)
        """Labels in letters that the font does not have; their numbers are shown."""
        self._written = [written[label] or str(place) for place, label in enumerate(self.labels)]
        self.name = next((name for name, axes in (("grid", 3), ("probes", 2)) if has(parts, name, axes)), "")
        self._scale = scale(self.name, film.frames) if self.name else 0.0
        self._limits = limits(self.name, film.frames) if self.name else (0.0, 1.0)
        self._backdrop = backdrop
        self._dots: dict[int, Any] = {}
        self.caption, self.more = self._explained(parts)

    def _explained(self, parts: Mapping[str, NDArray[np.float32]]) -> tuple[str, str]:
        if not self.name:
            return "", ""
        if self.has_plane:
            return "answers", "over the plane"
        order = "in the order of their classes" if self.labels else "in the order of their targets"
        return "answers", f"to {len(parts[self.name])} test samples, {order}"

    @property
    def has_plane(self) -> bool:
        """Whether the answers over the plane are shown."""
        return self.name == "grid"

    def draw(self, canvas: Canvas, frame: FilmFrame, box: Box) -> None:
        """Draw into a square box."""
        if not self.name:
            return
        values = np.nan_to_num(frame.parts[self.name])
        if self.has_plane:
            self._draw_plane(canvas, values[:, ::-1], box)
        elif not self.labels:
            self._draw_targets(canvas, values, box)
        else:
            self._draw_probes(canvas, values, box)
        canvas.frame(box, LINE)

    def _colors(self, values: NDArray[np.float32]) -> Pixels:
        """(k, ...) answers as colours."""
        if len(values) > 1:
            return strongest(values) if self.labels else ramp(values[0] / (self._scale or 1))
        return ramp(values[0] * 2 - 1 if self.labels else values[0] / (self._scale or 1))

    def _draw_plane(self, canvas: Canvas, values: NDArray[np.float32], box: Box) -> None:
        """Interpolate the answers, then colour them: their borders become smooth lines."""
        size = canvas.at(box[2]) - canvas.at(box[0])
        canvas.picture(self._colors(np.stack([enlarged(layer, size) for layer in values])), box)
        points, targets = (self._backdrop.points, self._backdrop.targets) if self._backdrop else (None, None)
        if points is not None and targets is not None:
            if size not in self._dots:
                self._dots[size] = self._samples(points, targets, size, DOT * canvas.scale)
            canvas.image.paste(self._dots[size], (canvas.at(box[0]), canvas.at(box[1])), self._dots[size])

    def _samples(self, points: NDArray[Any], targets: NDArray[Any], size: int, radius: float) -> Any:
        """The first samples as dots; made once for every size."""
        points, targets = points[:MAX_DOTS], targets[:MAX_DOTS]
        if self.labels:
            colors = [of_class(int(target)) for target in targets]
        else:
            colors = [(r, g, b) for r, g, b in ramp(targets / (np.abs(targets).max() or 1)).tolist()]
        return dots(
            size, [(x, y, color) for (x, y), color in zip(points.tolist(), colors, strict=True)], radius
        )

    def _draw_probes(self, canvas: Canvas, values: NDArray[np.float32], box: Box) -> None:
        """A row for each probe, in the order of their classes, and a column for each class."""
        if values.shape[1] == 1 and self.labels:
            values = np.concatenate([1 - values, values], 1)
        canvas.picture(ramp(values), box)
        left, _, right, bottom = box
        width = (right - left) / values.shape[1]
        for place, label in enumerate(self._written[: values.shape[1]]):
            short = label if len(label) * 6 < width else label[: max(1, int(width / 6))]
            canvas.text(left + (place + 0.5) * width, bottom + 13, short, size=10, color=GREY, anchor="ms")

    def _draw_targets(self, canvas: Canvas, values: NDArray[np.float32], box: Box) -> None:
        """A line for each target, from the sample with the lowest to that with the highest."""
        (left, top, right, bottom), lines = box, []
        low, high = self._limits
        x = np.linspace(left + 6, right - 6, len(values))
        for place, column in enumerate(values.T[: len(CLASSES)]):
            y = bottom - 6 - (column - low) / ((high - low) or 1) * (bottom - top - 12)
            points = list(zip(x.tolist(), y.tolist(), strict=True))
            lines += [(points, CLASSES[place], 1.4), *(([point], CLASSES[place], 5.0) for point in points)]
        canvas.curves([(points, color, width) for points, color, width in lines if points], box)
