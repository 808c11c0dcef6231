"""Prepare recordings for training: find out what is left open, cut windows, and divide them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from quickml.datasets.columns import Column
from quickml.datasets.data import Data
from quickml.datasets.files import RecordingsReference
from quickml.datasets.info import DatasetInfo
from quickml.errors import DocumentError, Notice
from quickml.recordings.aim import Aim, aim_of
from quickml.recordings.collect import Numbers, Recorded, collect
from quickml.recordings.divide import divide
from quickml.recordings.notices import Findings, counted, notices_of
from quickml.recordings.problems import option
from quickml.recordings.runs import RecordingWindow, Rows, Runs, runs_of
from quickml.recordings.times import GAP
from quickml.tables.prepare import MOST_INPUTS

TEST_FRACTION = 0.2
MAX_BYTES = 2 << 30
"""Memory of all windows."""
STEPS, MOST_STEPS, FEWEST_STEPS = 50, 200, 8
"""Steps of a window where the rate is not known; most and fewest that are chosen."""
SECONDS = 2.0
"""Length of a window where the rate is known."""
MOST_WINDOWS = 50_000
"""Windows from which on a forecast takes not every one."""


@dataclass(frozen=True, kw_only=True)
class PreparedRecordings:
    """Recordings whose windows are divided."""

    info: DatasetInfo
    reference: RecordingsReference
    """With everything written out."""
    notices: tuple[Notice, ...]
    values: Numbers
    """The sensors, (rows, columns)."""
    aim: Aim
    window: RecordingWindow
    train: Rows
    test: Rows
    """The first rows of the windows, in the order in which they are used."""
    recordings: int
    windows: tuple[tuple[str, int], ...]
    """Labels and their windows."""

    def data(self) -> Data:
        """Cut the windows."""
        x_train, x_test = (self.window.cut(self.values, starts) for starts in (self.train, self.test))
        y_train, y_test = (self.aim.of(starts, self.window) for starts in (self.train, self.test))
        return Data(x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)


def prepare(path: Path, reference: RecordingsReference) -> PreparedRecordings:
    """Read recordings and prepare them as a document says.

    Raises:
        DocumentError: with what is wrong; pointers start with /dataset.
    """
    recorded = collect(path, reference)
    return prepared(recorded, reference)


def prepared(recorded: Recorded, reference: RecordingsReference) -> PreparedRecordings:
    """Prepare recordings that were read. Raises as `prepare`."""
    if not recorded.numbers:
        listed = ", ".join(f"{name} ({reason})" for name, reason in recorded.left_out.items())
        none, hint = f"none{f'; left out: {listed}' if listed else ''}", 'write "columns": {"NAME": "number"}'
        raise DocumentError([option("columns", "a column of a sensor", none, hint=hint)])
    found = _findings(recorded, reference)
    aim, window, runs = found.aim, found.window, found.runs
    rng = np.random.default_rng(reference.seed)
    train, test = window.starts(found.division.train), window.starts(found.division.test)
    counts = np.bincount(runs.label, weights=window.counts(runs), minlength=len(aim.labels)).astype(int)
    return PreparedRecordings(
        info=_info(found),
        reference=_completed(found),
        # All was told when it was found out.
        notices=() if reference.is_complete else tuple(notices_of(found)),
        values=np.stack([values.astype(np.float32) for values in recorded.numbers.values()], axis=1),
        aim=aim,
        window=window,
        train=rng.permutation(train),
        test=test if window.ahead else rng.permutation(test),
        recordings=len(recorded.sessions),
        windows=tuple(zip(aim.labels, counts.tolist(), strict=False)),
    )


def _findings(recorded: Recorded, reference: RecordingsReference) -> Findings:
    """Find out what is left open, and divide the windows. Raises as `prepare`."""
    aim = aim_of(recorded, reference)
    distance = recorded.clock.distance(recorded.session) if recorded.clock else math.nan
    gap = reference.gap or _gap(recorded.clock.tick(recorded.session) if recorded.clock else math.nan)
    runs = _runs(recorded, aim, gap)
    window = _window(recorded, reference, runs, distance)
    division = divide(
        runs,
        window,
        fraction=reference.test_fraction or TEST_FRACTION,
        seed=reference.seed,
        test=recorded.tests,
        by_time=bool(window.ahead),
    )
    found = Findings(
        recorded=recorded,
        reference=reference,
        gap=gap if recorded.clock else None,
        aim=aim,
        runs=runs,
        window=window,
        division=division,
        sizes=(int(window.counts(division.train).sum()), int(window.counts(division.test).sum())),
        rate=recorded.clock.rate(distance) if recorded.clock else "",
    )
    _check(found)
    return found


def _gap(tick: float) -> float | None:
    return None if math.isnan(tick) else float(f"{GAP * tick:.6g}")


def _runs(recorded: Recorded, aim: Aim, gap: float | None) -> Runs:
    """The rows between which nothing is missing, of one recording and one label."""
    is_whole = (recorded.session >= 0) & aim.is_known
    for values in recorded.numbers.values():
        is_whole &= ~np.isnan(values)
    is_cut = recorded.is_apart.copy()
    if recorded.clock is not None:
        is_whole &= ~np.isnan(recorded.clock.times)
        if gap is not None:
            with np.errstate(invalid="ignore"):
                is_cut[1:] |= np.diff(recorded.clock.times) > gap
    return runs_of(recorded.session, aim.label, is_whole, is_cut)


def _window(
    recorded: Recorded, reference: RecordingsReference, runs: Runs, distance: float
) -> RecordingWindow:
    """The window that the document asks for, or one that fits.

    Raises:
        DocumentError: no run has as many rows.
    """
    ahead = reference.ahead or 0
    longest = int(runs.lengths.max(initial=0)) - ahead
    if longest < (reference.steps or 2):
        expected = f"at least {(reference.steps or 2) + ahead:,} rows that follow each other"
        found = f"{max(longest + ahead, 0):,} without a gap, a missing value or another label between them"
        value = longest if longest >= 2 and reference.steps else None
        hint = "" if value and len(runs) <= len(recorded.sessions) else _longer(recorded, runs)
        raise DocumentError([option("steps", expected, found, hint=hint, value=value)])
    steps = reference.steps or _steps(recorded, runs, distance, ahead)
    if reference.stride is not None:
        return RecordingWindow(steps=steps, stride=reference.stride, ahead=ahead)
    if reference.ahead is None:
        return RecordingWindow(steps=steps, stride=max(steps // 2, 1), ahead=ahead)
    every = int(RecordingWindow(steps=steps, stride=1, ahead=ahead).counts(runs).sum())
    return RecordingWindow(steps=steps, stride=max(math.ceil(every / MOST_WINDOWS), 1), ahead=ahead)


def _longer(recorded: Recorded, runs: Runs) -> str:
    """What to do where pieces are too short: it depends on what most of them end at."""
    if len(runs) <= len(recorded.sessions):
        return "name the column of the recordings, or record for longer"
    follows = (runs.start[1:] == runs.stop[:-1]) & (runs.session[1:] == runs.session[:-1])
    labels = int((follows & (runs.label[1:] != runs.label[:-1])).sum())
    if 2 * labels >= len(runs) - len(recorded.sessions):
        return "the label changes too often: sort the rows by recording and time, or name another target"
    if recorded.clock is None and recorded.is_apart.any():
        return "sort the rows by recording, or add a column with the time"
    return 'write a longer "gap"' if recorded.clock is not None else "complete the missing values"


def _steps(recorded: Recorded, runs: Runs, distance: float, ahead: int) -> int:
    """Two seconds where the rate is known, and no more than half of what most pieces have."""
    wanted = STEPS
    if recorded.clock is not None and recorded.clock.unit_s is not None and not math.isnan(distance):
        wanted = round(SECONDS / (distance * recorded.clock.unit_s))
    wanted = min(max(wanted, FEWEST_STEPS), MOST_STEPS) if wanted >= FEWEST_STEPS else STEPS
    longest = int(runs.lengths.max()) - ahead
    rows = np.sort(runs.lengths)[::-1]
    typical = int(
        rows[np.searchsorted(np.cumsum(rows), rows.sum() / 2)]
    )  # half of the rows are in longer ones
    return max(min(wanted, typical // 4, longest), min(FEWEST_STEPS, longest), 2)


def _check(found: Findings) -> None:
    """Refuse too many windows, and too few.

    Raises:
        DocumentError: see above.
    """
    window, sizes, train = found.window, found.sizes, found.division.train
    width = len(found.recorded.numbers)
    size_bytes = 4 * sum(sizes) * window.steps * width
    if size_bytes > MAX_BYTES:
        much = f"{size_bytes / 2**30:,.1f} GiB: {sum(sizes):,} windows of {window.steps} x {width} numbers"
        expected = f"at most {MAX_BYTES >> 30} GiB of windows"
        stride = window.stride * math.ceil(size_bytes / MAX_BYTES)
        raise DocumentError([option("stride", expected, much, value=stride)])
    if not all(sizes):
        expected = "windows for training and for the test"
        hint = 'record more, or write fewer "steps"'
        raise DocumentError([option("steps", expected, f"{sizes[0]:,} and {sizes[1]:,}", hint=hint)])
    learned = set(train.label[window.counts(train) > 0].tolist())
    if unlearned := [label for place, label in enumerate(found.aim.labels) if place not in learned]:
        expected, none = "windows of each class to learn from", f"none of {unlearned[0]!r}"
        hint = 'record more of it, write fewer "steps", or leave it out of the file'
        raise DocumentError([option("labels", expected, none, hint=hint)])


def _info(found: Findings) -> DatasetInfo:
    recorded, aim, sizes = found.recorded, found.aim, found.sizes
    names = tuple(recorded.numbers)
    columns = tuple(Column(name=name, type="number") for name in names)
    return DatasetInfo(
        name="recordings",
        title=f"{sum(sizes):,} windows of {counted(len(recorded.sessions), 'recording')}",
        source="own data",
        task="classification" if aim.labels else "regression",
        kind="sequence",
        shape=(found.window.steps, len(names)),
        labels=aim.labels,
        feature_names=names,
        columns=columns if len(columns) <= MOST_INPUTS else (),
        rate=found.rate,
        target_name=aim.name,
        sizes=sizes,
        shows_samples=found.reference.in_report,
    )


def _completed(found: Findings) -> RecordingsReference:
    """The reference with everything written out that was found out."""
    recorded, reference = found.recorded, found.reference
    dialect, known = recorded.dialect, recorded.roles
    kinds: Mapping[str, Any] = {
        name: "number" if name in recorded.numbers else "ignore"
        for name in recorded.table.names
        if name not in ("", known.session, known.time)
        and (name != known.target or name in recorded.numbers or name in reference.columns)
    }
    return reference.model_copy(
        update={
            "sha256": recorded.sha256,
            "labels": found.aim.labels or None,
            "session": known.session,
            "time": known.time,
            "gap": found.gap,
            "columns": dict(kinds),
            "steps": found.window.steps,
            "stride": found.window.stride,
            "decimal": dialect.decimal,
            **(_of_text(recorded, reference) if recorded.table.is_text else {}),
            "test_fraction": None if recorded.tests is not None else reference.test_fraction or TEST_FRACTION,
        }
    )


def _of_text(recorded: Recorded, reference: RecordingsReference) -> dict[str, Any]:
    """How .csv files are written."""
    dialect = recorded.dialect
    has_line = type(reference.header) is int or dialect.skipped.endswith(("titles", "comments"))
    return {
        "delimiter": dialect.delimiter,
        "encoding": recorded.encoding,
        "header": recorded.table.header_line if dialect.header and has_line else dialect.header,
    }
