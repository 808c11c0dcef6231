"""Collect the rows of all recordings, one below the other, sorted by recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.datasets.files import RecordingsReference
from quickml.document.files import changed
from quickml.errors import DocumentError, Notice, Problem
from quickml.recordings.columns import ColumnRoles, SensorColumns, roles
from quickml.recordings.files import FolderFiles, Piece, files_of, is_folder, single, source_of, tables_of
from quickml.recordings.problems import option
from quickml.recordings.runs import Rows
from quickml.recordings.times import Clock, clock
from quickml.tables.cells import Cells
from quickml.tables.dialect import Dialect
from quickml.tables.filling import UNLIMITED
from quickml.tables.numbers import is_missing
from quickml.tables.problems import of_fault
from quickml.tables.read import Table
from quickml.tables.text import Encoding
from quickml.tables.types import Fault, number_fault, quoted, shown

MAX_ROWS = 20_000_000
HALF_A_DAY = 43_200
"""Seconds."""
Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The rows of all recordings, those of a recording one after the other."""

    file: str
    sha256: str
    table: Table
    """The first file. Only a single file can be looked at again."""
    is_folder: bool
    encoding: Encoding | None
    """None if the files differ."""
    roles: ColumnRoles
    numbers: dict[str, Numbers]
    """Of each sensor, (rows,); NaN is missing."""
    left_out: dict[str, str]
    """Columns that are no sensors, with the reason."""
    remarks: dict[str, str]
    session: Rows
    """The recording of each row; -1 for none."""
    sessions: tuple[str, ...]
    """What the recordings are called."""
    tests: Rows | None
    """The recordings for the test, where folders say so."""
    labels: tuple[str, ...]
    """Names of the folders, if they are labels."""
    label: Rows | None
    """The label of each recording, if folders are labels."""
    target: Cells | None
    """Of classes, in the order of the files."""
    aim: Numbers | None
    """The number to predict, of each row."""
    clock: Clock | None
    is_apart: NDArray[np.bool_]
    """Whether rows of other recordings were between a row and the one before it, and no time says when."""
    order: Rows
    """Where each row was in the files."""
    notices: tuple[Notice, ...]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.session)

    @property
    def dialect(self) -> Dialect:
        """How the first file is written."""
        return self.table.dialect


@dataclass(kw_only=True)
class _Collection:
    """What was collected so far."""

    reference: RecordingsReference
    is_folder: bool
    table: Table | None = None
    roles: ColumnRoles | None = None
    looked: SensorColumns = field(default_factory=SensorColumns)
    numbers: dict[str, list[Numbers]] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)
    target: Cells | None = None
    aim: list[Numbers] = field(default_factory=list)
    clocks: list[Clock] = field(default_factory=list)
    encodings: set[Encoding] = field(default_factory=set)
    extra: set[str] = field(default_factory=set)
    sums: dict[str, str] = field(default_factory=dict)

    def add(self, piece: Piece) -> None:
        """Take the rows of a file.

        Raises:
            DocumentError: a column is not what it should be.
        """
        table = piece.table
        if self.table is None or self.roles is None:
            self.table, self.roles = table, roles(table, self.reference, is_folder=self.is_folder)
            self.numbers = {name: [] for name in self.roles.sensors}
        problems = list(self._missing(table, self.roles)) or self._taken(table, self.roles)
        if problems:
            raise DocumentError(problems)
        self.rows.append(table.rows)
        self.encodings.add(table.encoding or "utf-8")
        self.sums[piece.session] = table.sha256
        if sum(self.rows) > MAX_ROWS:
            hint = "take fewer recordings"
            found = f"more in {len(self.rows):,} files"
            raise DocumentError([option("file", f"at most {MAX_ROWS:,} rows", found, hint=hint)])

    def _missing(self, table: Table, known: ColumnRoles) -> Iterator[Problem]:
        """Columns that the first file has, and this one has not."""
        first = self.table or table
        wanted = [name for name in (known.target, known.time, *known.sensors) if name is not None]
        self.extra |= {*table.names} - {*first.names}
        for name in wanted:
            if name not in table.names:
                expected = f"the columns of {first.file}"
                hint = f'add it, or write "columns": {{"{name}": "ignore"}}'
                yield option("file", expected, f"no {shown(name)} ({table.file})", hint=hint)

    def _taken(self, table: Table, known: ColumnRoles) -> list[Problem]:
        problems = self.looked.look(table, known.sensors, self.reference)
        for name, parts in self.numbers.items():
            parts.append(np.array(table.columns[name].as_numbers()))
        if known.target is not None:
            problems += self._target(table, known.target)
        if known.time is not None:
            found = clock(table.columns[known.time], known.time)
            if isinstance(found, Clock):
                self.clocks.append(found)
            else:
                problems.append(_no_time(table, known.time, found))
        return problems

    def _target(self, table: Table, name: str) -> list[Problem]:
        cells = table.columns[name]
        if self.reference.ahead is not None:
            self.aim.append(np.array(cells.as_numbers()))
            fault = number_fault(cells, name, table.dialect) if cells.counts.missing < cells.rows else None
            return [of_fault(fault, table, name, "/dataset/target")] if fault else []
        if not self.is_folder:
            self.target = cells
            return []
        self.target = self.target or Cells(cells.decimal, UNLIMITED)
        values = cells.values or []
        self.target.add([values[code] for code in cells.codes])
        return []


