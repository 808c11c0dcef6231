"""Compress the weights of an ML program with coremltools' graph passes.

Compressed weights are `constexpr` operations, which a phone evaluates when it loads the model.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.document.export import Weights
from quickml.export.coreml.compress.forms import LINEAR_BITS, PALETTE_BITS, is_worth_it
from quickml.export.coreml.compress.palette import palette
from quickml.export.coreml.library import coremltools

_HOLDERS = frozenset({"conv", "conv_transpose", "linear", "matmul", "einsum", "gather", "lstm", "gru", "rnn"})
"""The operations whose matrices may be compressed. Operations that scale raw features are excluded: a mean of
40,000 in 8 bits would have a larger error than the differences between features."""
_BLOCK, _SMALLEST_BLOCK = 32, 8
"""Maximum and minimum number of int4 weights that share a scale."""


def compress_program(program: Any, form: Weights, sparsity: float) -> dict[str, Any]:
    """The coremltools pass that compresses a program, with its options; empty if no matrix would gain.

    The options name every matrix explicitly, because coremltools by default skips those with fewer than 2,048
    elements.

    Args:
        program: a coremltools MIL program with float32 weights.
        form: one of LOSSY.
        sparsity: for `pruned`, the share of zeros.
    """
    configs = {
        const.name: _config(form, _block(const.outputs[0].shape[axes[0]]), sparsity)
        for const in program.functions["main"].operations
        if (axes := _axes(const)) and _is_worth_it(form, const.outputs[0].val, axes, sparsity)
    }
    config = coremltools().optimize.coreml.OptimizationConfig(global_config=None, op_name_configs=configs)
    kind = "palettize" if form in PALETTE_BITS else "linear_quantize" if form in LINEAR_BITS else "prune"
    return {f"compression::{kind}_weights": {"config": config}} if configs else {}


def _axes(const: Any) -> tuple[int, int] | None:
    """The input and output channel axes of a matrix that may be compressed; None for all other constants."""
    from coremltools.optimize._utils import select_input_output_channel_axis

    value = const.outputs[0].val if const.op_type == "const" else None
    if not isinstance(value, np.ndarray) or value.ndim < 2 or value.dtype != np.float32:
        return None
    users = {user.op_type for user in const.outputs[0].child_ops}
    inputs, outputs = select_input_output_channel_axis(const)
    known = inputs is not None and outputs is not None
    return (inputs, outputs) if users and users <= _HOLDERS and known else None


def _is_worth_it(form: Weights, matrix: NDArray[np.float32], axes: tuple[int, int], sparsity: float) -> bool:
    inputs, outputs = (matrix.shape[axis] for axis in axes)
    blocks = inputs // _block(inputs) if form == "int4" else 1
    return is_worth_it(form, matrix, outputs * blocks, sparsity)


def _block(inputs: int) -> int:
    """The block size: the largest divisor of the row length up to 32, or the whole row if that is below 8."""
    size = next(size for size in range(min(_BLOCK, inputs), 0, -1) if inputs % size == 0)
    return size if size >= min(_SMALLEST_BLOCK, inputs) else inputs


def _config(form: Weights, block: int, sparsity: float) -> Any:
    """The configuration of one matrix. The threshold is 0 because `is_worth_it` has already decided."""
    cto = coremltools().optimize.coreml
    if form in PALETTE_BITS:
        bits = PALETTE_BITS[form]

        def table(values: Any) -> tuple[Any, Any]:
            entries, codes = palette(values, bits)
            return entries, codes.reshape(-1)

        return cto.OpPalettizerConfig(mode="custom", lut_function=table, weight_threshold=0)
    if form == "int4":
        return cto.OpLinearQuantizerConfig(
            dtype="int4", granularity="per_block", block_size=block, weight_threshold=0
        )
    if form == "int8":
        return cto.OpLinearQuantizerConfig(dtype="int8", granularity="per_channel", weight_threshold=0)
    return cto.OpMagnitudePrunerConfig(target_sparsity=sparsity, weight_threshold=0)
