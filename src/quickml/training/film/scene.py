"""What a film looks at: a few test samples, and for data in the plane, a grid."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.datasets.data import Data
from quickml.datasets.mapped import extent
from quickml.document import Plan
from quickml.model import Array

PROBES = 32
PROBE_NUMBERS = 4096
"""Most outputs for all probes together: a network with many outputs has fewer probes."""
GRID, SMALL_GRID = 64, 16
"""Points along each side of the plane: for the answer, and for hidden units."""
MOST_GRIDS = 16
"""Most outputs of a network with a grid."""
MARGIN = 0.1
"""How far the plane reaches beyond the samples, relative to their extent."""

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class FilmScene:
    """The inputs of every frame. Rows: probes, of which the first is the shown sample, then grids."""

    inputs: NDArray[np.generic]
    """(rows, *input shape), raw."""
    probes: tuple[int, ...]
    """Indices of the probes in the test set, in the order of their classes or targets."""
    plane: tuple[Range, Range] | None
    """Lower and upper end of both axes; None if the data is not in the plane."""

    @property
    def grid(self) -> slice:
        """Rows of the large grid, from low to high y, and within from low to high x."""
        return slice(len(self.probes), len(self.probes) + (GRID**2 if self.plane else 0))

    @property
    def small_grid(self) -> slice:
        """Rows of the small grid, in the same order."""
        return slice(self.grid.stop, len(self.inputs))


def scene(plan: Plan, data: Data) -> FilmScene:
    """Choose the inputs for a plan. They depend on its dataset only."""
    outputs = math.prod(plan.graph.output_shape)
    chosen = probes(data.y_test, max(1, min(PROBES, PROBE_NUMBERS // outputs)), plan)
    plane = None
    if plan.info.kind == "features" and plan.info.shape == (2,) and outputs <= MOST_GRIDS:
        plane = ranges(np.concatenate([*extent(data.x_train), *extent(data.x_test)]).reshape(-1, 2))
        plane = plane if plan.info.shows_samples else (_rounded(plane[0]), _rounded(plane[1]))
    rows: list[NDArray[Any]] = [data.x_test[chosen]]
    if plane:
        rows += [points(plane, GRID), points(plane, SMALL_GRID)]
    return FilmScene(inputs=np.concatenate(rows), probes=tuple(map(int, chosen)), plane=plane)


def probes(targets: NDArray[np.generic], count: int, plan: Plan) -> NDArray[np.intp]:
    """Indices of `count` test samples, spread over the classes or the range of targets, in their order."""
    order = np.argsort(targets if targets.ndim == 1 else targets[:, 0], kind="stable")
    if not plan.info.labels:
        places = np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(np.intp)
        spread: NDArray[np.intp] = order[places]
        return spread
    ordered = targets[order].astype(np.intp)
    first_of_class = np.searchsorted(ordered, ordered)
    rank = np.arange(len(order)) - first_of_class  # 0 for the first sample of each class, then 1, ...
    chosen: NDArray[np.intp] = order[np.sort(np.argsort(rank, kind="stable")[:count])]
    return chosen


def ranges(samples: Array) -> tuple[Range, Range]:
    """Lower and upper end of both axes, with a margin around the samples."""
    low, high = samples.min(axis=0).astype(np.float64), samples.max(axis=0).astype(np.float64)
    margin = np.where(high > low, MARGIN * (high - low), 1.0)
    first, second = zip((low - margin).tolist(), (high + margin).tolist(), strict=True)
    return first, second


def _rounded(ends: Range) -> Range:
    """Ends farther out, at round numbers: exact ones would tell the least and the greatest value."""
    step = 10.0 ** math.floor(math.log10(ends[1] - ends[0]))
    return math.floor(ends[0] / step) * step, math.ceil(ends[1] / step) * step


def points(plane: tuple[Range, Range], size: int) -> Array:
    """(size * size, 2): the centres of the cells of a grid."""
    (left, right), (bottom, top) = plane
    middle = (np.arange(size) + 0.5) / size
    x, y = np.meshgrid(left + middle * (right - left), bottom + middle * (top - bottom))
    return np.stack([x, y], axis=-1).reshape(-1, 2).astype(np.float32)
