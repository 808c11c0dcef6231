"""Notices about recordings: all that was found out and the document does not say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from quickml.datasets.files import RecordingsReference
from quickml.errors import Notice
from quickml.recordings.aim import Aim
from quickml.recordings.collect import Recorded
from quickml.recordings.divide import Division
from quickml.recordings.runs import RecordingWindow, Runs
from quickml.tables.notices import of_reading
from quickml.tables.problems import listed, rows
from quickml.tables.types import shown

FEW = 10
"""Windows of a class below which a notice is given."""


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What is known when recordings are prepared."""

    recorded: Recorded
    reference: RecordingsReference
    """What the document says."""
    gap: float | None
    aim: Aim
    runs: Runs
    window: RecordingWindow
    division: Division
    sizes: tuple[int, int]
    rate: str


def notices_of(found: Findings) -> Iterator[Notice]:
    """All notices."""
    recorded, reference = found.recorded, found.reference
    yield from of_reading(recorded.table, reference)
    yield from recorded.notices
    yield from _of_columns(recorded, reference)
    yield from _of_sessions(recorded, reference)
    yield from _of_time(found)
    yield from _of_rows(recorded, found.aim)
    yield from _of_windows(found)
    yield from _of_division(found)


def counted(count: int, what: str) -> str:
    """`1 recording`, `2 recordings`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _notice(key: str, message: str) -> Notice:
    return Notice(pointer=f"/dataset/{key}", message=message)


def _of_columns(recorded: Recorded, reference: RecordingsReference) -> Iterator[Notice]:
    found = [name for name in recorded.numbers if name not in reference.columns]
    if found:
        yield _notice("columns", f"sensors: {listed(found)}")
    if recorded.left_out:
        reasons = [f"{name} ({reason})" for name, reason in recorded.left_out.items()]
        yield _notice("columns", f"left out: {listed(reasons)}")
    for name, remark in recorded.remarks.items():
        if name in recorded.numbers:
            yield _notice("columns", f"{shown(name)}: {remark}")
    target = reference.target
    if reference.ahead and target in recorded.numbers and target not in reference.columns:
        message = (
            f'{shown(str(target))} up to now is an input, too; write "ignore" if an app does not know it'
        )
        yield _notice("columns", message)


def _of_sessions(recorded: Recorded, reference: RecordingsReference) -> Iterator[Notice]:
    count = counted(len(recorded.sessions), "recording")
    if recorded.is_folder:
        yield _notice("file", f"{count}: each file is one")
    elif recorded.roles.has_found_session:
        yield _notice("session", f"{count} by {shown(str(recorded.roles.session))}")
    elif reference.session is None and len(recorded.sessions) == 1:
        message = 'all rows are one recording; write "session" if a column says which one a row is of'
        yield _notice("session", message)
    if missing := int((recorded.session < 0).sum()):
        yield _notice("session", f"{rows(missing)} of no recording left out")


def _of_time(found: Findings) -> Iterator[Notice]:
    recorded, reference = found.recorded, found.reference
    clock = recorded.clock
    if clock is None:
        message = "there is no column with the time: rows are taken to follow each other without gaps"
        yield _notice("time", message)
        if apart := int(recorded.is_apart.sum()):
            message = (
                f"rows of other recordings are between those of one in {apart:,} places, which end windows"
            )
            yield _notice("session", message)
        return
    if recorded.roles.has_found_time:
        yield _notice("time", f"the time is in {shown(clock.column)}; {found.rate or 'it never changes'}")
    elif found.rate:
        yield _notice("time", f"rows are recorded {found.rate}")
    gap = found.gap
    if gap is not None:
        same = recorded.session[1:] == recorded.session[:-1]
        with np.errstate(invalid="ignore"):
            gaps = int((np.diff(clock.times)[same] > gap).sum())
        if reference.gap is None:
            yield _notice("gap", f"more than {gap:g} between two rows is a gap; there are {gaps:,}")
        yield from _of_rates(recorded)


def _of_rates(recorded: Recorded) -> Iterator[Notice]:
    """Recordings that are much faster than the others: the same window is another time there."""
    clock = recorded.clock
    assert clock is not None
    usual, others = clock.tick(recorded.session), []
    edges = np.flatnonzero(np.diff(recorded.session)) + 1
    for part in np.split(np.arange(recorded.rows), edges):
        steps = np.diff(clock.times[part])
        steps = steps[steps > 0]
        if len(steps) and not 0.75 < np.median(steps) / usual < 1 / 0.75:
            others.append(recorded.sessions[recorded.session[part[0]]])
    if others:
        message = f"recorded at another rate than the others: {listed(others, 5)}; record all at the same"
        yield _notice("time", message)


def _of_rows(recorded: Recorded, aim: Aim) -> Iterator[Notice]:
    clock = recorded.clock
    needed = dict(recorded.numbers) | ({clock.column: clock.times} if clock is not None else {})
    for name, values in needed.items():
        if missing := int(np.isnan(values).sum()):
            message = f"{shown(name)}: no value in {rows(missing)}, which end windows as gaps do"
            yield _notice("time" if name not in recorded.numbers else "columns", message)
    if unknown := int((~aim.is_known).sum()):
        yield _notice("target", f"{rows(unknown)} without a target left out")


def _of_windows(found: Findings) -> Iterator[Notice]:
    recorded, reference, aim, window = found.recorded, found.reference, found.aim, found.window
    counts = window.counts(found.runs)
    if reference.steps is None:
        yield _notice("steps", f"a window has {window.steps} steps{_lasting(recorded, window)}")
    if reference.stride is None:
        yield _notice("stride", f"a window begins every {_strides(window)}: {sum(found.sizes):,} windows")
    if reference.labels is None and aim.labels:
        by_label = np.bincount(found.runs.label, weights=counts, minlength=len(aim.labels)).astype(int)
        counted = [f"{label} ({count:,})" for label, count in zip(aim.labels, by_label, strict=True)]
        yield _notice("labels", f"{len(aim.labels)} classes, with their windows: {listed(counted)}")
        if few := [label for label, count in zip(aim.labels, by_label, strict=True) if count < FEW]:
            yield _notice("labels", f"fewer than {FEW} windows each of {listed(few)}")
    of_session = np.bincount(found.runs.session, weights=counts, minlength=len(recorded.sessions))
    if short := [recorded.sessions[place] for place in np.flatnonzero(of_session == 0)]:
        message = f"too short for a window, and left out: {listed(short, 5)} ({len(short):,} in all)"
        yield _notice("file", message)


def _strides(window: RecordingWindow) -> str:
    return "step" if window.stride == 1 else f"{window.stride} steps"


def _lasting(recorded: Recorded, window: RecordingWindow) -> str:
    clock = recorded.clock
    if clock is None or clock.unit_s is None:
        return ""
    seconds = window.steps * clock.distance(recorded.session) * clock.unit_s
    number = f"{seconds:,.0f}" if seconds > 1000 else f"{seconds:.3g}"
    return f", {number} second{'' if number == '1' else 's'}"


def _of_division(found: Findings) -> Iterator[Notice]:
    aim, division, window = found.aim, found.division, found.window
    train, test = found.sizes
    whole = f"{test:,} of {train + test:,} windows are held out for the test"
    if window.ahead:
        yield _notice("test_fraction", f"{whole}: the end of each recording")
        return
    if found.recorded.tests is not None:
        return
    if division.tested:
        yield _notice("test_fraction", f"{whole}, with all of {counted(division.tested, 'recording')}")
    if division.ended:
        what = _ended(aim, division.ended)
        message = f"{what} in too few recordings: their ends are for the test, which then is easier than life"
        yield _notice("test_fraction", message if division.tested else f"{whole}; {message}")
    tested = set(division.test.label[window.counts(division.test) > 0].tolist())
    if untested := [label for place, label in enumerate(aim.labels) if place not in tested]:
        yield _notice("test_fraction", f"not in the test: {listed(untested)}; record more of it")


def _ended(aim: Aim, labels: Sequence[int]) -> str:
    names = [aim.labels[label] for label in labels] if aim.labels else []
    return f"{listed(names)} is" if len(names) == 1 else f"{listed(names)} are" if names else "all is"
