"""Resize the last two axes, or boxes cut from them, on the sampling grids of Core ML's operations.

Bilinear resizing is a matrix product with one row per new sample, so that all grids share the same code.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.onnx import activations, arrays
from quickml.export.onnx.graph import FLOAT, OnnxGraph, Tensor

_LARGEST_FACTOR = 2**14


def grid(size: int, target: int, mode: str) -> NDArray[np.float64]:
    """The positions of `target` samples on [0, size - 1], by the formulas of the resizing operations."""
    steps = np.arange(target, dtype=np.float64)
    if mode in ("STRICT_ALIGN_CORNERS", "ALIGN_CORNERS"):
        if target == 1:
            return np.asarray([(size - 1) / 2 if mode == "ALIGN_CORNERS" else 0.0])
        positions = steps * (size - 1) / (target - 1)
    elif mode == "DEFAULT":
        positions = steps * size / target
    elif mode == "OFFSET_CORNERS":
        spacing = max(1, size - 1) / target
        positions = 0.5 * spacing + steps * spacing
    elif mode == "UNALIGN_CORNERS":
        positions = (steps + 0.5) * size / target - 0.5
    else:
        raise UnsupportedModelError(f"the resizing mode {mode!r} cannot be run here")
    return np.clip(positions, 0, size - 1)


def scaled_size(size: tuple[int, int], factors: Sequence[float]) -> tuple[int, int]:
    """The size (height, width) multiplied by factors and rounded down, in float32 like Core ML.

    In float64, 0.7 * 10 with a factor that is stored as float32 would be 6.99.
    """
    if len(factors) != 2 or not all(0 < factor < _LARGEST_FACTOR for factor in factors):
        raise CoreMLFileError(f"the scale factors {tuple(factors)} are out of range")
    height, width = np.floor(np.asarray(size, dtype=np.float32) * np.asarray(factors, dtype=np.float32))
    return int(height), int(width)


def bilinear(g: OnnxGraph, x: Tensor, size: tuple[int, int], mode: str) -> Tensor:
    """Resize the last two axes with bilinear interpolation."""
    rows = _interpolation(x.shape[-2], size[0], mode)
    columns = _interpolation(x.shape[-1], size[1], mode)
    return g.op("MatMul", g.op("MatMul", g.constant(rows), x), columns.T)


def nearest(g: OnnxGraph, x: Tensor, size: tuple[int, int], mode: str = "DEFAULT") -> Tensor:
    """Resize the last two axes with nearest-neighbour sampling.

    The default takes the sample at floor(index * old / new). Of the other grids only UNALIGN_CORNERS is
    supported: the documentation does not define how the others round positions between samples.
    """
    if mode not in ("DEFAULT", "UNALIGN_CORNERS"):
        raise UnsupportedModelError(f"the nearest-neighbour resizing mode {mode!r} cannot be run here")
    for axis, target in ((-2, size[0]), (-1, size[1])):
        length = x.shape[axis]
        _check_size(length, target)
        # At half-pixel centres the nearest sample is floor((index + 0.5) * old / new), computed in integers.
        twice = 2 * np.arange(target) + (mode == "UNALIGN_CORNERS")
        positions = np.minimum(twice * length // (2 * target), length - 1)
        x = arrays.gather(g, x, positions.astype(np.int64), axis)
    return x


def _interpolation(length: int, target: int, mode: str) -> NDArray[np.float32]:
    _check_size(length, target)
    positions = grid(length, target, mode)
    low = np.floor(positions).astype(np.int64)
    high = np.minimum(low + 1, length - 1)
    matrix = np.zeros((target, length), dtype=np.float32)
    samples = np.arange(target)
    np.add.at(matrix, (samples, low), 1 - (positions - low))
    np.add.at(matrix, (samples, high), positions - low)
    return matrix


def _check_size(length: int, target: int) -> None:
    # The matrix has target * length elements; the limit allows doubling an image of 2048 by 2048.
    if length < 1 or target < 1 or length * target > 2**23:
        raise CoreMLFileError(f"resizing from {length} to {target} is out of range")


def crop_resize(
    g: OnnxGraph,
    pictures: Tensor,
    boxes: Tensor,
    *,
    size: tuple[int, int],
    mode: str,
    corners: str,
    scale: tuple[float, float],
    zero_outside: bool,
) -> Tensor:
    """Crop boxes (N, 4) from pictures (N or 1, B, C, H, W) and resize each: -> (N, B, C, *size).

    `corners` is the format of the four numbers of a box, which are multiplied by `scale` (height, width).
    Samples outside the picture repeat the edge, or are zero with `zero_outside`.
    """
    weights = [
        _weights(g, _samples(g, start, end, target=target, mode=mode, scale=factor), length, zero_outside)
        for (start, end), length, target, factor in zip(
            _sides(g, boxes, corners), pictures.shape[-2:], size, scale, strict=True
        )
    ]
    rows, columns = (arrays.expand(g, one, [1, 2]) for one in weights)
    return g.op("MatMul", g.op("MatMul", rows, pictures), arrays.transpose(g, columns, (0, 1, 2, 4, 3)))


def boxes(g: OnnxGraph, x: Tensor) -> tuple[Tensor, Tensor | None]:
    """(N, 1, 4, 1, 1) -> boxes (N, 4) of all pictures; (N, 1, 5, 1, 1) starts with the picture's index."""
    if x.rank != 5 or x.shape[1:] not in ((1, 4, 1, 1), (1, 5, 1, 1)):
        raise CoreMLFileError(f"boxes: expected the shape (N, 1, 4 or 5, 1, 1), found {x.shape}")
    numbers = arrays.reshape(g, x, (x.shape[0], x.shape[2]))
    if numbers.shape[1] == 4:
        return numbers, None
    which, corners = arrays.split(g, numbers, (1, 4), 1)
    return corners, arrays.squeeze(g, which, [1])


