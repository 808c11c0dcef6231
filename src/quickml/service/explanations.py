"""Explanations by occlusion: parts of an input are hidden one after the other, and the model is run on each.

What is hidden is replaced by a baseline. A map has, for each part, the model's output when nothing is hidden
minus its output when this part is: positive where the part speaks for the class.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

from quickml.document.layers.preprocessing import Normalization
from quickml.errors import InputError, UnsupportedModelError
from quickml.jobs.job import Artifact
from quickml.service.predictions import Delivery, Models, Opened, Steps, array_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_RUNS = 1024
"""Number of parts of one explanation."""
MAX_MAP_VALUES = 200_000
"""Number of values of all maps: parts times classes."""
MAX_SECONDS = 20.0
"""Time for which models run for one explanation."""
_FARTHEST = 1e30

Baseline = Literal["zero", "mean"]
Part = Literal["patch", "feature", "window", "token"]
_PARTS: dict[str, Part] = {"image": "patch", "features": "feature", "sequence": "window", "tokens": "token"}
_FRACTIONS = {"image": 7, "sequence": 14}
"""How many times the default size fits in a side."""


@dataclass(frozen=True, kw_only=True)
class OcclusionOptions:
    """What is hidden, and what replaces it."""

    file: str | None = None
    """Name of the artifact that answers; None is the file that the server prefers."""
    size: int | None = None
    """Side of a patch in pixels, or number of steps, tokens or features. Default: a 7th of the shorter side
    of a picture, a 14th of a sequence, 1 of the others."""
    stride: int | None = None
    """From one part to the next. Default: half of `size`, at least 1."""
    baseline: Baseline | None = None
    """`zero`: black, the token 0, or the number 0. `mean`: the mean colour of the picture itself; in tables
    and sequences the mean of each feature in the training samples, which the file's Normalization layer has.
    Default: `mean` where there is one, except for gray pictures."""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """How much each part of an input matters to each output of a model."""

    part: Part
    labels: tuple[str, ...]
    """Of the outputs; empty for a regression."""
    values: tuple[float, ...]
    """The output of the model when nothing is hidden."""
    size: tuple[int, ...]
    """Of a part: height and width of a patch, otherwise one number."""
    starts: tuple[tuple[int, ...], ...]
    """Where parts begin: rows and columns of patches, otherwise one axis. The last part ends at the edge."""
    baseline: Baseline
    baseline_values: tuple[float, ...]
    """By channel or feature."""
    maps: NDArray[Any]
    """float64 (outputs, rows of parts, columns of parts), or (outputs, parts)."""


class Explainer:
    """Explains what models answer. Thread-safe."""

    def __init__(self, models: Models) -> None:
        self._models = models

    def explain(
        self, delivery: Delivery, value: Any, options: OcclusionOptions
    ) -> Steps[tuple[Artifact, Explanation]]:
        """Hide each part of an input, and run the job's model on it.

        Args:
            delivery: the job.
            value: the input; see `array_of`.
            options: what is hidden.

        Raises:
            InputError: the input or an option does not fit, there is no such file, or it would take too long.
            UnsupportedModelError: none of the files can be run here.
            ArtifactDamagedError: the stored file is damaged.
        """
        opened = self._models.open(delivery, options.file)
        if opened.columns and opened.plan.info.kind == "features":
            found = f"the {len(opened.columns)} columns of a table"
            raise UnsupportedModelError(f"the model: explanations need one array or image, found {found}")
        info, kind = opened.plan.info, opened.plan.info.kind
        array = array_of(value, opened.input, "input").reshape(info.shape)  # a file may have other axes
        sides = array.shape[:2] if kind == "image" else array.shape[:1]
        size, starts = _parts(kind, sides, options)
        name, fill = _baseline(opened, array, options.baseline)
        work = _Occlusion(opened)
        values = work.answer(array)
        if len(values) * math.prod(map(len, starts)) > MAX_MAP_VALUES:
            raise InputError(
                f"?stride: expected maps of at most {MAX_MAP_VALUES:,} values, found"
                f" {math.prod(map(len, starts))} parts times {len(values)} classes"
            )
        maps = yield from work.maps(array, values, size, starts, fill)
        return opened.artifact, Explanation(
            part=_PARTS[kind],
            labels=opened.runtime.labels or (),
            values=tuple(values),
            size=size,
            starts=starts,
            baseline=name,
            baseline_values=tuple(fill.reshape(-1).astype(float).tolist()),
            maps=maps,
        )


class _Occlusion:
    """The runs of one explanation, whose time is limited."""

    def __init__(self, opened: Opened) -> None:
        self._opened, self._seconds = opened, 0.0

    def answer(self, array: NDArray[Any]) -> list[float]:
        began = time.monotonic()
        values = self._opened.answer(self._opened.run(array))
        self._seconds += time.monotonic() - began
        self._opened.runtime.check_finite(values, "input")
        return values

    def maps(
        self,
        array: NDArray[Any],
        values: Sequence[float],
        size: Sequence[int],
        starts: Sequence[Sequence[int]],
        fill: NDArray[Any],
    ) -> Steps[NDArray[Any]]:
        import numpy as np

        found: NDArray[Any] = np.empty((len(values), *map(len, starts)))
        whole, parts = np.asarray(values), list(product(*map(enumerate, starts)))
        blank = np.broadcast_to(fill, array.shape)
        for done, part in enumerate(parts):
            yield
            if self._seconds > MAX_SECONDS:
                raise InputError(
                    f"?stride: expected an explanation of at most {MAX_SECONDS:g} s, found {done} of"
                    f" {len(parts)} parts after that time; use a larger stride"
                )
            hidden = array.astype(np.float32)
            place = tuple(slice(at, at + side) for (_, at), side in zip(part, size, strict=True))
            hidden[place] = blank[place]
            index: tuple[Any, ...] = tuple(number for number, _ in part)
            found[(slice(None), *index)] = whole - self.answer(hidden)
        return found


def _parts(
    kind: str, sides: Sequence[int], options: OcclusionOptions
) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """The size of a part, and where parts begin, along each axis."""
    size = options.size or max(1, round(min(sides) / _FRACTIONS[kind]) if kind in _FRACTIONS else 1)
    if size > min(sides):
        raise InputError(f"?size: expected at most {min(sides)}, the side of the input, found {size}")
    stride = options.stride or max(1, size // 2)
    while math.prod(len(_starts(side, size, stride)) for side in sides) > MAX_RUNS:
        if options.stride is not None or stride >= max(sides):
            found = math.prod(len(_starts(side, size, stride)) for side in sides)
            raise InputError(
                f"?stride: expected at most {MAX_RUNS} parts, found {found}; use a larger stride"
            )
        stride *= 2
        size = size if options.size else min(max(size, stride), *sides)
    return (size,) * len(sides), tuple(_starts(side, size, stride) for side in sides)


def _starts(side: int, size: int, stride: int) -> tuple[int, ...]:
    """Where parts begin on a side; the last one ends at the edge."""
    regular = range(0, side - size + 1, stride)
    return (*regular, side - size) if regular[-1] != side - size else tuple(regular)


def _baseline(opened: Opened, array: NDArray[Any], asked: Baseline | None) -> tuple[Baseline, NDArray[Any]]:
    """What replaces a part, by channel or by feature; for tokens, one number."""
    import numpy as np

    info, first = opened.plan.info, opened.plan.graph.nodes[0]
    has_mean = info.is_image or (
        isinstance(first.layer, Normalization) and not first.layer.invert and first.name in opened.kept
    )
    if asked == "mean" and not has_mean:
        hint = "only a model that begins with a Normalization layer has the mean of the training samples"
        raise InputError(f"?baseline: expected 'zero', found 'mean'; {hint}")
    is_gray = info.is_image and array.shape[-1] == 1
    if asked == "zero" or (asked is None and (is_gray or not has_mean)):
        return "zero", np.zeros(1 if info.kind == "tokens" else array.shape[-1], np.float32)
    if info.is_image:
        return "mean", array.mean(axis=(0, 1), dtype=np.float64).astype(np.float32)
    return "mean", _training_mean(opened, first.name, array.shape)


def _training_mean(opened: Opened, layer: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """For each feature, the number that a Normalization layer turns into 0: float32 (features,).

    The layer computes (x - mean) / deviation, so the mean follows from what it gives for two values of x.
    They have to be apart by at least one deviation, or rounding would decide.
    """
    import numpy as np

    def scaled(row: NDArray[Any]) -> NDArray[Any]:
        given = opened.run(np.broadcast_to(row.astype(np.float32), shape))[layer]
        first: NDArray[Any] = given.reshape(-1, shape[-1])[0].astype(np.float64)
        return first

    far = np.ones(shape[-1])
    zero = scaled(np.zeros(shape[-1]))
    apart = scaled(far) - zero
    while (near := np.abs(apart) < 1).any() and far.max() < _FARTHEST:
        far[near] *= 16
        apart = scaled(far) - zero
    slope = np.where(np.isfinite(apart) & (apart != 0), apart / far, np.inf)
    mean = -zero / slope
    for _ in range(2):  # rounding
        mean -= scaled(mean) / slope
    found: NDArray[Any] = mean.astype(np.float32)
    return found
