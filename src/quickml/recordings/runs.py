"""Unbroken runs of rows, and the windows in them.

Nothing that would falsify a window is inside of a run: no end of a recording, no gap, no change of the label,
no missing value. A window is in one run, so it never crosses any of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]
Numbers = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Runs:
    """Runs of rows, in the order of the rows."""

    start: Rows
    stop: Rows
    """The row after the last one."""
    session: Rows
    """The recording of each run."""
    label: Rows
    """The label of each run; 0 if there are no labels."""

    def __len__(self) -> int:
        return len(self.start)

    @property
    def lengths(self) -> Rows:
        """Rows of each run."""
        return self.stop - self.start

    def chosen(self, which: Numbers) -> Runs:
        """Some of the runs."""
        return Runs(
            start=self.start[which],
            stop=self.stop[which],
            session=self.session[which],
            label=self.label[which],
        )


def joined(*parts: Runs) -> Runs:
    """All runs of some, in the order of the rows."""
    start, stop, session, label = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("start", "stop", "session", "label")
    )
    order = np.argsort(start, kind="stable")
    return Runs(start=start[order], stop=stop[order], session=session[order], label=label[order])


def runs_of(session: Rows, label: Rows, is_whole: NDArray[np.bool_], is_cut: NDArray[np.bool_]) -> Runs:
    """The runs of rows.

    Args:
        session: the recording of each row; rows of a recording follow each other.
        label: the label of each row.
        is_whole: whether a row has everything that it needs.
        is_cut: whether something is missing between a row and the one before it.
    """
    begins = is_cut.copy()
    begins[:1] = True
    begins[1:] |= (session[1:] != session[:-1]) | (label[1:] != label[:-1]) | ~is_whole[:-1]
    start = np.flatnonzero(is_whole & begins)
    ends = np.append(begins[1:] | ~is_whole[1:], True)
    stop = np.flatnonzero(is_whole & ends) + 1
    return Runs(start=start, stop=stop, session=session[start], label=label[start])


@dataclass(frozen=True, kw_only=True)
class RecordingWindow:
    """What is cut out of a run."""

    steps: int
    stride: int
    ahead: int = 0
    """Steps from the last one of a window to the number that is predicted."""

    @property
    def needed(self) -> int:
        """Rows that a run must have."""
        return self.steps + self.ahead

    def counts(self, runs: Runs) -> Rows:
        """Windows in each run."""
        return np.maximum((runs.lengths - self.needed) // self.stride + 1, 0)

    def starts(self, runs: Runs) -> Rows:
        """The first row of each window, in order."""
        counts = self.counts(runs)
        first = np.repeat(runs.start, counts)
        number = np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts)
        return first + number * self.stride

    def cut(self, values: Numbers, starts: Rows) -> Numbers:
        """The windows, float32 (n, steps, columns), of rows (rows, columns) that begin in these rows."""
        windows: Numbers = values[starts[:, None] + np.arange(self.steps)]
        return windows.astype(np.float32, copy=False)
