"""Axes: the position of a value, and round numbers for the ticks."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

LOG_FROM = 500.0
"""An axis is logarithmic if the largest value is at least this many times the smallest."""

_NOTHING = 1e-9
"""Smaller values count as zero."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """An axis from `low` to `high` with `ticks`."""

    low: float
    high: float
    ticks: tuple[float, ...]
    is_log: bool = False

    def share(self, value: float) -> float:
        """The position of a value: 0 at the low end, 1 at the high end."""
        low, high = self.low, self.high
        if self.is_log:
            low, high, value = math.log10(low), math.log10(high), math.log10(value)
        return (value - low) / (high - low)


def round_step(span: float, marks: int) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that divides `span` into at most `marks` parts."""
    rough = span / marks
    power = 10.0 ** math.floor(math.log10(rough))
    return power * next(factor for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9))


def value_axis(
    values: Sequence[float], *, floor: float | None = None, ceiling: float | None = None, log: bool = False
) -> Axis:
    """An axis for finite values that starts and ends at a tick.

    Args:
        values: finite, at least one.
        floor: the axis starts here unless a value is lower.
        ceiling: the axis ends here at the latest unless a value is higher.
        log: use a logarithmic axis if the values span several powers of ten.
    """
    low, high = min(values), max(values)
    if log and low >= sys.float_info.min and high / low >= LOG_FROM:  # powers of ten below it are 0
        return _log_axis(low, high)
    low = min(low, floor) if floor is not None else low
    if high - low <= 1e-9 * max(abs(low), abs(high), _NOTHING):
        pad = abs(high) * 0.1 if abs(high) > _NOTHING else 1.0
        low, high = low - pad, high + pad
    if ceiling is not None and max(values) <= ceiling:
        high = ceiling
    step = round_step(high - low, 5)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(float(f"{i * step:.12g}") for i in range(first, last + 1))
    return Axis(low=first * step, high=last * step, ticks=ticks)


def _log_axis(low: float, high: float) -> Axis:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = math.ceil((last - first) / 6)
    ticks = tuple(10.0**power for power in range(first, last + 1, every))
    return Axis(low=10.0**first, high=10.0**last, ticks=ticks, is_log=True)


def epoch_axis(first: int, last: int) -> Axis:
    """An axis of whole epochs; a single epoch is in the middle."""
    if first == last:
        return Axis(low=first - 0.5, high=last + 0.5, ticks=(float(first),))
    step = max(1, math.ceil(round_step(last - first, 8)))
    ticks = {first, *range(-(-first // step) * step, last + 1, step)}
    if step > 1 and first + step // 2 in range(first, last):
        ticks -= set(range(first + 1, first + (step + 1) // 2))
    return Axis(low=first, high=last, ticks=tuple(float(tick) for tick in sorted(ticks)))
