"""Rearrange and reduce values with ONNX nodes, for both of Core ML's formats.

The first argument of every function is the graph. Values have static shapes; axes may be negative.
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
_LONGEST_RANGE = 2**22
_CASTS = {"fp32": FLOAT, "float32": FLOAT, "fp64": FLOAT, "int32": INT32, "int64": INT64, "bool": BOOL,
          "int16": INT32, "uint16": INT32, "int8": INT32, "uint8": INT32, "uint32": INT32}  # fmt: skip


def axis_of(axis: int, rank: int) -> int:
    """Convert an axis to a non-negative one; raises CoreMLFileError if it is out of range."""
    if not -rank <= axis < rank:
        raise CoreMLFileError(f"axis {axis} of a value of rank {rank}")
    return int(axis) % rank


def reshape(g: OnnxGraph, x: Tensor, shape: Sequence[int]) -> Tensor:
    """Reshape to a static shape. Raises CoreMLFileError if the number of elements differs."""
    if tuple(shape) == x.shape:
        return x
    if any(size < 0 for size in shape) or math.prod(shape) != x.size:
        raise CoreMLFileError(f"a value of shape {x.shape} does not fit the shape {tuple(shape)}")
    if (known := g.known(x)) is not None:
        return g.constant(known.reshape(shape))
    return g.op("Reshape", x, np.asarray(shape, dtype=np.int64), allowzero=1)


def reshape_like(g: OnnxGraph, x: Tensor, target: Sequence[int], *, from_last: bool = False) -> Tensor:
    """Reshape in Core ML's notation: 0 keeps the input's size on that axis, and one -1 is inferred.

    With `from_last`, axes are counted from the last one, and 0 is 1 on an axis that the input does not have.
    """
    offset = x.rank - len(target) if from_last else 0
    sizes = (1,) * max(0, -offset) + x.shape[max(0, offset) :]
    if sum(size == -1 for size in target) > 1 or 0 in target[len(sizes) :]:
        raise CoreMLFileError(f"a value of shape {x.shape} does not fit the shape {tuple(target)}")
    shape = [sizes[axis] if size == 0 else int(size) for axis, size in enumerate(target)]
    if -1 in shape:
        rest = -math.prod(shape)
        shape[shape.index(-1)] = x.size // rest if rest > 0 else 0
    return reshape(g, x, shape)


def transpose(g: OnnxGraph, x: Tensor, order: Sequence[int]) -> Tensor:
    """Permute the axes: axis i of the result is axis order[i] of the input."""
    if sorted(axis_of(axis, x.rank) for axis in order) != list(range(x.rank)):
        raise CoreMLFileError(f"{tuple(order)} is not a permutation of {x.rank} axes")
    perm = [axis_of(axis, x.rank) for axis in order]
    if perm == list(range(x.rank)):
        return x
    if (known := g.known(x)) is not None:
        return g.constant(known.transpose(perm))
    return g.op("Transpose", x, perm=perm)


def expand(g: OnnxGraph, x: Tensor, axes: Sequence[int]) -> Tensor:
    """Insert axes of size 1; `axes` are positions in the result."""
    rank = x.rank + len(axes)
    positions = {axis_of(axis, rank) for axis in axes}
    if len(positions) != len(axes):
        raise CoreMLFileError(f"axes {tuple(axes)} name one axis twice")
    sizes = iter(x.shape)
    return reshape(g, x, [1 if axis in positions else next(sizes) for axis in range(rank)])


def squeeze(g: OnnxGraph, x: Tensor, axes: Sequence[int] | None) -> Tensor:
    """Remove axes of size 1: the given ones, or all."""
    if axes is None:
        axes = [axis for axis, size in enumerate(x.shape) if size == 1]
    dropped = {axis_of(axis, x.rank) for axis in axes}
    if any(x.shape[axis] != 1 for axis in dropped):
        raise CoreMLFileError(f"axes {sorted(dropped)} of a value of shape {x.shape} are not all of size 1")
    return reshape(g, x, [size for axis, size in enumerate(x.shape) if axis not in dropped])


def flatten_from(g: OnnxGraph, x: Tensor, axis: int) -> Tensor:
    """Reshape to a matrix: the axes before `axis` are the rows, the others the columns."""
    first = x.rank if axis == x.rank else axis_of(axis, x.rank)
    return reshape(g, x, (math.prod(x.shape[:first]), math.prod(x.shape[first:])))


def fold(g: OnnxGraph, x: Tensor, rank: int) -> Tensor:
    """Merge leading axes (Core ML's batch axes), or add some of size 1, to get `rank` axes."""
    if x.rank <= rank:
        return reshape(g, x, (1,) * (rank - x.rank) + x.shape)
    merged = x.rank - rank + 1
    return reshape(g, x, (math.prod(x.shape[:merged]), *x.shape[merged:]))


def unfold(g: OnnxGraph, y: Tensor, like: Tensor) -> Tensor:
    """Undo `fold`: restore the leading axes of `like`, and keep the trailing axes of `y`."""
    if like.rank >= y.rank:
        lead = like.shape[: like.rank - y.rank + 1]
        return reshape(g, y, (*lead, *y.shape[1:]))
    return reshape(g, y, y.shape[y.rank - like.rank :])


def round_half(g: OnnxGraph, x: Tensor) -> Tensor:
    """Round to half precision, as if the value had been stored as float16; the type stays float32."""
    if (known := g.known(x)) is not None:
        return g.constant(known.astype(np.float16))
    return g.rounded(x)


def cast(g: OnnxGraph, x: Tensor, name: str) -> Tensor:
    """Convert the element type. float16 rounds but stays float32; small integers become int32."""
    if name in ("fp16", "float16"):
        return round_half(g, x if x.is_float else g.op("Cast", x, to=FLOAT))
    if name not in _CASTS:
        raise UnsupportedModelError(f"elements of type {name} cannot be run here")
    return x if x.type == _CASTS[name] else g.op("Cast", x, to=_CASTS[name])


def concat(g: OnnxGraph, values: Sequence[Tensor], axis: int) -> Tensor:
    """Concatenate along an axis."""
    return g.op("Concat", *values, axis=axis_of(axis, values[0].rank))


def split(g: OnnxGraph, x: Tensor, sizes: Sequence[int], axis: int) -> tuple[Tensor, ...]:
    """Split along an axis into pieces of the given sizes."""
    position = axis_of(axis, x.rank)
    if sum(sizes) != x.shape[position] or min(sizes) < 0 or len(sizes) > _MOST_PIECES:
        raise CoreMLFileError(f"an axis of size {x.shape[position]} cannot be split into {tuple(sizes)}")
    return g.ops("Split", len(sizes), x, np.asarray(sizes, dtype=np.int64), axis=position)


def split_evenly(g: OnnxGraph, x: Tensor, pieces: int, axis: int) -> tuple[Tensor, ...]:
    """Split along an axis into equal pieces."""
    length = x.shape[axis_of(axis, x.rank)]
    if not 1 <= pieces <= min(length, _MOST_PIECES) or length % pieces:
        raise CoreMLFileError(f"an axis of size {length} cannot be split into {pieces} equal pieces")
    return split(g, x, [length // pieces] * pieces, axis)


def take_slice(
    g: OnnxGraph, x: Tensor, axis: int, start: int | None, stop: int | None, *, step: int = 1
) -> Tensor:
    """x[start:stop:step] along one axis, with Python's rules for negative and missing ends."""
    position = axis_of(axis, x.rank)
    if step == 0:
        raise CoreMLFileError("a slice with a step of 0")
    begin, end, _ = slice(start, stop, step).indices(x.shape[position])
    # A negative step that includes the first element ends at -1, which ONNX would count from the end.
    end = -(x.shape[position] + 1) if end < 0 else end
    ends = [np.asarray([number], dtype=np.int64) for number in (begin, end, position, step)]
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
    """Reduce over axes (by default all). `kind` is the name of the ONNX operator, such as ReduceMean."""
    reduced = range(x.rank) if not axes else sorted(axis_of(axis, x.rank) for axis in axes)
    if kind in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
                "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"):  # fmt: skip
        return g.op(kind, x, np.asarray(list(reduced), dtype=np.int64), keepdims=int(keep))
    raise UnsupportedModelError(f"the reduction {kind} cannot be run here")


def arg(g: OnnxGraph, kind: str, x: Tensor, axis: int, keep: bool) -> Tensor:
    """ArgMax or ArgMin along an axis, as int32."""
    indices = g.op(kind, x, axis=axis_of(axis, x.rank), keepdims=int(keep))
    return g.op("Cast", indices, to=INT32)


def evenly_spaced(start: float, end: float, step: float, dtype: np.dtype[Any]) -> NDArray[Any]:
    """start, start + step, ... below end; their number is computed in `dtype`, like Core ML does."""
    if dtype.kind == "f":
        first, last, distance = (dtype.type(number) for number in (start, end, step))
        count = math.ceil((last - first) / distance)
    else:
        count = -((int(start) - int(end)) // int(step))
    if not 0 <= count <= _LONGEST_RANGE:
        raise CoreMLFileError(f"a range: expected 0 to {_LONGEST_RANGE} numbers, found {count}")
    return (start + step * np.arange(count)).astype(dtype)


def broadcast_to(g: OnnxGraph, x: Tensor, shape: Sequence[int]) -> Tensor:
    """Broadcast to a shape."""
    return g.op("Expand", x, np.asarray(shape, dtype=np.int64))


def tile(g: OnnxGraph, x: Tensor, repeats: Sequence[int]) -> Tensor:
    """Repeat the value along each axis."""
    return g.op("Tile", x, np.asarray(repeats, dtype=np.int64))


def gather(g: OnnxGraph, x: Tensor, indices: Operand, axis: int) -> Tensor:
    """Entries of x along an axis. Indices may be negative, and may be whole numbers stored as floats."""
    values = g.constant(indices)
    integers = g.op("Cast", values, to=INT64) if values.is_float else values
    return g.op("Gather", x, integers, axis=axis_of(axis, x.rank))


def embedding(g: OnnxGraph, indices: Tensor, table: NDArray[Any], bias: NDArray[Any] | None) -> Tensor:
    """Rows of a table: indices (..., 1) -> (..., columns of the table)."""
    rows = gather(g, g.constant(table), squeeze(g, indices, [-1]), 0)
    return rows if bias is None else g.op("Add", rows, bias)
