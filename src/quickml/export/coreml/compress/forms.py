"""What each form of compressed weights takes, and so which weights are worth it."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from quickml.document.export import Weights

EXACT: tuple[Weights, ...] = ("float32", "float16")
"""Numbers as they are, or rounded; all others are compressed."""
LOSSY: tuple[Weights, ...] = tuple(form for form in get_args(Weights) if form not in EXACT)

PALETTE_BITS: dict[Weights, int] = {"palettized-8": 8, "palettized-6": 6, "palettized-4": 4}
LINEAR_BITS: dict[Weights, int] = {"int8": 8, "int4": 4}

LEAST_SAVING = 512
"""Bytes that a matrix must save. What a file then says about it (the operation that expands it, the alignment
of its parts) takes up to 400: so small layers that gain are compressed, and those that would grow are left
alone."""


def is_worth_it(form: Weights, matrix: NDArray[np.float32], scales: int, sparsity: float) -> bool:
    """Whether a matrix in a file is a layer's weights, and gets smaller.

    One of zeros for the most part was not trained: it is how Resizing samples a picture, and stays exact.

    Args:
        form: one of LOSSY.
        matrix: of any shape.
        scales: how many scales it would be given where the form is linear.
        sparsity: the share of zeros where it is pruned.
    """
    size = matrix.size
    if form in PALETTE_BITS:
        taken = size * PALETTE_BITS[form] / 8 + 4 * 2 ** PALETTE_BITS[form]
    elif form in LINEAR_BITS:
        taken = size * LINEAR_BITS[form] / 8 + 4 * scales
    else:
        taken = size / 8 + 4 * math.ceil(size * (1 - sparsity))  # a mask, and what is left
    return bool(4 * size - taken >= LEAST_SAVING and 2 * np.count_nonzero(matrix) > size)
