"""A table of few numbers for many: k-means along the number line.

scikit-learn's k-means, which coremltools would use, adds up in threads, so that its last digits differ from
run to run, and is slow. Along a line there is less to do: once sorted, a cluster is a stretch, and its sum
the difference of two running sums. Same weights, same table.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 300
_MOST = 2**22
"""Of more numbers than this, sorted, every second one, or third, ... stands for its neighbours."""


def palette(values: NDArray[np.float32], bits: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """The table that stands for some numbers with the least squared error that Lloyd's algorithm finds.

    Args:
        values: of any shape, finite, at least one.
        bits: of a place in the table, 1 to 8.

    Returns:
        The table in rising order, float32 (2**bits,), its last entry repeated where fewer will do; and each
        number's place in it, of the shape of `values`. Where there are no more numbers than places, the table
        has exactly these.
    """
    size = 1 << bits
    everything = np.sort(values, axis=None)
    distinct = everything[np.flatnonzero(np.diff(everything, prepend=np.float32(-np.inf)))]
    if len(distinct) <= size:
        table = distinct.astype(np.float64)
    else:
        ordered = everything[:: -(-len(everything) // _MOST)].astype(np.float64)
        table = _settled(ordered, _split(ordered, size))
    kept = np.unique(table.astype(np.float32))
    middles = (kept[1:].astype(np.float64) + kept[:-1]) / 2
    codes = np.searchsorted(middles, values).astype(np.uint8)
    return np.pad(kept, (0, size - len(kept)), mode="edge"), codes


def _split(ordered: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Where to begin: one cluster, of which again and again that with the largest error is cut at its
    mean."""
    sums, squares = _running(ordered), _running(ordered**2)
    ends = np.array([0, len(ordered)])
    for _ in range(size - 1):
        means = np.diff(sums[ends]) / np.diff(ends)
        errors = np.diff(squares[ends]) - means * np.diff(sums[ends])
        errors[ordered[ends[:-1]] == ordered[ends[1:] - 1]] = -np.inf  # equal numbers: nothing to cut
        worst = int(np.argmax(errors))
        cut = np.searchsorted(ordered, means[worst], side="right")
        ends = np.insert(ends, worst + 1, np.clip(cut, ends[worst] + 1, ends[worst + 1] - 1))
    centres: NDArray[np.float64] = np.diff(sums[ends]) / np.diff(ends)
    return centres


def _settled(ordered: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each centre moved to the mean of what is nearest to it, until none moves; one of nothing stays."""
    sums = _running(ordered)
    for _ in range(_ROUNDS):
        inner = np.searchsorted(ordered, (centres[1:] + centres[:-1]) / 2, side="right")
        ends = np.concatenate([[0], inner, [len(ordered)]])
        counts = np.diff(ends)
        moved = np.where(counts > 0, np.diff(sums[ends]) / np.maximum(counts, 1), centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    return centres


def _running(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums of the first none, one, two ... numbers."""
    return np.concatenate([[0.0], np.cumsum(numbers)])
