"""The times of rows, and how often they were recorded."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.tables.cells import Cells
from quickml.tables.numbers import is_missing
from quickml.tables.types import is_numeric

Times = NDArray[np.float64]

_UNITS = {
    "s": 1.0,
    "sec": 1.0,
    "secs": 1.0,
    "seconds": 1.0,
    "ms": 1e-3,
    "millis": 1e-3,
    "us": 1e-6,
    "ns": 1e-9,
}
"""What the last word of a name says about the unit, in seconds."""
_EPOCHS = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3), (1e9, 1.0))
"""Numbers from which on times since 1970 are in this unit: all are between 2001 and 5138."""
GAP = 1.5
"""Times the usual distance of two rows from which on something is missing between them."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """When the rows were recorded."""

    column: str
    times: Times
    """Of each row, in the unit of the column; NaN if it is missing."""
    unit_s: float | None
    """The unit in seconds; None if it is not known."""

    def tick(self, session: NDArray[np.intp]) -> float:
        """The median distance of two times of a recording, in the unit of the column; NaN if there is none.

        It is one of the distances: where half of the recordings are slower, no row is halfway between.
        """
        distances = self._distances(session)
        distances = distances[distances > 0]
        return float(np.quantile(distances, 0.5, method="higher")) if len(distances) else math.nan

    def distance(self, session: NDArray[np.intp]) -> float:
        """The usual distance of two rows: that of two times, divided by the rows that have the same one."""
        distances = self._distances(session)
        later, same = int((distances > 0).sum()), int((distances == 0).sum())
        if same <= later:
            return self.tick(session)
        ticks = later + len(np.unique(session[session >= 0]))
        return self.tick(session) * ticks / (ticks + same)

    def _distances(self, session: NDArray[np.intp]) -> Times:
        found: Times = np.diff(self.times)[session[1:] == session[:-1]]
        return found

    def rate(self, distance: float) -> str:
        """How often a row is recorded, for people; empty if that is not known."""
        if math.isnan(distance):
            return ""
        if self.unit_s is None:
            return f"one every {distance:.4g} of the time column"
        seconds = distance * self.unit_s
        return f"{1 / seconds:.4g} per second" if seconds <= 1 else f"one every {seconds:.4g} seconds"


def clock(cells: Cells, column: str) -> Clock | str:
    """The times in a column; or the first cell that is no time, empty if there is none at all."""
    if is_numeric(cells):
        times = np.array(cells.as_numbers())
        return Clock(column=column, times=times, unit_s=_unit(column, times))
    values = cells.values or []
    table = [math.nan if is_missing(value) else _moment(value) for value in values]
    wrong = [value for value, moment in zip(values, table, strict=True) if moment is None]
    if wrong or not any(moment is not None and not math.isnan(moment) for moment in table):
        return wrong[0] if wrong else ""
    of_values = np.array(table, np.float64)
    return Clock(column=column, times=of_values[np.array(cells.codes, np.intp)], unit_s=1.0)


def _unit(column: str, times: Times) -> float | None:
    words = plain(column).split("_")
    if (unit := _UNITS.get(words[-1])) is not None:
        return unit
    typical = float(np.nanmedian(times))
    return next((unit for least, unit in _EPOCHS if typical >= least), None)


def plain(name: str) -> str:
    """A name in small letters and digits: `Time (ms)` is `time_ms`."""
    return re.sub(r"[^a-z0-9]+", "_", name.casefold().replace("µ", "u").replace("μ", "u")).strip("_")


_FORMS: tuple[Callable[[str], Any], ...] = (
    datetime.fromisoformat,
    time.fromisoformat,
    lambda text: datetime.strptime(text, "%d.%m.%Y %H:%M:%S.%f"),
    lambda text: datetime.strptime(text, "%d.%m.%Y %H:%M:%S"),
)


def _moment(text: str) -> float | None:
    """The seconds that a date and time, or a time of a day, stands for; None if it is neither."""
    for read in _FORMS:
        try:
            found = read(text.strip())
        except ValueError:
            continue
        if isinstance(found, time):
            return found.hour * 3600 + found.minute * 60 + found.second + found.microsecond / 1e6
        if found.tzinfo is not None:
            return float(found.timestamp())
        return float((found - datetime(1970, 1, 1)).total_seconds())  # only differences count
    return None
