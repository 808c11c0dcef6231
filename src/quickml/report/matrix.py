"""The confusion matrix as rows of tinted cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class MatrixCell:
    """Number of samples of one class that were given one label."""

    count: int
    share: float
    """Of the samples of its class, 0..1."""
    tint: float
    """0 (clear) to 1 (full colour)."""
    is_right: bool


@dataclass(frozen=True, kw_only=True)
class MatrixRow:
    """All samples of one class."""

    label: str
    total: int
    cells: tuple[MatrixCell, ...]
    right: float | None
    """Share that was given the correct label; None if there are no samples."""


def rows(confusion: Sequence[Sequence[int]], labels: Sequence[str]) -> list[MatrixRow]:
    """Rows of the heat map.

    Args:
        confusion: (classes, classes) counts: rows are true classes, columns predicted classes.
        labels: the classes in the same order.
    """
    return [_row(i, label, counts) for i, (label, counts) in enumerate(zip(labels, confusion, strict=True))]


def _row(i: int, label: str, counts: Sequence[int]) -> MatrixRow:
    total = sum(counts)
    shares = [count / total if total else 0.0 for count in counts]
    cells = tuple(
        MatrixCell(count=count, share=share, tint=_tint(share, j == i), is_right=j == i)
        for j, (count, share) in enumerate(zip(counts, shares, strict=True))
    )
    return MatrixRow(label=label, total=total, cells=cells, right=shares[i] if total else None)


def _tint(share: float, is_right: bool) -> float:
    if not share:
        return 0.0
    # A good model makes few mistakes: on the scale of the correct answers they would be invisible.
    return round(0.12 + 0.88 * share if is_right else min(1.0, 0.15 + 1.4 * math.sqrt(share)), 3)
