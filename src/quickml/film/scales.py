"""Codes of values between the lower and the upper end of a range, and shares of values in the bins of one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.film.parts import Array, Part

Bytes = NDArray[np.uint8]
Ends = NDArray[np.float64]

SMALLEST = 1e-35
"""Values whose range is not larger than this are equal: its reciprocal would not be finite in float32."""
HELD = 1.0
"""In steps of a scale: a code stays that of the frame before if its error is no larger."""


class Scales:
    """Codes of all parts of kind `fixed`, then of all of kind `ranged`.

    Between the ends of a range, a step is (high - low) / (2 ** bits - 1).
    """

    def __init__(self, fixed: Sequence[Part], ranged: Sequence[Part]) -> None:
        """Compute what is the same for all frames, for each value."""
        parts = [*fixed, *ranged]
        sizes = [part.size for part in parts]
        self._low = np.repeat(np.array([part.low for part in parts], np.float32), sizes)
        steps = [part.top / (part.high - part.low) for part in parts]
        self._factor = np.repeat(np.array(steps, np.float32), sizes)
        self._top = np.repeat(np.array([part.top for part in parts], np.float32), sizes)
        self._fixed = sum(part.size for part in fixed)
        rows = [part.size // part.ranges for part in ranged for _ in range(part.ranges)]
        self._rows, self._row_of = _starts(rows), np.repeat(np.arange(len(rows)), rows)
        self._row_top = self._top[self._fixed + self._rows].astype(np.float64)
        self._first_row = _starts([part.ranges for part in ranged])
        self._part_of = np.repeat(np.arange(len(ranged)), [part.size for part in ranged])

    def encode(self, values: Array, before: tuple[Bytes, Bytes] | None) -> tuple[Bytes, Bytes]:
        """Ranges (low, high) as float32, and codes; codes of the frame `before` that are near enough stay."""
        low, high = rounded_outwards(*_extremes(values[self._fixed :], self._rows))
        ranges = _as_bytes(low, high)
        self._low[self._fixed :] = low[self._row_of]
        self._factor[self._fixed :] = _per_unit(self._row_top, low, high)[self._row_of]
        places = (values - self._low) * self._factor
        codes = np.minimum(np.maximum(np.rint(places), 0), self._top).astype(np.uint8)
        if before:
            same = (ranges == before[0]).reshape(-1, 8).all(axis=1)
            is_near = np.abs(places - before[1]) <= HELD
            is_near[self._fixed :] &= np.logical_and.reduceat(same, self._first_row)[self._part_of]
            np.copyto(codes, before[1], where=is_near)
        return ranges, codes


def histograms(values: Array, sizes: Sequence[int], bins: Sequence[int]) -> tuple[Bytes, Bytes]:
    """Of several arrays, one after the other in `values`, of `sizes` values: the share of each of their bins.

    Returns the range of the values and the upper end of the shares, as float32, and the shares, of 8 bits.
    """
    low, high = rounded_outwards(*_extremes(values, _starts(sizes)))
    counted, first = np.array(bins, np.intp), _starts(bins)
    array_of, bin_of = np.repeat(np.arange(len(bins)), sizes), np.repeat(np.arange(len(bins)), bins)
    scaled = (values - low.astype(np.float32)[array_of]) * _per_unit(counted, low, high)[array_of]
    places = scaled.astype(np.intp).clip(0, (counted - 1)[array_of]) + first[array_of]
    counts = np.bincount(places, minlength=len(bin_of))
    # The upper end is in 64ths, so that it seldom changes.
    share = np.ceil(np.maximum.reduceat(counts, first) / np.array(sizes) * 64) / 64
    codes = np.rint(counts * (255 / np.array(sizes) / share)[bin_of]).clip(0, 255)
    return _as_bytes(low, high, share), codes.astype(np.uint8)


def rounded_outwards(low: Ends, high: Ends) -> tuple[Ends, Ends]:
    """Ranges in float32 that contain the given ones, with ends on a grid of 1/16 to 1/8 of each range.

    Ranges therefore stay the same over several frames, and so do the codes of values that do not change.
    """
    unit = np.ldexp(1.0, np.frexp(high - low)[1] - 4)
    wide = low < high
    low = np.where(wide, np.floor(low / unit) * unit + 0.0, low)  # 0 instead of -0
    high = np.where(wide, np.ceil(high / unit) * unit + 0.0, high)
    return low.astype(np.float32).astype(np.float64), high.astype(np.float32).astype(np.float64)


def _extremes(values: Array, starts: NDArray[np.intp]) -> tuple[Ends, Ends]:
    """The smallest and the largest value from each start on to the next."""
    low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    return low.astype(np.float64), high.astype(np.float64)


def _per_unit(counts: NDArray[Any], low: Ends, high: Ends) -> Array:
    """Steps for each unit of a range; 0 for a range without values."""
    span = high - low
    steps: Ends = np.divide(counts, span, out=np.zeros_like(span), where=span > SMALLEST)
    return steps.astype(np.float32)


def _starts(lengths: Sequence[int]) -> NDArray[np.intp]:
    return np.array([0, *accumulate(lengths)], np.intp)[:-1]


def _as_bytes(*columns: Ends) -> Bytes:
    """float32: first what the columns have for the first range, and so on."""
    found: Bytes = np.stack(columns, axis=-1).astype("<f4").view(np.uint8).reshape(-1)
    return found
