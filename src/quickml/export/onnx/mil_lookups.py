"""Operations that gather, scatter, sort and select entries."""

from __future__ import annotations

import numpy as np

from quickml.errors import CoreMLFileError
from quickml.export.onnx import arrays, lookups
from quickml.export.onnx.graph import OnnxGraph, Tensor
from quickml.export.onnx.mil_arguments import MilArguments, Translator, Value
from quickml.export.onnx.mil_arrays import slices


def gather(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Gather entries along an axis; negative indices count from the end."""
    return lookups.gather(
        g, a.tensor(), a.tensor("indices"), a.integer("axis", 0), a.integer("batch_dims", 0)
    )


def gather_nd(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Gather slices at indices of the first axes."""
    return lookups.gather_nd(g, a.tensor(), a.tensor("indices"), a.integer("batch_dims", 0))


def _scattered(a: MilArguments) -> tuple[Tensor, Tensor, Tensor]:
    return a.tensor("data"), a.tensor("indices"), a.tensor("updates")


# The documentation of `scatter` names "update" as the default mode; the definitions of all three operations,
# and the documentation of the others, name "add". coremltools always writes the mode.
def scatter(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Update slices along an axis."""
    return lookups.scatter(g, *_scattered(a), axis=a.integer("axis", 0), mode=a.text("mode", "add"))


def scatter_along_axis(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Update one entry per index."""
    return lookups.scatter_along(g, *_scattered(a), axis=a.integer("axis", 0), mode=a.text("mode", "add"))


def scatter_nd(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Update slices at indices of the first axes."""
    return lookups.scatter_nd(g, *_scattered(a), a.text("mode", "add"))


def slice_update(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Replace the slice that `slice_by_index` would select by another value."""
    x, update = a.tensor(), a.tensor("update")
    positions = lookups.places_of_slice(x.shape, slices(a, x))
    if positions.size != update.size:
        raise CoreMLFileError(f"an update: expected {positions.size} numbers, found the shape {update.shape}")
    flat, new = arrays.reshape(g, x, (x.size,)), arrays.reshape(g, update, (update.size,))
    changed = lookups.scatter_along(g, flat, g.constant(positions), new, axis=0, mode="update")
    return arrays.reshape(g, changed, x.shape)


def top_k(g: OnnxGraph, a: MilArguments) -> tuple[Value, ...]:
    """Values and indices of the k largest (or smallest)."""
    x, axis, count = a.tensor(), a.integer("axis", -1), a.integer("k", 1)
    return lookups.top_k(g, x, count, axis, largest=not a.flag("ascending"))


def argsort(g: OnnxGraph, a: MilArguments) -> Tensor:
    """The indices that sort an axis, in descending order unless `ascending`."""
    x, axis = a.tensor(), a.integer("axis", -1)
    count = x.shape[arrays.axis_of(axis, x.rank)]
    return lookups.top_k(g, x, count, axis, largest=not a.flag("ascending"))[1]


def one_hot(g: OnnxGraph, a: MilArguments) -> Tensor:
    """A new axis that is `on_value` at the index and `off_value` elsewhere."""
    on, off = (np.asarray(a.array(name) if a.has(name) else default).reshape(())
               for name, default in (("on_value", np.int32(1)), ("off_value", np.int32(0))))  # fmt: skip
    size, axis = a.integer("one_hot_vector_size"), a.integer("axis", -1)
    return lookups.one_hot(g, a.tensor("indices"), size, axis, on=on, off=off)


def reverse_sequence(g: OnnxGraph, a: MilArguments) -> Tensor:
    """Reverse the first `lengths` entries of each sequence."""
    axes = a.integer("seq_axis", 0), a.integer("batch_axis", 0)
    return lookups.reverse_sequence(g, a.tensor(), a.tensor("lengths"), *axes)


def sliding_windows(g: OnnxGraph, a: MilArguments) -> Tensor:
    """All windows along an axis."""
    return lookups.sliding_windows(
        g, a.tensor(), a.integer("axis"), a.integer("size"), a.integer("stride", 1)
    )


OPERATIONS: dict[str, Translator] = {
    "gather": gather,
    "gather_nd": gather_nd,
    "gather_along_axis": lambda g, a: lookups.gather_along(
        g, a.tensor(), a.tensor("indices"), a.integer("axis", 0)
    ),
    "scatter": scatter,
    "scatter_along_axis": scatter_along_axis,
    "scatter_nd": scatter_nd,
    "slice_update": slice_update,
    "topk": top_k,
    "argsort": argsort,
    "one_hot": one_hot,
    "reverse_sequence": reverse_sequence,
    "sliding_windows": sliding_windows,
    "band_part": lambda g, a: lookups.band(g, a.tensor(), a.integer("lower", -1), a.integer("upper", -1)),
}
