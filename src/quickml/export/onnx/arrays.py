"""Rearranging and reducing values: what both of Core ML's formats need, as ONNX nodes.

Every function takes the graph first and values with known shapes; axes may be negative.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.onnx.graph import BOOL, FLOAT, INT32, INT64, OnnxGraph, Operand, Tensor

_MOST_PIECES = 4096
_CASTS = {"fp32": FLOAT, "float32": FLOAT, "fp64": FLOAT, "int32": INT32, "int64": INT64, "bool": BOOL,
          "int16": INT32, "uint16": INT32, "int8": INT32, "uint8": INT32, "uint32": INT32}  # fmt: skip


def axis_of(axis: int, rank: int) -> int:
    """A non-negative axis; raises CoreMLFileError where there is no such axis."""
    if not -rank <= axis < rank:
        raise CoreMLFileError(f"axis {axis} of a value of rank {rank}")
    return int(axis) % rank


def reshape(g: OnnxGraph, x: Tensor, shape: Sequence[int]) -> Tensor:
    """Reshape to sizes that are all known. Raises CoreMLFileError where the sizes do not agree."""
    if tuple(shape) == x.shape:
        return x
    if any(size < 0 for size in shape) or math.prod(shape) != x.size:
        raise CoreMLFileError(f"a value of shape {x.shape} does not fit the shape {tuple(shape)}")
    if (known := g.known(x)) is not None:
        return g.constant(known.reshape(shape))
    return g.op("Reshape", x, np.asarray(shape, dtype=np.int64), allowzero=1)


def reshape_like(g: OnnxGraph, x: Tensor, target: Sequence[int]) -> Tensor:
    """Reshape in Core ML's notation: 0 keeps the input's size on that axis, one -1 takes the rest."""
    if any(size == 0 for size in target[x.rank :]) or sum(size == -1 for size in target) > 1:
        raise CoreMLFileError(f"a value of shape {x.shape} does not fit the shape {tuple(target)}")
    shape = [x.shape[axis] if size == 0 else int(size) for axis, size in enumerate(target)]
    if -1 in shape:
        rest = -math.prod(shape)
        shape[shape.index(-1)] = x.size // rest if rest > 0 else 0
    return reshape(g, x, shape)


def transpose(g: OnnxGraph, x: Tensor, order: Sequence[int]) -> Tensor:
    """Permute the axes: axis i of the result is axis order[i] of the input."""
    if sorted(axis_of(axis, x.rank) for axis in order) != list(range(x.rank)):
        raise CoreMLFileError(f"{tuple(order)} is no order of {x.rank} axes")
    perm = [axis_of(axis, x.rank) for axis in order]
    if perm == list(range(x.rank)):
        return x
    if (known := g.known(x)) is not None:
        return g.constant(known.transpose(perm))
    return g.op("Transpose", x, perm=perm)


def expand(g: OnnxGraph, x: Tensor, axes: Sequence[int]) -> Tensor:
    """Insert axes of size 1 at places of the result."""
    rank = x.rank + len(axes)
    places = {axis_of(axis, rank) for axis in axes}
    if len(places) != len(axes):
        raise CoreMLFileError(f"axes {tuple(axes)} name one axis twice")
    sizes = iter(x.shape)
    return reshape(g, x, [1 if axis in places else next(sizes) for axis in range(rank)])


def squeeze(g: OnnxGraph, x: Tensor, axes: Sequence[int] | None) -> Tensor:
    """Drop axes of size 1: those named, or every one."""
    if axes is None:
        axes = [axis for axis, size in enumerate(x.shape) if size == 1]
    places = {axis_of(axis, x.rank) for axis in axes}
    if any(x.shape[axis] != 1 for axis in places):
        raise CoreMLFileError(f"axes {sorted(places)} of a value of shape {x.shape} are not all of size 1")
    return reshape(g, x, [size for axis, size in enumerate(x.shape) if axis not in places])


def flatten_from(g: OnnxGraph, x: Tensor, axis: int) -> Tensor:
    """A matrix: the axes before `axis` as rows, the others as columns."""
    place = x.rank if axis == x.rank else axis_of(axis, x.rank)
    return reshape(g, x, (math.prod(x.shape[:place]), math.prod(x.shape[place:])))


def fold(g: OnnxGraph, x: Tensor, rank: int) -> Tensor:
    """Merge leading axes (or add ones) so that the value has `rank` axes: Core ML's batch axes."""
    if x.rank <= rank:
        return reshape(g, x, (1,) * (rank - x.rank) + x.shape)
    merged = x.rank - rank + 1
    return reshape(g, x, (math.prod(x.shape[:merged]), *x.shape[merged:]))


def unfold(g: OnnxGraph, y: Tensor, like: Tensor) -> Tensor:
    """Undo `fold`: the leading axes of `like`, and the trailing ones of the result."""
    if like.rank >= y.rank:
        lead = like.shape[: like.rank - y.rank + 1]
        return reshape(g, y, (*lead, *y.shape[1:]))
    return reshape(g, y, y.shape[y.rank - like.rank :])


def round_half(g: OnnxGraph, x: Tensor) -> Tensor:
    """Round to half precision and go on in float32, as if the value had been stored as float16."""
    if (known := g.known(x)) is not None:
        return g.constant(known.astype(np.float16))
    return g.rounded(x)


