"""A finished training in a file. It is written if the result cannot be, and export goes on from it."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args
from zipfile import ZIP_STORED, ZipFile

import numpy as np

from quickml.document import Plan
from quickml.errors import CheckpointError
from quickml.files import atomic
from quickml.model import Array, TrainedModel
from quickml.training.device import CPU, TrainingDevice
from quickml.training.precision import Precision

SUFFIX = ".trained"
_FACTS = ("history", "stopped", "precision", "accelerator", "device", "seconds")


@dataclass(frozen=True, kw_only=True)
class KeptTraining:
    """What a training leaves behind, before it is evaluated; the fields are those of `TrainedModel`."""

    plan: Plan
    weights: Mapping[str, Mapping[str, Array]]
    history: tuple[Mapping[str, float], ...]
    stopped: str | None
    precision: Precision
    seconds: Mapping[str, float]
    device: TrainingDevice = CPU
    """What it was trained on; its capability is not kept."""
    film: bytes = b""


def keep(trained: TrainedModel, name: str, places: Sequence[Path]) -> Path | None:
    """Write `<name>.trained` in the first of several folders that has room; None if none has."""
    content = _packed(trained)
    for place in places:
        path = _free(place, name)
        try:
            with atomic.new_file(path) as stream:
                stream.write(content)
        except OSError:
            continue
        return path
    return None


def _free(place: Path, name: str) -> Path:
    path, number = place / f"{name}{SUFFIX}", 1
    while path.exists():
        number += 1
        path = place / f"{name}-{number}{SUFFIX}"
    return path


def _packed(trained: TrainedModel) -> bytes:
    facts = {key: getattr(trained, key) for key in _FACTS}
    text = json.dumps({"plan": trained.plan.to_json(), **facts}, default=dict)
    arrays: dict[str, Any] = {"facts": np.frombuffer(text.encode(), np.uint8)}
    arrays["film"] = np.frombuffer(trained.film, np.uint8)
    for layer, some in trained.weights.items():
        arrays |= {f"{layer}/{key}": array for key, array in some.items()}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def load(path: Path) -> KeptTraining:
    """Read what `keep` wrote.

    Raises:
        CheckpointError: the file cannot be read, or is something else.
    """
    try:
        with path.open("rb") as stream:
            # A compressed file could be far larger in memory; ours is not compressed.
            if any(entry.compress_type != ZIP_STORED for entry in ZipFile(stream).infolist()):
                raise ValueError("compressed")
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as packed:
                return _unpacked(packed)
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror})") from error
    except Exception as error:  # zipfile and numpy raise many types for a damaged file
        raise CheckpointError(
            f"{path}: expected a trained model that `quickml run` kept, found another file"
        ) from error


def _unpacked(packed: Any) -> KeptTraining:
    facts = json.loads(packed["facts"].tobytes())
    values = [value for epoch in facts["history"] for value in epoch.values()]
    if (
        not values
        or not all(isinstance(value, int | float) for value in values)
        or facts["precision"] not in get_args(Precision)
        or not isinstance(facts["stopped"], str | None)
        or facts.get("accelerator", "cpu") not in ("cpu", "gpu")
        or not isinstance(facts.get("device", ""), str)
    ):
        raise ValueError("other facts")
    weights: dict[str, dict[str, Array]] = {}
    for name in packed.files:
        layer, _, key = name.partition("/")
        if key:
            weights.setdefault(layer, {})[key] = packed[name]
    return KeptTraining(
        plan=Plan.from_json(facts["plan"]),
        weights=weights,
        history=tuple(facts["history"]),
        stopped=facts["stopped"],
        precision=facts["precision"],
        device=TrainingDevice(kind=facts.get("accelerator", "cpu"), name=facts.get("device", "")),
        seconds={"train": float(facts["seconds"]["train"])},
        film=packed["film"].tobytes() if "film" in packed.files else b"",
    )
