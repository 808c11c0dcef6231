"""Matrix products and attention."""

from __future__ import annotations

import math

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.onnx import arrays
from quickml.export.onnx.graph import BOOL, OnnxGraph, Tensor
from quickml.export.onnx.mil_arguments import MilArguments, Translator


def linear(g: OnnxGraph, a: MilArguments) -> Tensor:
    """x (..., in), weight (out, in), bias (out,) -> (..., out)."""
    weight = a.tensor("weight")
    y = g.op("MatMul", a.tensor(), arrays.transpose(g, weight, (1, 0)))
    return g.op("Add", y, a.tensor("bias")) if a.has("bias") else y


def matmul(g: OnnxGraph, a: MilArguments) -> Tensor:
    """x @ y, with the last two axes of either optionally transposed."""
    operands = []
    for name, flag in (("x", "transpose_x"), ("y", "transpose_y")):
        value = a.tensor(name)
        operands.append(_transposed(g, value) if a.flag(flag) and value.rank >= 2 else value)
    return g.op("MatMul", *operands)


def _transposed(g: OnnxGraph, x: Tensor) -> Tensor:
    return arrays.transpose(g, x, (*range(x.rank - 2), x.rank - 1, x.rank - 2))


def einsum(g: OnnxGraph, a: MilArguments) -> Tensor:
    """(..., C, H, W1) and (..., W1, H, W2) -> (..., C, H, W2): the only product that MIL defines.

    ONNX's Einsum is not used, because it does not broadcast axes of size 1 as this operation does.
    """
    first, second, result = _letters(a.text("equation"))
    expected = (first[:-1] + second[-1], first[:-3] + first[-1] + first[-2] + second[-1])
    if (result, second) != expected or len(first) not in (3, 4):
        raise UnsupportedModelError(f"the product {a.text('equation')!r} cannot be run here")
    x, y = a.tensors("values")
    if {x.rank, y.rank} != {len(first)}:
        raise CoreMLFileError(f"values of shape {x.shape} and {y.shape} do not fit {a.text('equation')!r}")
    lead = range(x.rank - 3)
    order = (*lead, x.rank - 2, x.rank - 3, x.rank - 1)
    product = g.op("MatMul", arrays.transpose(g, x, order), arrays.transpose(g, y, order))
    return arrays.transpose(g, product, order)


def _letters(equation: str) -> tuple[str, str, str]:
    inputs, arrow, result = equation.replace(" ", "").partition("->")
    first, comma, second = inputs.partition(",")
    if not arrow or not comma or len(first) < 3 or not second:
        raise UnsupportedModelError(f"the product {equation!r} cannot be run here")
    return first, second, result


def attention(g: OnnxGraph, a: MilArguments) -> Tensor:
    """softmax(query @ key^T / sqrt(E) + mask) @ value; a boolean mask excludes entries that are false."""
    query, key = a.tensor("query"), a.tensor("key")
    scores = g.op("MatMul", query, _transposed(g, key))
    scores = g.op("Mul", scores, 1.0 / math.sqrt(query.shape[-1]))
    if a.has("attn_mask"):
        mask = a.tensor("attn_mask")
        if mask.type == BOOL:
            mask = g.op("Where", mask, 0.0, float("-inf"))
        scores = g.op("Add", scores, mask)
    return g.op("MatMul", g.op("Softmax", scores, axis=-1), a.tensor("value"))


OPERATIONS: dict[str, Translator] = {
    "linear": linear,
    "matmul": matmul,
    "einsum": einsum,
    "scaled_dot_product_attention": attention,
}
