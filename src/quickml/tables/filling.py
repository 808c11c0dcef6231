"""Reads all rows of a table into its columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from quickml.tables.cells import Cells
from quickml.tables.dialect import DELIMITERS, SIGNS
from quickml.tables.records import Records
from quickml.tables.rows import RowChunk, Rows
from quickml.tables.totals import total
from quickml.tables.types import shown

UNLIMITED = 1 << 31

Kind = TypeVar("Kind", bound=Cells)


def filled(
    rows: Rows, ignored: frozenset[str], whole: Callable[[str], bool]
) -> tuple[Rows, dict[str, Cells], int]:
    """Read all rows.

    Args:
        rows: of an opened file.
        ignored: columns that are passed over.
        whole: whether all values of a column are kept, however many.

    Returns:
        The rows, which know now what was passed over; the columns that are not ignored; the number of rows.

    Raises:
        TableError: the file is damaged.
    """
    names = _several(rows)

    def columns(kind: Callable[..., Kind]) -> dict[str, Kind]:
        return {
            name: kind(rows.dialect.decimal, *([UNLIMITED] if whole(name) else []))
            for name in names
            if name not in ignored or name == ""
        }

    if isinstance(rows, Records) and rows.is_large:
        from quickml.tables.arrow.large import filled_large

        large = filled_large(rows, columns)
        if large:
            again, cells, count = large
            return again, dict(cells), count
        rows = rows.certain()
        for _ in rows.chunks():  # says quickly where it is damaged, if it is
            pass
        rows = rows.again()
    if rows.format == "parquet":
        from quickml.tables.arrow.parquet import filled_parquet

        found, count = filled_parquet(rows, columns)
        return rows, dict(found), count
    plain = columns(Cells)
    return rows, plain, _fill(rows, plain)


def _several(rows: Rows) -> list[str]:
    """The names of the columns.

    Raises:
        TableError: there is only one.
    """
    if len(rows.names) == 1:
        found = f"one, {shown(rows.names[0])}" if rows.dialect.header else "one"
        hint = "the fields of a line have commas, semicolons, tabs or vertical lines between them"
        others = [sign for sign in DELIMITERS if sign in rows.names[0] and sign != rows.dialect.delimiter]
        if rows.dialect.header and others:  # the document or the first file says what the delimiter is
            asked, written = (SIGNS[sign] for sign in (rows.dialect.delimiter, others[0]))
            hint = (
                f"its fields have a {written} between them, and not a {asked} as is expected; write all alike"
            )
        if rows.format != "csv":
            hint = 'name another sheet: "sheet": "..."' if rows.sheets > 1 else ""
        line = rows.header_line if rows.format in ("csv", "xlsx") else None
        raise rows.fault("two or more columns", found, hint, line=line)
    return rows.names


def _fill(rows: Rows, columns: Mapping[str, Cells]) -> int:
    kept = [(index, columns[name]) for index, name in enumerate(rows.names) if name in columns]
    count, last, line = 0, [""], 0
    for chunk in rows.chunks():
        if not chunk.rows:
            continue
        across = list(zip(*chunk.rows, strict=True))
        if "\n#" in "\n".join(("", *across[0])):
            _refuse_comments(rows, chunk)
        for index, cells in kept:
            cells.add(across[index])
        count += len(chunk.rows)
        last, line = list(chunk.rows[-1]), chunk.lines[-1]
    if not count:
        raise rows.no_rows()
    if column := total(rows.names, columns, last, count):
        cell = shown(last[rows.names.index(column)])
        raise rows.fault("a row like the others", cell, "remove the line", line=line, column=column)
    return count


def _refuse_comments(rows: Rows, chunk: RowChunk) -> None:
    for row, line in zip(chunk.rows, chunk.lines, strict=True):
        if row[0].startswith("#") and not any(row[1:]):
            raise rows.fault("a row of the table", shown(row[0]), "remove comments", line=line)
