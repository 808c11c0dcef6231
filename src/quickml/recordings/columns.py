"""What the columns of recordings are: the target, the recording, the time, or a sensor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from quickml.datasets.files import RecordingsReference
from quickml.errors import DocumentError, Problem
from quickml.recordings.problems import option
from quickml.recordings.times import Clock, clock, plain
from quickml.tables.cells import Cells
from quickml.tables.problems import of_fault, unknown_column
from quickml.tables.read import Table
from quickml.tables.types import Fault, is_numeric, number_fault, quoted, typed

_SESSIONS = (
    "recording", "session", "trial", "take", "clip", "file", "filename", "segment", "run", "series",
    "sequence", "subject", "user", "person", "participant", "aufnahme", "sitzung", "proband", "grabacion",
    "sesion", "sujeto",
)  # fmt: skip
"""Names of columns that say which recording a row is of, the likeliest first."""
_TIMES = (
    "timestamp", "time", "datetime", "date_time", "seconds_elapsed", "elapsed", "epoch", "seconds", "sec",
    "millis", "ms", "t", "date", "zeitstempel", "zeit", "uhrzeit", "datum", "tiempo", "hora", "fecha",
)  # fmt: skip
"""Names of columns with times, the likeliest first."""
_UNITS = ("s", "sec", "ms", "us", "ns", "utc")
MOSTLY = 0.95
"""Share of rows in which the time must not go back, for a column that is taken for the time by its name."""


def is_session(name: str) -> bool:
    """Whether the name of a column is one for recordings."""
    return _bare(name, ("id", "nr", "no", "name")) in _SESSIONS


def is_time(name: str) -> bool:
    """Whether the name of a column is one for times."""
    return _bare(name, _UNITS) in _TIMES


def _bare(name: str, endings: tuple[str, ...]) -> str:
    known = _SESSIONS + _TIMES
    words = plain(name).split("_")
    while len(words) > 1 and words[-1] in endings and "_".join(words) not in known:
        words.pop()
    return "_".join(words)


@dataclass(frozen=True, kw_only=True)
class ColumnRoles:
    """What the columns of all files are for."""

    target: str | None
    session: str | None
    time: str | None
    sensors: tuple[str, ...]
    """Columns that may be sensors, in order."""
    times: tuple[str, ...] = ()
    """Other columns with times: a model must not learn when something was recorded."""
    has_found_session: bool = False
    has_found_time: bool = False
    """Whether it was found out by its name."""


def roles(table: Table, reference: RecordingsReference, *, is_folder: bool) -> ColumnRoles:
    """Find out what the columns are for.

    Args:
        table: the first file.
        reference: what the document says.
        is_folder: whether each file is a recording.

    Raises:
        DocumentError: with every name that no column has, and options that contradict each other.
    """
    if problems := list(_wrong(table, reference, is_folder=is_folder)):
        raise DocumentError(problems)
    free = [name for name in table.names if name not in ("", reference.target, *reference.columns)]
    session, time = reference.session, reference.time
    if session is None and not is_folder and not reference.is_complete:
        session = _likeliest(
            [name for name in free if name != time and _recurs(table, name)],
            _SESSIONS,
            ("id", "nr", "no", "name"),
        )
    times: list[str] = []
    if not reference.is_complete:
        times = [name for name in free if name not in (session, time) and _goes_on(table, name, session)]
        time = time or _likeliest(times, _TIMES, _UNITS)
    is_input = reference.ahead is not None and reference.ahead > 0
    taken = {session, time, *times} | (set() if is_input else {reference.target})
    return ColumnRoles(
        target=reference.target,
        session=session,
        time=time,
        sensors=tuple(name for name in table.columns if name not in taken and _is_kept(name, reference)),
        times=tuple(name for name in times if name != time),
        has_found_session=session != reference.session,
        has_found_time=time != reference.time,
    )


def _is_kept(name: str, reference: RecordingsReference) -> bool:
    return reference.columns.get(name) != "ignore"


def _likeliest(names: list[str], known: tuple[str, ...], endings: tuple[str, ...]) -> str | None:
    ranked = [(known.index(bare), name) for name in names if (bare := _bare(name, endings)) in known]
    return min(ranked, key=lambda pair: pair[0], default=(0, None))[1]


def _recurs(table: Table, name: str) -> bool:
    """Whether a column has some values, in several rows each."""
    values = table.columns[name].values
    return is_session(name) and values is not None and 2 <= len(values) <= table.rows / 2


def _goes_on(table: Table, name: str, session: str | None) -> bool:
    """Whether a column has times that hardly ever go back within a recording."""
    if not is_time(name):
        return False
    found = clock(table.columns[name], name)
    if not isinstance(found, Clock) or len(found.times) < 2:
        return False
    codes = np.zeros(len(found.times)) if session is None else np.array(table.columns[session].codes)
    order = np.argsort(codes, kind="stable")  # rows of recordings may be mixed
    forward = np.diff(found.times[order])[np.diff(codes[order]) == 0]
    return len(forward) > 0 and bool((forward >= 0).mean() >= MOSTLY and (forward > 0).any())


def _wrong(table: Table, reference: RecordingsReference, *, is_folder: bool) -> Iterator[Problem]:
    named = {"target": reference.target, "session": reference.session, "time": reference.time}
    for key, name in named.items():
        if name is not None and name not in table.names and not (is_folder and key == "session"):
            yield unknown_column(table, name, f"/dataset/{key}")
    for name in reference.columns:
        if name not in table.names:
            yield unknown_column(table, name, "/dataset/columns", key=name)
    given = [name for name in named.values() if name is not None]
    if len(set(given)) < len(given):
        yield option("session", "different columns for target, session and time", "the same one twice")
    for key in ("session", "time"):
        if reference.columns.get(str(named[key])) == "number":
            yield option(key, "a column that is no sensor", repr(named[key]))
    if is_folder and reference.session is not None:
        yield option(
            "session",
            "none of a folder, whose files are the recordings",
            repr(reference.session),
            leave_out=True,
        )
    if reference.target is None and (not is_folder or reference.ahead is not None):
        listed = ", ".join(map(repr, table.names[:12]))
        what = "with the class of each row" if reference.ahead is None else "to predict"
        yield option("target", f"the column {what}, one of {listed}", "none")
    if reference.labels is not None and reference.ahead is not None:
        yield option("labels", "no labels of a number", "labels", leave_out=True)


@dataclass(kw_only=True)
class SensorColumns:
    """What was found out about the sensors of all files."""

    reasons: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Why a column is no sensor, for each file in which it is none."""
    texts: set[str] = field(default_factory=set)
    remarks: dict[str, str] = field(default_factory=dict)
    files: int = 0

    def look(self, table: Table, names: tuple[str, ...], reference: RecordingsReference) -> list[Problem]:
        """Look at the columns of a file; returns what is wrong with them."""
        self.files += 1
        problems = []
        for name in names:
            cells = table.columns[name]
            if name in reference.columns:
                fault = (
                    number_fault(cells, name, table.dialect) if cells.counts.missing < cells.rows else None
                )
                if fault:
                    problems.append(of_fault(_as_sensor(fault, name), table, name, "/dataset/columns"))
                continue
            about = typed(cells, name, table.dialect)
            if about.fault:
                problems.append(of_fault(_as_sensor(about.fault, name), table, name, "/dataset/file"))
            elif about.type == "category":
                self._refuse(cells, name, "texts")
            elif about.type == "ignore" and not about.reason.startswith(("no values", "the same")):
                self._refuse(cells, name, about.reason)
            elif about.remark:
                self.remarks[name] = about.remark
        return problems

    def _refuse(self, cells: Cells, name: str, reason: str) -> None:
        self.reasons[name].append(reason)
        if not is_numeric(cells):
            self.texts.add(name)

    def left_out(self) -> dict[str, str]:
        """Columns that are no sensors, with the reason: texts anywhere, or something else in all files."""
        return {
            name: reasons[0]
            for name, reasons in self.reasons.items()
            if name in self.texts or len(reasons) == self.files
        }


def _as_sensor(fault: Fault, name: str) -> Fault:
    """A sensor is a number: it cannot become a category, as the column of a table can."""
    if "category" not in fault.hint:
        return fault
    return replace(fault, hint=f'write "columns": {{{quoted(name)}: "ignore"}}, or mend the file')
