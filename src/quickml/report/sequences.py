"""Sequences inside the page: one line per feature, or one word per token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT, MARGIN = 120, 72, 4
"""Size of a drawing, in its own units."""


def paths(values: npt.NDArray[Any]) -> list[str]:
    """An SVG path for each feature of a sequence (steps, features); all share one scale."""
    low, high = float(values.min()), float(values.max())
    shares = (values - low) / (high - low) if high > low else np.full(values.shape, 0.5)
    x = np.linspace(MARGIN, WIDTH - MARGIN, len(values))
    y = HEIGHT - MARGIN - shares * (HEIGHT - 2 * MARGIN)
    return ["M" + " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, line, strict=True)) for line in y.T]


def meanings(tokens: npt.NDArray[Any], vocabulary: Sequence[str]) -> str:
    """The words of tokens (steps,), without padding (0) at the end."""
    used = np.trim_zeros(tokens, "b")
    return " ".join(vocabulary[token] for token in used)
