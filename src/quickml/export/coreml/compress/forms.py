"""The sizes of the forms of compressed weights, and which matrices are worth compressing."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from quickml.document.export import Weights

EXACT: tuple[Weights, ...] = ("float32", "float16")
"""Stored as plain floating-point numbers; all other forms are compressed."""
LOSSY: tuple[Weights, ...] = tuple(form for form in get_args(Weights) if form not in EXACT)

PALETTE_BITS: dict[Weights, int] = {"palettized-8": 8, "palettized-6": 6, "palettized-4": 4}
LINEAR_BITS: dict[Weights, int] = {"int8": 8, "int4": 4}

LEAST_SAVING = 512
"""Minimum number of bytes that compressing a matrix must save. The overhead in the file (the operation that
expands the matrix, and the alignment of its parts) is up to 400 bytes, so that every compressed matrix makes
the file smaller."""


def share(form: Weights, sparsity: float) -> float:
    """About how large a file of this form is at most, compared with one of float32."""
    if form == "pruned":
        return 1 - sparsity + 1 / 32
    return {"float32": 32, "float16": 16, **PALETTE_BITS, **LINEAR_BITS}[form] / 32 + 0.05


def is_worth_it(form: Weights, matrix: NDArray[np.float32], scales: int, sparsity: float) -> bool:
    """Whether a matrix consists of trained weights and becomes smaller.

    A matrix of mostly zeros is not trained: Resizing uses it to sample a picture, and it must stay exact.

    Args:
        form: one of LOSSY.
        matrix: of any shape.
        scales: for linear forms, the number of scales that are stored.
        sparsity: for `pruned`, the share of zeros.
    """
    size = matrix.size
    if form in PALETTE_BITS:
        size_bytes = size * PALETTE_BITS[form] / 8 + 4 * 2 ** PALETTE_BITS[form]
    elif form in LINEAR_BITS:
        size_bytes = size * LINEAR_BITS[form] / 8 + 4 * scales
    else:
        size_bytes = size / 8 + 4 * math.ceil(size * (1 - sparsity))  # a mask and the nonzero values
    return bool(4 * size - size_bytes >= LEAST_SAVING and 2 * np.count_nonzero(matrix) > size)