def _no_time(table: Table, name: str, cell: str) -> Problem:
    found = shown(cell) if cell else "none"
    fault = Fault(
        expected="numbers, or times such as 2024-05-01T12:00:00.020",
        found=found,
        hint="mend the column, or name another one",
        cell=cell,
    )
    return of_fault(fault, table, name, "/dataset/time")


def collect(path: Path, reference: RecordingsReference) -> Recorded:
    """Read all recordings.

    Raises:
        DocumentError: with what is wrong; pointers start with /dataset.
    """
    if not is_folder(path):
        piece = single(path, reference)
        collected = _Collection(reference=reference, is_folder=False)
        collected.add(piece)
        return _of_file(collected, piece.table)
    with source_of(path, reference.file) as source:
        files = files_of(source, are_labels=reference.target is None)
        collected = _Collection(reference=reference, is_folder=True)
        pieces = []
        for piece in tables_of(source, path, files, reference):
            collected.add(piece)
            _check_order(piece.table, collected.clocks, collected)
            pieces.append((piece.session, piece.label, piece.is_test))
        sha256 = source.sha256(collected.sums)
    if reference.sha256 is not None and sha256 != reference.sha256:
        raise changed(reference.file, reference.sha256, sha256)
    return _of_folder(collected, files, sha256, pieces)


def _of_folder(
    collected: _Collection, files: FolderFiles, sha256: str, pieces: list[tuple[str, str, bool]]
) -> Recorded:
    session = np.repeat(np.arange(len(pieces)), collected.rows)
    places = {label: place for place, label in enumerate(files.labels)}
    tests = [index for index, (_, _, is_test) in enumerate(pieces) if is_test]
    return _recorded(
        collected,
        sha256,
        session=session,
        sessions=tuple(name for name, _, _ in pieces),
        tests=np.array(tests) if tests else None,
        labels=files.labels,
        label=np.array([places[label] for _, label, _ in pieces]) if files.labels else None,
        notices=(*files.notices, *_extra(collected)),
    )


def _extra(collected: _Collection) -> Iterator[Notice]:
    if collected.extra:
        names = ", ".join(map(shown, sorted(collected.extra)[:6]))
        yield Notice(pointer="/dataset/columns", message=f"in some files only, and left out: {names}")


def _of_file(collected: _Collection, table: Table) -> Recorded:
    known = collected.roles
    times = collected.clocks[0].times if collected.clocks else None
    notices: list[Notice] = []
    if known is not None and known.session is not None:
        session, sessions = _by_column(table.columns[known.session])
    elif times is not None:
        back = np.diff(times) < 0
        session = np.concatenate([[0], np.cumsum(back)])
        sessions = tuple(f"recording {number}" for number in range(1, int(session[-1]) + 2))
        if len(sessions) > 1 and not collected.reference.is_complete:
            message = f"the time goes back {len(sessions) - 1:,} times, and a new recording begins at each"
            notices.append(Notice(pointer="/dataset/session", message=message))
    else:
        session, sessions = np.zeros(table.rows, np.intp), ("recording",)
    recorded = _recorded(
        collected, table.sha256, session=session, sessions=sessions, tests=None, labels=(), label=None,
        notices=tuple(notices),
    )  # fmt: skip
    if recorded.clock is not None:
        _refuse_disorder(table, recorded.clock, recorded.session, recorded.order, recorded.roles)
    return recorded


