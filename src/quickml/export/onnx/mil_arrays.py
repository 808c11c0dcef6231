"""Operations that rearrange elements: reshaping, transposing, concatenating, slicing, padding, filling."""

from __future__ import annotations

import numpy as np

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.onnx import arrays
from quickml.export.onnx.graph import OnnxGraph, Tensor
from quickml.export.onnx.mil_arguments import MilArguments, Translator, Value

_PADDING = {"constant": "constant", "reflect": "reflect", "replicate": "edge"}
_IOS_17 = 7


def reshape(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Reshape; from iOS 17 on, a 0 keeps the size of the axis in the same place counted from the last."""
    return arrays.reshape_like(g, a.tensor(), a.ints("shape"), from_last=a.opset >= _IOS_17)


def concat(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Concatenate along an axis; `interleave` alternates the entries of the values."""
    values, axis = a.tensors("values"), a.integer("axis")
    if not values:
        raise CoreMLFileError("the argument 'values' is empty")
    if not a.flag("interleave"):
        return arrays.concat(g, values, axis)
    position = arrays.axis_of(axis, values[0].rank)
    stacked = arrays.concat(g, [arrays.expand(g, x, [position + 1]) for x in values], position + 1)
    shape = list(values[0].shape)
    shape[position] *= len(values)
    return arrays.reshape(g, stacked, shape)


def stack(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Stack along a new axis."""
    values = a.tensors("values")
    axis = arrays.axis_of(a.integer("axis"), values[0].rank + 1)
    return arrays.concat(g, [arrays.expand(g, x, [axis]) for x in values], axis)


def split(g: OnnxGraph, a: MilArguments) -> tuple[Value, ...]:
    """Split into pieces of given sizes, or into equal pieces."""
    axis = a.integer("axis")
    if a.has("split_sizes"):
        return arrays.split(g, a.tensor(), a.ints("split_sizes"), axis)
    return arrays.split_evenly(g, a.tensor(), a.integer("num_splits"), axis)


def slices(a: MilArguments, x: Tensor) -> tuple[slice | int, ...]:
    """Slices from begin, end and stride of every axis. Masks leave an end open, or select one entry."""
    begins, ends, steps = a.ints("begin"), a.ints("end"), a.ints("stride", [1] * x.rank)
    if {len(begins), len(ends), len(steps)} != {x.rank}:
        raise CoreMLFileError(
            f"begin, end and stride: expected {x.rank} numbers each, found {len(begins)}, {len(ends)}"
            f" and {len(steps)}"
        )
    from_start, to_end = a.bools("begin_mask", x.rank), a.bools("end_mask", x.rank)
    single = a.bools("squeeze_mask", x.rank)
    return tuple(
        begins[axis]
        if single[axis]
        else slice(
            None if from_start[axis] else begins[axis], None if to_end[axis] else ends[axis], steps[axis]
        )
        for axis in range(x.rank)
    )


def slice_by_index(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Slice like Python's x[begin:end:stride, ...]."""
    y = a.tensor()
    cuts = slices(a, y)
    for axis, cut in enumerate(cuts):
        if isinstance(cut, slice):
            y = arrays.take_slice(g, y, axis, cut.start, cut.stop, step=cut.step)
        else:
            position = arrays.axis_of(cut, y.shape[axis])
            y = arrays.take_slice(g, y, axis, position, position + 1)
    return arrays.squeeze(g, y, [axis for axis, cut in enumerate(cuts) if not isinstance(cut, slice)])


def slice_by_size(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Slice by begin and size of every axis; a size of -1 extends to the end."""
    y = a.tensor()
    begins, sizes = a.ints("begin"), a.ints("size")
    if {len(begins), len(sizes)} != {y.rank}:
        raise CoreMLFileError(
            f"begin and size: expected {y.rank} numbers each, found {len(begins)} and {len(sizes)}"
        )
    for axis, (begin, size) in enumerate(zip(begins, sizes, strict=True)):
        first = begin % y.shape[axis] if begin < 0 else begin
        y = arrays.take_slice(g, y, axis, first, None if size == -1 else first + size)
    return y


def pad(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Pad the last axes; `pad` alternates the amounts before and after each axis."""
    amounts, mode = a.ints("pad"), a.text("mode", "constant")
    if mode not in _PADDING:
        raise UnsupportedModelError(f"the padding mode {mode!r} cannot be run here")
    value = a.number("constant_val", 0.0)
    return arrays.pad(g, a.tensor(), amounts[::2], amounts[1::2], mode=_PADDING[mode], value=value)


def reverse(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Reverse along axes (by default all)."""
    y = a.tensor()
    for axis in a.ints("axes", range(y.rank)):
        y = arrays.take_slice(g, y, axis, None, None, step=-1)
    return y


def fill(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Fill a shape with one number."""
    value = a.array("value") if a.has("value") else np.float32(0)
    return arrays.broadcast_to(g, g.constant(np.asarray(value)), a.ints("shape"))


def squeeze(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Remove axes of size 1: the given ones, or all."""
    return arrays.squeeze(g, a.tensor(), a.ints("axes") if a.has("axes") else None)


def cumsum(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Cumulative sums along an axis."""
    axis = np.asarray(a.integer("axis", 0), dtype=np.int64)
    return g.op(
        "CumSum", a.tensor(), axis, exclusive=int(a.flag("exclusive")), reverse=int(a.flag("reverse"))
    )


def range_1d(_: OnnxGraph, a: MilArguments) -> Value:
    """The constant start, start + step, ... below end. The arguments must be constant, to know its length."""
    start, end, step = (a.number(name) for name in ("start", "end", "step"))
    return arrays.evenly_spaced(start, end, step, a.dtype("start"))


def fill_like(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Fill the shape of another value with one number."""
    value = a.array("value") if a.has("value") else np.float32(0)
    return arrays.broadcast_to(g, g.constant(np.asarray(value)), a.tensor("ref_tensor").shape)


def reshape_like(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Reshape to a shape that is combined from parts of the shapes of other values."""
    parts = zip(
        a.tensors("ref_tensors"), *(a.every(name) for name in ("begins", "ends", "end_masks")), strict=True
    )
    shape = [size for like, begin, end, mask in parts for size in like.shape[begin : None if mask else end]]
    return arrays.reshape(g, a.tensor(), shape)


def space_to_batch(g: OnnxGraph, a: MilArguments) -> Tensor:
    """(N, C, H, W), padded -> (b1 * b2 * N, C, H / b1, W / b2): elements a block apart form one image."""
    rows, columns = a.ints("block_shape")
    top, bottom, left, right = a.ints("paddings")
    x = arrays.pad(g, a.tensor(), (top, left), (bottom, right))
    batch, channels, height, width = x.shape
    if height % rows or width % columns:
        raise CoreMLFileError(f"blocks of {rows} by {columns} do not fit a value of shape {x.shape}")
    y = arrays.reshape(g, x, (batch, channels, height // rows, rows, width // columns, columns))
    y = arrays.transpose(g, y, (3, 5, 0, 1, 2, 4))
    return arrays.reshape(g, y, (rows * columns * batch, *y.shape[3:]))


def batch_to_space(g: OnnxGraph, a: MilArguments) -> Tensor:
    """The inverse of space_to_batch: (b1 * b2 * N, C, H, W) -> (N, C, H * b1, W * b2), cropped."""
    rows, columns = a.ints("block_shape")
    top, bottom, left, right = a.ints("crops")
    x = a.tensor()
    batch, channels, height, width = x.shape
    if batch % (rows * columns):
        raise CoreMLFileError(f"a value of shape {x.shape} does not consist of blocks of {rows} by {columns}")
    y = arrays.reshape(g, x, (rows, columns, batch // (rows * columns), channels, height, width))
    y = arrays.transpose(g, y, (2, 3, 4, 0, 5, 1))
    y = arrays.reshape(g, y, (y.shape[0], channels, height * rows, width * columns))
    y = arrays.take_slice(g, y, -2, top, y.shape[-2] - bottom)
    return arrays.take_slice(g, y, -1, left, y.shape[-1] - right)


OPERATIONS: dict[str, Translator] = {
    "reshape": reshape,
    "transpose": lambda g, a: arrays.transpose(g, a.tensor(), a.ints("perm")),
    "expand_dims": lambda g, a: arrays.expand(g, a.tensor(), a.ints("axes")),
    "squeeze": squeeze,
    "flatten2d": lambda g, a: arrays.flatten_from(g, a.tensor(), a.integer("axis", 1)),
    "concat": concat,
    "stack": stack,
    "split": split,
    "slice_by_index": slice_by_index,
    "slice_by_size": slice_by_size,
    "pad": pad,
    "tile": lambda g, a: arrays.tile(g, a.tensor(), a.ints("reps")),
    "reverse": reverse,
    "fill": fill,
    "fill_like": fill_like,
    "reshape_like": reshape_like,
    "range_1d": range_1d,
    "space_to_batch": space_to_batch,
    "batch_to_space": batch_to_space,
    "cumsum": cumsum,
    "shape": lambda _, a: np.asarray(a.tensor().shape, dtype=np.int32),
}
