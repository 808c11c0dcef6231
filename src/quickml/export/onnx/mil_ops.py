"""The functions that translate the operations of an ML program, by name."""

from __future__ import annotations

from quickml.export.onnx import (
    mil_arithmetic,
    mil_arrays,
    mil_constexpr,
    mil_lookups,
    mil_normalization,
    mil_products,
    mil_recurrent,
    mil_spatial,
)
from quickml.export.onnx.mil_arguments import MilArguments, Translator, Value

__all__ = ["OPERATIONS", "MilArguments", "Value"]

OPERATIONS: dict[str, Translator] = {
    **mil_arithmetic.OPERATIONS,
    **mil_arrays.OPERATIONS,
    **mil_constexpr.OPERATIONS,
    **mil_lookups.OPERATIONS,
    **mil_normalization.OPERATIONS,
    **mil_products.OPERATIONS,
    **mil_recurrent.OPERATIONS,
    **mil_spatial.OPERATIONS,
}
