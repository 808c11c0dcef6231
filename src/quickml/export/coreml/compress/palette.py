"""Compute lookup tables for weights with one-dimensional k-means.

scikit-learn's k-means, which coremltools would use, sums in several threads, so that its last digits differ
between runs, and it is slow. In one dimension the problem is simpler: in sorted order a cluster is an
interval, and its sum is the difference of two cumulative sums. The result is reproducible.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MAX_ITERATIONS = 300
_MOST = 2**22
"""Maximum number of values to cluster; of more, only every second (third, ...) sorted value is used."""


def palette(values: NDArray[np.float32], bits: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Compute a lookup table and the codes of all values with Lloyd's algorithm (least squared error).

    Args:
        values: finite values of any shape, at least one.
        bits: the size of a code, 1 to 8.

    Returns:
        The table in ascending order, float32 (2**bits,), padded with its last entry if fewer are needed; and
        the codes, uint8 of the shape of `values`. If there are no more distinct values than entries, the
        table contains exactly these values.
    """
    size = 1 << bits
    everything = np.sort(values, axis=None)
    distinct = everything[np.flatnonzero(np.diff(everything, prepend=np.float32(-np.inf)))]
    if len(distinct) <= size:
        table = distinct.astype(np.float64)
    else:
        ordered = everything[:: -(-len(everything) // _MOST)].astype(np.float64)
        table = _refine(ordered, _initial_centres(ordered, size))
    entries = np.unique(table.astype(np.float32))
    middles = (entries[1:].astype(np.float64) + entries[:-1]) / 2
    codes = np.searchsorted(middles, values).astype(np.uint8)
    return np.pad(entries, (0, size - len(entries)), mode="edge"), codes


def _initial_centres(ordered: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """The initial centres: starting with one cluster, repeatedly split the one with the largest error at its
    mean."""
    sums, squares = _cumulative(ordered), _cumulative(ordered**2)
    ends = np.array([0, len(ordered)])
    for _ in range(size - 1):
        means = np.diff(sums[ends]) / np.diff(ends)
        errors = np.diff(squares[ends]) - means * np.diff(sums[ends])
        errors[ordered[ends[:-1]] == ordered[ends[1:] - 1]] = -np.inf  # equal values cannot be split
        worst = int(np.argmax(errors))
        cut = np.searchsorted(ordered, means[worst], side="right")
        ends = np.insert(ends, worst + 1, np.clip(cut, ends[worst] + 1, ends[worst + 1] - 1))
    centres: NDArray[np.float64] = np.diff(sums[ends]) / np.diff(ends)
    return centres


def _refine(ordered: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move each centre to the mean of its nearest values until none moves; one without values stays."""
    sums = _cumulative(ordered)
    for _ in range(_MAX_ITERATIONS):
        inner = np.searchsorted(ordered, (centres[1:] + centres[:-1]) / 2, side="right")
        ends = np.concatenate([[0], inner, [len(ordered)]])
        counts = np.diff(ends)
        moved = np.where(counts > 0, np.diff(sums[ends]) / np.maximum(counts, 1), centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    return centres


def _cumulative(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cumulative sums, starting with 0: (n,) to (n + 1,)."""
    return np.concatenate([[0.0], np.cumsum(numbers)])
