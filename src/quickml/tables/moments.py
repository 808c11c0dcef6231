"""Moments of rows, to order them by time: numbers, or dates as people and programs write them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from quickml.tables.cells import Cells
from quickml.tables.numbers import is_missing
from quickml.tables.types import Fault, is_numeric, shown

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(\.\d+)?)? ?([AaPp][Mm])?")
_NUMBERS = re.compile(r"(\d{1,4})([./])(\d{1,2})\2(\d{1,4})")
_DAY_FIRST = re.compile(r"(\d{1,2})[- ]([A-Za-z]{3})[a-z]*\.?[- ](\d{2,4})")
_MONTH_FIRST = re.compile(r"([A-Z][a-z]{2})[a-z]*\.? (\d{1,2}),? (\d{4})")
_CENTURY = 69
"""Years of two digits up to this one are of this century, as in POSIX."""

Floats = npt.NDArray[np.float64]
Day = tuple[int, int, int]


def moments(cells: Cells) -> Floats | Fault:
    """Of each row a number that grows with time, NaN for a row without; or why the rows cannot be ordered.

    Args:
        cells: of the column, with all of its values.
    """
    if is_numeric(cells):
        return np.array(cells.as_numbers())
    texts = [cell.strip() for cell in cells.values or ()]
    is_day_first = _order_of_days(texts)
    if isinstance(is_day_first, Fault):
        return is_day_first
    table = np.empty(len(texts))
    for place, (text, cell) in enumerate(zip(texts, cells.values or (), strict=True)):
        found = math.nan if is_missing(text) else _moment(text, is_day_first=is_day_first)
        if found is None:
            hint = "write them as 2024-01-31 or 2024-01-31T18:30, or name another column"
            return Fault(expected="dates or numbers", found=shown(text), hint=hint, cell=cell)
        table[place] = found
    return table[np.array(cells.codes, dtype=np.intp)]


def _order_of_days(texts: Sequence[str]) -> bool | Fault:
    """Whether dates such as 31/01/2024 begin with the day: of all of them, because they are written alike."""
    found = [match for text in texts if (match := _NUMBERS.match(text)) and len(match[1]) <= 2]
    slashed = [match for match in found if match[2] == "/"]
    if not slashed:
        return True
    if any(int(match[1]) > 12 for match in slashed):
        return True
    if any(int(match[3]) > 12 for match in slashed):
        return False
    text = slashed[0].string
    hint = "write them as 2024-01-31"
    found_one = f"{shown(text)}, which may begin with the day or the month"
    return Fault(expected="dates that can be read in one way only", found=found_one, hint=hint, cell=text)


def _moment(text: str, *, is_day_first: bool) -> float | None:
    """Seconds since 1970; without a time zone, those of UTC. None if it is no date."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return _written(text, is_day_first=is_day_first)
    return _seconds(when)


def _written(text: str, *, is_day_first: bool) -> float | None:
    readers: Sequence[tuple[re.Pattern[str], Callable[[re.Match[str]], Day]]] = (
        (_NUMBERS, lambda match: _of_numbers(match, is_day_first=is_day_first)),
        (_DAY_FIRST, lambda match: (int(match[3]), _month(match[2]), int(match[1]))),
        (_MONTH_FIRST, lambda match: (int(match[3]), _month(match[1]), int(match[2]))),
        (
            re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})"),
            lambda match: (int(match[1]), int(match[2]), int(match[3])),
        ),
    )
    for pattern, day in readers:
        if match := pattern.match(text):
            try:
                year, month, number = day(match)
                seconds = _time(text[match.end() :].removeprefix("T").strip())
                return None if seconds is None else _seconds(datetime(_full(year), month, number)) + seconds
            except ValueError:
                return None
    return None


def _of_numbers(match: re.Match[str], *, is_day_first: bool) -> Day:
    first, second, third = int(match[1]), int(match[3]), int(match[4])
    if len(match[1]) == 4:
        return first, second, third
    is_day = is_day_first or match[2] == "."
    return (third, second, first) if is_day else (third, first, second)


def _month(name: str) -> int:
    return _MONTHS.index(name.lower()) + 1


def _full(year: int) -> int:
    return year + (2000 if year <= _CENTURY else 1900) if year < 100 else year


def _time(text: str) -> float | None:
    """Seconds since midnight; 0 for an empty text."""
    if not text:
        return 0.0
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds = int(match[1]), int(match[2]), int(match[3] or 0) + float(match[4] or 0)
    if hours > 24 or minutes > 59 or seconds >= 61:
        return None
    if match[5]:
        hours = hours % 12 + (12 if match[5].lower() == "pm" else 0)
    return timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds()


def _seconds(when: datetime) -> float:
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return (aware - _EPOCH).total_seconds()
