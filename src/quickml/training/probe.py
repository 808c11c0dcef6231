"""Choose the samples on which exported files are verified: test samples, and variations if there are few.

Of a table, there are always variations: rows with missing values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quickml.datasets.columns import Column

MOST = 512
LEAST = 256
JITTER = 0.05
"""Standard deviation of the noise on variations, as a fraction of each entry's range."""
LEAST_WITH_GAPS = 64
"""Number of rows of a table that are variations."""
GAPS = 0.2
"""Share of the values in them that are missing."""


def probe_inputs(
    held_out: NDArray[np.generic], seed: int, columns: Sequence[Column] = ()
) -> tuple[NDArray[np.generic], int]:
    """Choose samples for a probe.

    Args:
        held_out: (n, *input shape) raw test samples: uint8 pixels, float32 features, int32 tokens, or the
            encoded rows of a table.
        seed: the same seed gives the same variations.
        columns: those that an app passes by name, if it does.

    Returns:
        256 to 512 samples of the same type (of a table a few more), and how many of them, counted from the
        front, are unmodified test samples.
    """
    plain = held_out[:MOST]
    if columns and held_out.ndim == 2:
        count = max(LEAST - len(plain), LEAST_WITH_GAPS, 2 * len(columns))
        return np.concatenate([plain, _with_gaps(plain, count, seed, columns)]), len(plain)
    if len(plain) >= LEAST:
        return plain, len(plain)
    return np.concatenate([plain, _varied(plain, LEAST - len(plain), seed)]), len(plain)


def _varied(samples: NDArray[np.generic], count: int, seed: int) -> NDArray[np.generic]:
    """Random points between two samples, with noise, clipped to the range of the samples."""
    random = np.random.default_rng((seed, len(samples)))
    first, second = samples[random.integers(len(samples), size=(2, count))]
    if samples.dtype == np.int32:  # tokens cannot be mixed: take either
        tokens: NDArray[np.generic] = np.where(random.random(first.shape) < 0.5, first, second)
        return tokens
    first, second = first.astype(np.float64), second.astype(np.float64)
    share = random.random((count, *(1,) * (samples.ndim - 1)))
    low, high = samples.min(axis=0).astype(np.float64), samples.max(axis=0).astype(np.float64)
    noise = random.normal(scale=JITTER, size=first.shape) * (high - low)
    mixed = np.clip(share * first + (1 - share) * second + noise, low, high)
    if np.issubdtype(samples.dtype, np.integer):
        mixed = np.rint(mixed)
    result: NDArray[np.generic] = mixed.astype(samples.dtype)
    return result


def _with_gaps(
    rows: NDArray[np.generic], count: int, seed: int, columns: Sequence[Column]
) -> NDArray[np.generic]:
    """Variations of the encoded rows of a table: each value is that of some row, varied, or missing.

    A number that may not be missing never is; any other column is missing in two rows at least.
    """
    random = np.random.default_rng((seed, len(rows), count))
    varied = _varied(rows, count, seed)
    start = 0
    for position, column in enumerate(columns):
        places = slice(start, start + column.width)
        is_missing = random.random(count) < GAPS
        is_missing[2 * position : 2 * position + 2] = True
        if column.is_category:
            varied[:, places] = rows[random.integers(len(rows), size=count), places]
            varied[is_missing, places] = 0
        elif column.replacement is not None:
            varied[is_missing, places] = np.float32(column.replacement)
        start += column.width
    return varied
