"""Gather and scatter entries of a value at indices.

Negative indices count from the end. In neural networks, indices are whole numbers stored as floats. Of
several updates of one entry, the last one is kept or all are combined, depending on the mode.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.onnx import arrays
from quickml.export.onnx.graph import INT32, INT64, OnnxGraph, Operand, Tensor

_MODES = {
    "update": "none",
    "add": "add",
    "sub": "add",
    "mul": "mul",
    "div": "mul",
    "max": "max",
    "min": "min",
}
_LARGEST_RANGE = 2**22


def whole(g: OnnxGraph, indices: Operand) -> Tensor:
    """Indices as int64, which some ONNX operators require."""
    values = g.constant(indices)
    return values if values.type == INT64 else g.op("Cast", values, to=INT64)


def gather(g: OnnxGraph, x: Tensor, indices: Tensor, axis: int, batch: int = 0) -> Tensor:
    """Entries of x along an axis, separately for each entry of the first `batch` axes of both values."""
    if not batch:
        return arrays.gather(g, x, indices, axis)
    position = arrays.axis_of(axis, x.rank)
    if not 0 < batch <= min(position, indices.rank) or x.shape[:batch] != indices.shape[:batch]:
        raise CoreMLFileError(f"{batch} batch axes of values of shape {x.shape} and {indices.shape}")
    # GatherND appends the gathered axes to those of the indices: the axis is moved to the front before, and
    # the axes between are moved back after.
    between = position - batch
    order = (*range(batch), position, *range(batch, position), *range(position + 1, x.rank))
    gathered = gather_nd(g, arrays.transpose(g, x, order), arrays.expand(g, indices, [-1]), batch)
    first = range(batch, indices.rank)
    moved = range(indices.rank, indices.rank + between)
    rest = range(indices.rank + between, gathered.rank)
    return arrays.transpose(g, gathered, (*range(batch), *moved, *first, *rest))


def gather_nd(g: OnnxGraph, x: Tensor, indices: Tensor, batch: int = 0) -> Tensor:
    """Slices of x: the last axis of the indices has one index for each of the first axes of x."""
    return g.op("GatherND", x, whole(g, indices), batch_dims=batch)


def gather_along(g: OnnxGraph, x: Tensor, indices: Tensor, axis: int) -> Tensor:
    """One entry per index, like numpy's take_along_axis."""
    return g.op("GatherElements", x, whole(g, indices), axis=arrays.axis_of(axis, x.rank))


def scatter(g: OnnxGraph, x: Tensor, indices: Tensor, updates: Tensor, *, axis: int, mode: str) -> Tensor:
    """x with slices along an axis updated: updates (*x[:axis], *indices, *x[axis + 1:])."""
    position = arrays.axis_of(axis, x.rank)
    flat = (*x.shape[:position], indices.size, *x.shape[position + 1 :])
    column = [indices.size if other == position else 1 for other in range(x.rank)]
    positions = arrays.broadcast_to(g, arrays.reshape(g, whole(g, indices), column), flat)
    return scatter_along(g, x, positions, arrays.reshape(g, updates, flat), axis=position, mode=mode)


def scatter_along(
    g: OnnxGraph, x: Tensor, indices: Tensor, updates: Tensor, *, axis: int, mode: str
) -> Tensor:
    """x with one updated entry per index, like numpy's put_along_axis."""
    return g.op(
        "ScatterElements", x, whole(g, indices), _signed(g, updates, mode),
        axis=arrays.axis_of(axis, x.rank), reduction=_reduction(mode),
    )  # fmt: skip


def scatter_nd(g: OnnxGraph, x: Tensor, indices: Tensor, updates: Tensor, mode: str) -> Tensor:
    """x with updated slices: the last axis of the indices has one index for each of the first axes of x."""
    if indices.rank < 1 or indices.shape[-1] > x.rank:
        raise CoreMLFileError(f"indices of shape {indices.shape} do not fit a value of shape {x.shape}")
    updates = arrays.reshape(g, updates, (*indices.shape[:-1], *x.shape[indices.shape[-1] :]))
    return g.op("ScatterND", x, whole(g, indices), _signed(g, updates, mode), reduction=_reduction(mode))


def _reduction(mode: str) -> str:
    if mode not in _MODES:
        raise UnsupportedModelError(f"the scatter mode {mode!r} cannot be run here")
    return _MODES[mode]


