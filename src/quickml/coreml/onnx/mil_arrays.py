"""Operations that rearrange: shapes, order of axes, joining, cutting, look-ups."""

from __future__ import annotations

import numpy as np

from quickml.coreml.onnx import arrays
from quickml.coreml.onnx.graph import INT32, Graph, Tensor
from quickml.coreml.onnx.mil_arguments import Arguments, Translator, Value
from quickml.errors import CoreMLFileError, UnsupportedModelError

_PADDING = {"constant": "constant", "reflect": "reflect", "replicate": "edge"}


def concat(g: Graph, a: Arguments) -> Tensor:
    """Along an axis; `interleave` takes entries of each value in turn."""
    values, axis = a.tensors("values"), a.integer("axis")
    if not values:
        raise CoreMLFileError("it has no values")
    if not a.flag("interleave"):
        return arrays.concat(g, values, axis)
    place = arrays.axis_of(axis, values[0].rank)
    stacked = arrays.concat(g, [arrays.expand(g, x, [place + 1]) for x in values], place + 1)
    shape = list(values[0].shape)
    shape[place] *= len(values)
    return arrays.reshape(g, stacked, shape)


def stack(g: Graph, a: Arguments) -> Tensor:
    """Along a new axis."""
    values = a.tensors("values")
    axis = arrays.axis_of(a.integer("axis"), values[0].rank + 1)
    return arrays.concat(g, [arrays.expand(g, x, [axis]) for x in values], axis)


def split(g: Graph, a: Arguments) -> tuple[Value, ...]:
    """Into pieces of given sizes, or equal ones."""
    axis = a.integer("axis")
    if a.has("split_sizes"):
        return arrays.split(g, a.tensor(), a.ints("split_sizes"), axis)
    return arrays.split_evenly(g, a.tensor(), a.integer("num_splits"), axis)


def slice_by_index(g: Graph, a: Arguments) -> Tensor:
    """begin, end and stride for every axis; masks open an end, or keep one entry and drop the axis."""
    y = a.tensor()
    begins, ends, steps = a.ints("begin"), a.ints("end"), a.ints("stride", [1] * y.rank)
    if {len(begins), len(ends), len(steps)} != {y.rank}:
        raise CoreMLFileError(f"begin and end of {len(begins)} and {len(ends)} for {y.rank} axes")
    open_begin, open_end = a.bools("begin_mask", y.rank), a.bools("end_mask", y.rank)
    squeezed = [axis for axis, flag in enumerate(a.bools("squeeze_mask", y.rank)) if flag]
    for axis in range(y.rank):
        begin = None if open_begin[axis] else begins[axis]
        end, step = (None if open_end[axis] else ends[axis]), steps[axis]
        if axis in squeezed:
            begin, step = begins[axis] % y.shape[axis], 1
            end = begin + 1
        y = arrays.take_slice(g, y, axis, begin, end, step=step)
    return arrays.squeeze(g, y, squeezed) if squeezed else y


def slice_by_size(g: Graph, a: Arguments) -> Tensor:
    """begin and size for every axis; a size of -1 takes the rest."""
    y = a.tensor()
    begins, sizes = a.ints("begin"), a.ints("size")
    if {len(begins), len(sizes)} != {y.rank}:
        raise CoreMLFileError(f"begin and size of {len(begins)} and {len(sizes)} for {y.rank} axes")
    for axis, (begin, size) in enumerate(zip(begins, sizes, strict=True)):
        first = begin % y.shape[axis] if begin < 0 else begin
        y = arrays.take_slice(g, y, axis, first, None if size == -1 else first + size)
    return y


def pad(g: Graph, a: Arguments) -> Tensor:
    """The last axes, before and after each in turn."""
    amounts, mode = a.ints("pad"), a.text("mode", "constant")
    if mode not in _PADDING:
        raise UnsupportedModelError(f"padding in the mode {mode!r}")
    value = a.number("constant_val", 0.0)
    return arrays.pad(g, a.tensor(), amounts[::2], amounts[1::2], mode=_PADDING[mode], value=value)


def gather(g: Graph, a: Arguments) -> Tensor:
    """Entries along an axis; negative indices count from the end."""
    if a.integer("batch_dims", 0):
        raise UnsupportedModelError("gather with batch axes")
    return arrays.gather(g, a.tensor(), a.tensor("indices"), a.integer("axis", 0))


def gather_along_axis(g: Graph, a: Arguments) -> Tensor:
    """One entry for every index, along an axis."""
    return g.op("GatherElements", a.tensor(), a.tensor("indices"), axis=a.integer("axis", 0))


def top_k(g: Graph, a: Arguments) -> tuple[Value, ...]:
    """Values and indices of the k largest (or smallest)."""
    x = a.tensor()
    values, indices = g.ops(
        "TopK", 2, x, np.asarray([a.integer("k", 1)], dtype=np.int64),
        axis=arrays.axis_of(a.integer("axis", -1), x.rank), largest=int(not a.flag("ascending")),
    )  # fmt: skip
    return values, g.op("Cast", indices, to=INT32)


def one_hot(g: Graph, a: Arguments) -> Tensor:
    """A new axis that is `on_value` at each index."""
    depth = np.asarray(a.integer("one_hot_vector_size"), dtype=np.int64)
    values = [np.asarray(a.array(name) if a.has(name) else default).reshape(1)
              for name, default in (("off_value", np.int32(0)), ("on_value", np.int32(1)))]  # fmt: skip
    return g.op("OneHot", a.tensor("indices"), depth, np.concatenate(values), axis=a.integer("axis", -1))


def reverse(g: Graph, a: Arguments) -> Tensor:
    """Back to front, along the axes that are named (all, where none are)."""
    y = a.tensor()
    for axis in a.ints("axes", range(y.rank)):
        y = arrays.take_slice(g, y, axis, None, None, step=-1)
    return y


def fill(g: Graph, a: Arguments) -> Tensor:
    """One number everywhere."""
    value = a.array("value") if a.has("value") else np.float32(0)
    return arrays.broadcast_to(g, g.constant(np.asarray(value)), a.ints("shape"))


def squeeze(g: Graph, a: Arguments) -> Tensor:
    """Drop axes of size 1: those named, or every one."""
    return arrays.squeeze(g, a.tensor(), a.ints("axes") if a.has("axes") else None)


def cumsum(g: Graph, a: Arguments) -> Tensor:
    """Running sums along an axis."""
    axis = np.asarray(a.integer("axis", 0), dtype=np.int64)
    return g.op(
        "CumSum", a.tensor(), axis, exclusive=int(a.flag("exclusive")), reverse=int(a.flag("reverse"))
    )


OPERATIONS: dict[str, Translator] = {
    "reshape": lambda g, a: arrays.reshape_like(g, a.tensor(), a.ints("shape")),
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
    "gather": gather,
    "gather_along_axis": gather_along_axis,
    "topk": top_k,
    "one_hot": one_hot,
    "tile": lambda g, a: arrays.tile(g, a.tensor(), a.ints("reps")),
    "reverse": reverse,
    "fill": fill,
    "cumsum": cumsum,
    "shape": lambda _, a: np.asarray(a.tensor().shape, dtype=np.int32),
}