def cast(g: OnnxGraph, x: Tensor, name: str) -> Tensor:
    """Convert the element type. float16 rounds and stays float32; small integers are kept as int32."""
    if name in ("fp16", "float16"):
        return round_half(g, x if x.is_float else g.op("Cast", x, to=FLOAT))
    if name not in _CASTS:
        raise UnsupportedModelError(f"elements of type {name} cannot be run here")
    return x if x.type == _CASTS[name] else g.op("Cast", x, to=_CASTS[name])


def concat(g: OnnxGraph, values: Sequence[Tensor], axis: int) -> Tensor:
    """Join along an axis."""
    return g.op("Concat", *values, axis=axis_of(axis, values[0].rank))


def split(g: OnnxGraph, x: Tensor, sizes: Sequence[int], axis: int) -> tuple[Tensor, ...]:
    """Cut along an axis into pieces of the given sizes."""
    place = axis_of(axis, x.rank)
    if sum(sizes) != x.shape[place] or min(sizes) < 0 or len(sizes) > _MOST_PIECES:
        raise CoreMLFileError(f"pieces of {tuple(sizes)} do not make up {x.shape[place]}")
    return g.ops("Split", len(sizes), x, np.asarray(sizes, dtype=np.int64), axis=place)


def split_evenly(g: OnnxGraph, x: Tensor, pieces: int, axis: int) -> tuple[Tensor, ...]:
    """Cut along an axis into equal pieces."""
    length = x.shape[axis_of(axis, x.rank)]
    if not 1 <= pieces <= min(length, _MOST_PIECES) or length % pieces:
        raise CoreMLFileError(f"{length} cannot be cut into {pieces} equal pieces")
    return split(g, x, [length // pieces] * pieces, axis)


def take_slice(
    g: OnnxGraph, x: Tensor, axis: int, start: int | None, stop: int | None, *, step: int = 1
) -> Tensor:
    """x[start:stop:step] along one axis, with Python's rules for negative and missing ends."""
    place = axis_of(axis, x.rank)
    if step == 0:
        raise CoreMLFileError("a slice with a step of 0")
    begin, end, _ = slice(start, stop, step).indices(x.shape[place])
    # A negative step that runs through the first element ends at -1, which ONNX would count from the end.
    end = -(x.shape[place] + 1) if end < 0 else end
    ends = [np.asarray([number], dtype=np.int64) for number in (begin, end, place, step)]
    return g.op("Slice", x, ends[0], ends[1], ends[2], ends[3])


def pad(
    g: OnnxGraph,
    x: Tensor,
    before: Sequence[int],
    after: Sequence[int],
    *,
    mode: str = "constant",
    value: float = 0.0,
) -> Tensor:
    """Pad the last len(before) axes. `mode` is ONNX's: constant, reflect or edge."""
    if not any(before) and not any(after):
        return x
    keep = [0] * (x.rank - len(before))
    if len(before) > x.rank or min(*before, *after) < 0:
        raise CoreMLFileError(f"padding of {tuple(before)} and {tuple(after)} for a value of shape {x.shape}")
    pads = np.asarray([*keep, *before, *keep, *after], dtype=np.int64)
    return g.op("Pad", x, pads, g.constant(value) if mode == "constant" else None, mode=mode)


def reduce(
    g: OnnxGraph, kind: str, x: Tensor, axes: Sequence[int] | None = None, keep: bool = True
) -> Tensor:
    """Reduce over axes (every one where none are named); `kind` is ONNX's, such as ReduceMean."""
    places = range(x.rank) if not axes else sorted(axis_of(axis, x.rank) for axis in axes)
    if kind in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
                "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"):  # fmt: skip
        return g.op(kind, x, np.asarray(list(places), dtype=np.int64), keepdims=int(keep))
    raise UnsupportedModelError(f"a reduction {kind}")


def arg(g: OnnxGraph, kind: str, x: Tensor, axis: int, keep: bool) -> Tensor:
    """ArgMax or ArgMin along an axis, as int32."""
    found = g.op(kind, x, axis=axis_of(axis, x.rank), keepdims=int(keep))
    return g.op("Cast", found, to=INT32)


def broadcast_to(g: OnnxGraph, x: Tensor, shape: Sequence[int]) -> Tensor:
    """Repeat axes of size 1 until the value has a shape."""
    return g.op("Expand", x, np.asarray(shape, dtype=np.int64))


def tile(g: OnnxGraph, x: Tensor, repeats: Sequence[int]) -> Tensor:
    """Repeat the value along each axis."""
    return g.op("Tile", x, np.asarray(repeats, dtype=np.int64))


def gather(g: OnnxGraph, x: Tensor, indices: Operand, axis: int) -> Tensor:
    """x's entries along an axis, at indices that may be floats holding whole numbers, or negative."""
    places = g.constant(indices)
    whole = g.op("Cast", places, to=INT64) if places.is_float else places
    return g.op("Gather", x, whole, axis=axis_of(axis, x.rank))


def embedding(g: OnnxGraph, indices: Tensor, table: NDArray[Any], bias: NDArray[Any] | None) -> Tensor:
    """Rows of a table: indices (..., 1) -> (..., columns of the table)."""
    rows = gather(g, g.constant(table), squeeze(g, indices, [-1]), 0)
    return rows if bias is None else g.op("Add", rows, bias)