def _sides(g: OnnxGraph, boxes: Tensor, corners: str) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """(N, 4) -> the start and end of each box, (N, 1) each, in height and in width."""
    first, second, third, fourth = arrays.split(g, boxes, (1, 1, 1, 1), 1)
    if corners.startswith("CORNERS"):
        sides = (first, third), (second, fourth)
    elif corners.startswith("CENTER_SIZE"):
        sides = _around(g, first, third), _around(g, second, fourth)
    else:
        raise UnsupportedModelError(f"the box format {corners!r} cannot be run here")
    return sides if corners.endswith("HEIGHT_FIRST") else (sides[1], sides[0])


def _around(g: OnnxGraph, centre: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
    half = g.op("Mul", size, 0.5)
    return g.op("Sub", centre, half), g.op("Add", centre, half)


def _samples(g: OnnxGraph, start: Tensor, end: Tensor, *, target: int, mode: str, scale: float) -> Tensor:
    """Positions (N, target): the grid on [start, end] instead of the documentation's interval [0, X - 1]."""
    _check_size(1, target)
    start, end = g.op("Mul", start, float(scale)), g.op("Mul", end, float(scale))
    span, steps = g.op("Sub", end, start), np.arange(target, dtype=np.float32)
    if mode in ("STRICT_ALIGN_CORNERS", "ALIGN_CORNERS"):
        alone = np.asarray([0.5 if mode == "ALIGN_CORNERS" else 0.0], dtype=np.float32)
        offsets = g.op("Mul", span, steps / np.float32(target - 1) if target > 1 else alone)
    elif mode == "OFFSET_CORNERS":
        offsets = g.op("Mul", g.op("Max", span, 1.0), (steps + np.float32(0.5)) / np.float32(target))
    elif mode in ("DEFAULT", "UNALIGN_CORNERS"):
        half = 0.5 if mode == "UNALIGN_CORNERS" else 0.0
        parts = (steps + np.float32(half)) / np.float32(target)
        offsets = g.op("Sub", g.op("Mul", g.op("Add", span, 1.0), parts), half)
        offsets = g.op("Min", g.op("Max", offsets, 0.0), span)
    else:
        raise UnsupportedModelError(f"the resizing mode {mode!r} cannot be run here")
    return g.op("Add", start, offsets)


def _weights(g: OnnxGraph, positions: Tensor, length: int, zero_outside: bool) -> Tensor:
    """Bilinear weights (N, target, length): entry k has the weight max(0, 1 - |p - k|) in a sample at p."""
    _check_size(length, positions.shape[-1])
    clipped = activations.clip(g, positions, 0.0, length - 1.0)
    columns = np.arange(length, dtype=np.float32)
    distance = g.op("Abs", g.op("Sub", arrays.expand(g, clipped, [2]), columns))
    weights = g.op("Max", g.op("Sub", g.constant(1.0), distance), 0.0)
    if not zero_outside:
        return weights
    distance_outside = g.op("Abs", g.op("Sub", positions, clipped))
    inside = g.op(
        "Cast", g.op("Less", distance_outside, 1e-4), to=FLOAT
    )  # allows rounding errors at the edge
    return g.op("Mul", weights, arrays.expand(g, inside, [2]))
