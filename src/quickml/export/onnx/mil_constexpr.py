"""Compressed weights: the `constexpr` operations, which a phone expands when it loads a model.

They are expanded here, when a file is read, to the element type that the scale or the table has.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.coreml.reading.blobs import ELEMENTS, unpack
from quickml.export.onnx.graph import OnnxGraph
from quickml.export.onnx.mil_arguments import MilArguments, Translator

_LARGEST_ELEMENTS = 2**26  # a quarter of a GiB, once they are float32


def affine_dequantize(_: OnnxGraph, a: MilArguments) -> NDArray[Any]:
    """scale * (quantized_data - zero_point), a number for all or one for each entry of an axis."""
    data, axis = a.array("quantized_data"), a.integer("axis", 0)
    scale = _along(a.floats("scale"), data.ndim, axis)
    zero = _along(a.floats("zero_point"), data.ndim, axis)
    return _rounded(a, "scale", scale * (data.astype(np.float32) - zero))


def blockwise_shift_scale(_: OnnxGraph, a: MilArguments) -> NDArray[Any]:
    """scale * (data - offset), a number for each block."""
    data = a.floats("data")
    offset = _blocks(a.floats("offset"), data.shape) if a.has("offset") else np.float32(0)
    return _rounded(a, "scale", _blocks(a.floats("scale"), data.shape) * (data - offset))


def lut_to_dense(_: OnnxGraph, a: MilArguments) -> NDArray[Any]:
    """Look every index up: one table with packed indices (iOS 16), or tables for blocks (iOS 18)."""
    if a.has("shape"):
        return _packed_lookup(a)
    indices, table = a.array("indices"), a.array("lut")
    if table.ndim != indices.ndim + 2:
        raise CoreMLFileError(f"tables of shape {table.shape} for indices of shape {indices.shape}")
    which = [_block_numbers(size, blocks) for size, blocks in zip(indices.shape, table.shape, strict=False)]
    found: NDArray[Any] = table[(*np.ix_(*which), indices)]  # indices.shape + (vector,)
    if table.shape[-1] == 1:
        return found[..., 0]
    axis = a.integer("vector_axis") % indices.ndim
    moved = np.moveaxis(found, -1, axis + 1)
    shape = list(indices.shape)
    shape[axis] *= table.shape[-1]
    return np.ascontiguousarray(moved).reshape(shape)


def _packed_lookup(a: MilArguments) -> NDArray[Any]:
    table, shape = a.array("lut"), a.ints("shape")
    bits = int(math.log2(table.size)) if table.size else 0
    if 1 << bits != table.size or f"uint{bits}" not in ELEMENTS:
        raise CoreMLFileError(f"a table of {table.size} values")
    indices = unpack(a.array("indices").tobytes(), ELEMENTS[f"uint{bits}"], _count(shape), "its indices")
    dense: NDArray[Any] = table.reshape(-1)[indices].reshape(shape)
    return dense


def sparse_to_dense(_: OnnxGraph, a: MilArguments) -> NDArray[Any]:
    """Put numbers where a mask has a bit, zeros elsewhere."""
    mask = a.array("mask")
    if a.has("shape"):
        shape = a.ints("shape")
        mask = unpack(mask.tobytes(), ELEMENTS["uint1"], _count(shape), "its mask").reshape(shape)
    numbers = a.array("nonzero_data")
    if np.count_nonzero(mask) != numbers.size:
        raise CoreMLFileError(f"{numbers.size} numbers for {np.count_nonzero(mask)} places")
    dense = np.zeros(mask.shape, dtype=numbers.dtype)
    dense[mask != 0] = numbers.reshape(-1)
    return dense


def sparse_shift_scale(_: OnnxGraph, a: MilArguments) -> tuple[NDArray[Any], NDArray[Any]]:
    """blockwise_shift_scale of the numbers at the places of a mask; the mask goes along."""
    mask, numbers = a.array("data_mask"), a.floats("nonzero_data")
    places = mask != 0
    scale = np.broadcast_to(_blocks(a.floats("scale"), mask.shape), mask.shape)[places]
    offset: Any = np.float32(0)
    if a.has("offset"):
        offset = np.broadcast_to(_blocks(a.floats("offset"), mask.shape), mask.shape)[places]
    return mask, _rounded(a, "scale", scale * (numbers - offset))


def lut_to_sparse(_: OnnxGraph, a: MilArguments) -> tuple[NDArray[Any], NDArray[Any]]:
    """Look up the numbers at the places of a mask; the mask goes along."""
    mask, codes, table = a.array("indices_mask"), a.array("indices_nonzero_data"), a.array("lut")
    if table.ndim != mask.ndim + 2 or table.shape[-1] != 1:
        raise UnsupportedModelError("sparse tables of vectors")
    which = [_block_numbers(size, blocks) for size, blocks in zip(mask.shape, table.shape, strict=False)]
    places = [np.broadcast_to(grid, mask.shape)[mask != 0] for grid in np.ix_(*which)]
    return mask, table[(*places, codes)][..., 0]


def constexpr_cast(_: OnnxGraph, a: MilArguments) -> NDArray[Any]:
    """float16 kept, float32 used."""
    return a.floats("source_val")


def _along(values: NDArray[np.float32], rank: int, axis: int) -> NDArray[np.float32]:
    if values.size == 1:
        return values.reshape(())
    shape = [1] * rank
    shape[axis] = values.size
    return values.reshape(shape)


def _blocks(values: NDArray[np.float32], shape: Sequence[int]) -> NDArray[np.float32]:
    """Repeat each number over its block, so that the array has `shape` (or broadcasts to it)."""
    if values.ndim != len(shape):
        raise CoreMLFileError(f"blocks of shape {values.shape} for weights of shape {tuple(shape)}")
    which = [_block_numbers(size, blocks) for size, blocks in zip(shape, values.shape, strict=True)]
    return values[np.ix_(*which)]


def _block_numbers(size: int, blocks: int) -> NDArray[np.int64]:
    if blocks < 1 or size % blocks:
        raise CoreMLFileError(f"{blocks} blocks for {size} entries")
    return np.arange(size) // (size // blocks)


def _rounded(a: MilArguments, name: str, values: NDArray[np.float32]) -> NDArray[Any]:
    """To half precision, where that is what the scale has: then the phone's weights have it too."""
    given = a.value(name)
    half = isinstance(given, np.ndarray) and given.dtype == np.float16
    return values.astype(np.float16) if half else values


def _count(shape: Sequence[int]) -> int:
    count = math.prod(shape)
    if not 0 <= count <= _LARGEST_ELEMENTS:
        raise CoreMLFileError(f"weights of the shape {tuple(shape)}")
    return count


OPERATIONS: dict[str, Translator] = {
    "constexpr_affine_dequantize": affine_dequantize,
    "constexpr_blockwise_shift_scale": blockwise_shift_scale,
    "constexpr_lut_to_dense": lut_to_dense,
    "constexpr_sparse_to_dense": sparse_to_dense,
    "constexpr_sparse_blockwise_shift_scale": sparse_shift_scale,
    "constexpr_lut_to_sparse": lut_to_sparse,
    "constexpr_cast": constexpr_cast,
}