def _signed(g: OnnxGraph, updates: Tensor, mode: str) -> Tensor:
    """Convert updates to ONNX's modes: `sub` adds the negative, `div` multiplies with the reciprocal."""
    if mode == "sub":
        return g.op("Neg", updates)
    if mode == "div" and not updates.is_float:
        raise UnsupportedModelError("the scatter mode 'div' cannot be run here for whole numbers")
    return g.op("Reciprocal", updates) if mode == "div" else updates


def one_hot(g: OnnxGraph, indices: Tensor, depth: int, axis: int, *, on: Operand, off: Operand) -> Tensor:
    """A new axis of size `depth` that is `on` at the index and `off` elsewhere; all `off` if out of range.

    ONNX's own operator is not used, because it counts negative indices from the end.
    """
    if not 0 < depth <= _LARGEST_RANGE:
        raise CoreMLFileError(f"one-hot vectors: expected 1 to {_LARGEST_RANGE} entries, found {depth}")
    position = arrays.axis_of(axis, indices.rank + 1)
    steps = np.arange(depth).reshape([-1 if other == position else 1 for other in range(indices.rank + 1)])
    return g.op("Where", g.op("Equal", arrays.expand(g, whole(g, indices), [position]), steps), on, off)


def top_k(g: OnnxGraph, x: Tensor, count: int, axis: int, *, largest: bool) -> tuple[Tensor, Tensor]:
    """Values and int32 indices of the largest (or smallest) entries along an axis, sorted."""
    position = arrays.axis_of(axis, x.rank)
    if not 1 <= count <= x.shape[position]:
        raise CoreMLFileError(f"top k: expected 1 to {x.shape[position]} entries, found {count}")
    size = np.asarray([count], dtype=np.int64)
    values, indices = g.ops("TopK", 2, x, size, axis=position, largest=int(largest))
    return values, g.op("Cast", indices, to=INT32)


def sliding_windows(g: OnnxGraph, x: Tensor, axis: int, size: int, step: int) -> Tensor:
    """Every window of `size` along an axis: (..., L, ...) -> (..., (L - size) / step + 1, size, ...)."""
    position = arrays.axis_of(axis, x.rank)
    if not 1 <= size <= x.shape[position] or step < 1:
        raise CoreMLFileError(
            f"windows of {size} with a step of {step} do not fit {x.shape[position]} entries"
        )
    starts = np.arange(0, x.shape[position] - size + 1, step)
    if starts.size * size > _LARGEST_RANGE:
        raise CoreMLFileError(f"{starts.size} windows of {size} entries are too many")
    return arrays.gather(g, x, starts[:, None] + np.arange(size), position)


def reverse_sequence(g: OnnxGraph, x: Tensor, lengths: Tensor, axis: int, batch: int) -> Tensor:
    """Reverse the first lengths[i] entries along `axis`, for each entry i of the axis `batch`."""
    leading = arrays.axis_of(axis, x.rank), arrays.axis_of(batch, x.rank)
    rest = [other for other in range(x.rank) if other not in leading]
    order = (*leading, *rest)
    reversed_x = g.op(
        "ReverseSequence", arrays.transpose(g, x, order), whole(g, lengths), time_axis=0, batch_axis=1
    )
    return arrays.transpose(g, reversed_x, [order.index(other) for other in range(x.rank)])


def band(g: OnnxGraph, x: Tensor, lower: int, upper: int) -> Tensor:
    """Zero the last two axes outside a band of `lower` and `upper` diagonals; a negative number keeps all."""
    if x.rank < 2 or math.prod(x.shape[-2:]) > _LARGEST_RANGE:
        raise CoreMLFileError(f"a band of a value of shape {x.shape} cannot be computed")
    below = np.arange(x.shape[-2])[:, None] - np.arange(x.shape[-1])
    in_band = ((lower < 0) | (below <= lower)) & ((upper < 0) | (-below <= upper))
    return keep_where(g, x, in_band)


def keep_where(g: OnnxGraph, x: Tensor, mask: NDArray[np.bool_]) -> Tensor:
    """x where a mask is true, zeros (or False) elsewhere."""
    zero = g.op("Cast", g.constant(np.zeros((), np.int32)), to=x.type)
    return g.op("Where", mask, x, zero)


def places_of_slice(shape: Sequence[int], cut: tuple[slice | int, ...]) -> NDArray[np.int64]:
    """The indices of the entries of a slice in the flattened value."""
    if math.prod(shape) > _LARGEST_RANGE:
        raise UnsupportedModelError(f"updating a slice of a value of shape {tuple(shape)} cannot be run here")
    return np.arange(math.prod(shape), dtype=np.int64).reshape(shape)[cut].reshape(-1)
