"""Compressed weights: the `constexpr` operations, which a phone evaluates when it loads a model.

Here they are evaluated when a file is read, to the element type of the scale or the lookup table.
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
    """scale * (quantized_data - zero_point), with single numbers or one per entry of an axis."""
    data, axis = a.array("quantized_data"), a.integer("axis", 0)
    scale = _along(a.floats("scale"), data.ndim, axis)
    zero = _along(a.floats("zero_point"), data.ndim, axis)
    return _rounded(a, "scale", scale * (data.astype(np.float32) - zero))


def blockwise_shift_scale(_: OnnxGraph, a: MilArguments) -> NDArray[Any]:
    """scale * (data - offset), with one number per block."""
    data = a.floats("data")
    offset = _blocks(a.floats("offset"), data.shape) if a.has("offset") else np.float32(0)
    return _rounded(a, "scale", _blocks(a.floats("scale"), data.shape) * (data - offset))


def lut_to_dense(_: OnnxGraph, a: MilArguments) -> NDArray[Any]:
    """Look up every index: in one table with packed indices (iOS 16), or in a table per block (iOS 18)."""
    if a.has("shape"):
        return _packed_lookup(a)
    indices, table = a.array("indices"), a.array("lut")
    if table.ndim != indices.ndim + 2:
        raise CoreMLFileError(f"tables of shape {table.shape} do not fit indices of shape {indices.shape}")
    which = [_block_numbers(size, blocks) for size, blocks in zip(indices.shape, table.shape, strict=False)]
    entries: NDArray[Any] = table[(*np.ix_(*which), indices)]  # indices.shape + (vector,)
    if table.shape[-1] == 1:
        return entries[..., 0]
    axis = a.integer("vector_axis") % indices.ndim
    moved = np.moveaxis(entries, -1, axis + 1)
    shape = list(indices.shape)
    shape[axis] *= table.shape[-1]
    return np.ascontiguousarray(moved).reshape(shape)


def _packed_lookup(a: MilArguments) -> NDArray[Any]:
    table, shape = a.array("lut"), a.ints("shape")
    bits = int(math.log2(table.size)) if table.size else 0
    if 1 << bits != table.size or f"uint{bits}" not in ELEMENTS:
        raise CoreMLFileError(f"a lookup table of {table.size} values, which no index type fits")
    indices = unpack(a.array("indices").tobytes(), ELEMENTS[f"uint{bits}"], _count(shape), "the indices")
    dense: NDArray[Any] = table.reshape(-1)[indices].reshape(shape)
    return dense


def sparse_to_dense(_: OnnxGraph, a: MilArguments) -> NDArray[Any]:
    """Numbers where the mask has a bit, zeros elsewhere."""
    mask = a.array("mask")
    if a.has("shape"):
        shape = a.ints("shape")
        mask = unpack(mask.tobytes(), ELEMENTS["uint1"], _count(shape), "the mask").reshape(shape)
    numbers = a.array("nonzero_data")
    if np.count_nonzero(mask) != numbers.size:
        raise CoreMLFileError(f"expected {np.count_nonzero(mask)} numbers for the mask, found {numbers.size}")
    dense = np.zeros(mask.shape, dtype=numbers.dtype)
    dense[mask != 0] = numbers.reshape(-1)
    return dense


def sparse_shift_scale(_: OnnxGraph, a: MilArguments) -> tuple[NDArray[Any], NDArray[Any]]:
    """blockwise_shift_scale of the numbers selected by a mask; returns the mask and the numbers."""
    mask, numbers = a.array("data_mask"), a.floats("nonzero_data")
    selected = mask != 0
    scale = np.broadcast_to(_blocks(a.floats("scale"), mask.shape), mask.shape)[selected]
    offset: Any = np.float32(0)
    if a.has("offset"):
        offset = np.broadcast_to(_blocks(a.floats("offset"), mask.shape), mask.shape)[selected]
    return mask, _rounded(a, "scale", scale * (numbers - offset))


def lut_to_sparse(_: OnnxGraph, a: MilArguments) -> tuple[NDArray[Any], NDArray[Any]]:
    """Look up the numbers selected by a mask; returns the mask and the numbers."""
    mask, codes, table = a.array("indices_mask"), a.array("indices_nonzero_data"), a.array("lut")
    if table.ndim != mask.ndim + 2 or table.shape[-1] != 1:
        raise UnsupportedModelError("sparse lookup tables of vectors cannot be run here")
    which = [_block_numbers(size, blocks) for size, blocks in zip(mask.shape, table.shape, strict=False)]
    blocks_of_codes = [np.broadcast_to(grid, mask.shape)[mask != 0] for grid in np.ix_(*which)]
    return mask, table[(*blocks_of_codes, codes)][..., 0]


def constexpr_cast(_: OnnxGraph, a: MilArguments) -> NDArray[Any]:
    """Stored as float16, used as float32."""
    return a.floats("source_val")


def _along(values: NDArray[np.float32], rank: int, axis: int) -> NDArray[np.float32]:
    if values.size == 1:
        return values.reshape(())
    shape = [1] * rank
    shape[axis] = values.size
    return values.reshape(shape)


def _blocks(values: NDArray[np.float32], shape: Sequence[int]) -> NDArray[np.float32]:
    """Repeat each number over its block, to `shape` or a shape that broadcasts to it."""
    if values.ndim != len(shape):
        raise CoreMLFileError(f"blocks of shape {values.shape} do not fit weights of shape {tuple(shape)}")
    which = [_block_numbers(size, blocks) for size, blocks in zip(shape, values.shape, strict=True)]
    return values[np.ix_(*which)]


def _block_numbers(size: int, blocks: int) -> NDArray[np.int64]:
    if blocks < 1 or size % blocks:
        raise CoreMLFileError(f"{size} entries cannot be split into {blocks} equal blocks")
    return np.arange(size) // (size // blocks)


def _rounded(a: MilArguments, name: str, values: NDArray[np.float32]) -> NDArray[Any]:
    """Round to half precision if the scale is float16, because a phone's weights then are float16 too."""
    scale = a.value(name)
    half = isinstance(scale, np.ndarray) and scale.dtype == np.float16
    return values.astype(np.float16) if half else values


def _count(shape: Sequence[int]) -> int:
    count = math.prod(shape)
    if not 0 <= count <= _LARGEST_ELEMENTS:
        raise CoreMLFileError(f"weights of shape {tuple(shape)} are too large to unpack")
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