def _by_column(cells: Cells) -> tuple[Rows, tuple[str, ...]]:
    """The recording of each row by a column, numbered in the order of the rows; -1 if it has none."""
    values = [cell.strip() for cell in cells.values or ()]
    names = list(dict.fromkeys(value for value in values if not is_missing(value)))
    places = {name: place for place, name in enumerate(names)}
    codes = np.array([places.get(value, -1) for value in values], np.intp)
    return codes[np.array(cells.codes, np.intp)], tuple(names)


def _recorded(
    collected: _Collection, sha256: str, *, session: Rows, notices: tuple[Notice, ...], **others: Any
) -> Recorded:
    assert collected.table is not None
    assert collected.roles is not None
    order = np.argsort(session, kind="stable")
    is_apart = np.zeros(len(session), bool)
    if not collected.clocks:
        is_apart[1:] = np.diff(order) != 1
    if collected.target is not None and collected.is_folder:
        collected.target.finish()
    left_out = {**collected.looked.left_out(), **dict.fromkeys(collected.roles.times, "times")}
    numbers = {
        name: np.concatenate(parts)[order]
        for name, parts in collected.numbers.items()
        if name not in left_out
    }
    for name in [name for name, values in numbers.items() if name not in collected.reference.columns]:
        if reason := _useless(numbers[name]):
            left_out[name] = reason
            del numbers[name]
    return Recorded(
        file=collected.reference.file,
        sha256=sha256,
        table=collected.table,
        is_folder=collected.is_folder,
        encoding=next(iter(collected.encodings)) if len(collected.encodings) == 1 else None,
        roles=collected.roles,
        numbers=numbers,
        left_out=left_out,
        remarks=collected.looked.remarks,
        session=session[order],
        target=collected.target,
        aim=np.concatenate(collected.aim)[order] if collected.aim else None,
        clock=_sorted(collected.clocks, order),
        is_apart=is_apart,
        order=order,
        notices=notices,
        **others,
    )


def _useless(values: Numbers) -> str:
    """Why a column tells nothing; empty if it does."""
    if np.isnan(values).all():
        return "no values"
    low, high = np.float32(np.nanmin(values)), np.float32(np.nanmax(values))
    return "the same value in all rows" if low == high else ""


def _sorted(clocks: list[Clock], order: Rows) -> Clock | None:
    if not clocks:
        return None
    times = np.concatenate([one.times for one in clocks])
    return Clock(column=clocks[0].column, times=times[order], unit_s=clocks[0].unit_s)


def _check_order(table: Table, clocks: list[Clock], collected: _Collection) -> None:
    if clocks:
        rows = np.arange(collected.rows[-1])
        _refuse_disorder(table, clocks[-1], np.zeros(len(rows), np.intp), rows)


def _refuse_disorder(
    table: Table, found: Clock, session: Rows, order: Rows, known: ColumnRoles | None = None
) -> None:
    """Refuse times that go back within a recording.

    Raises:
        DocumentError: with the line of the first one.
    """
    (back,) = np.nonzero((np.diff(found.times) < 0) & (session[1:] == session[:-1]) & (session[1:] >= 0))
    if not len(back):
        return
    row, numbers = int(order[back[0] + 1]), count()
    line = table.line_where(found.column, lambda _: next(numbers) == row)
    before, after = (float(found.times[back[0] + step]) for step in (0, 1))
    fault = Fault(
        expected="times that do not go back within a recording",
        found=f"{after:.12g} after {before:.12g}",
        hint=_orderly(
            before, after, known.session if known and known.has_found_session and back[1:].size else None
        ),
    )
    raise DocumentError([of_fault(fault, table, found.column, "/dataset/time", line)])


def _orderly(before: float, after: float, session: str | None) -> str:
    """What to do about times that go back; `session` is a column that need not be what it was taken for."""
    if after < HALF_A_DAY < before < 2 * HALF_A_DAY:
        return "write the date with each time, if they pass midnight"
    hint = 'sort the rows, or name the column of the recordings: "session": "..."'
    if session is not None:
        hint += (
            f', or write "columns": {{{quoted(session)}: "ignore"}}: a recording then begins where the time'
        )
        hint += " goes back"
    return hint
