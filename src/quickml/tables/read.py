"""Read a table: its columns with their types, how the file is written, and all that was found out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from quickml.errors import TableError
from quickml.tables.cells import Cells
from quickml.tables.dialect import Asked, Dialect
from quickml.tables.filling import filled
from quickml.tables.formats import Reading, opened_rows
from quickml.tables.rows import Rows, Where
from quickml.tables.text import Encoding


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table that was read."""

    file: str
    """What messages call the file."""
    path: Path
    sha256: str
    format: str
    """`csv`, `xlsx`, `jsonl` or `parquet`."""
    encoding: Encoding | None
    """Of a text."""
    reading: Reading
    """How it can be read again."""
    where: Where
    sheets: int
    """How many sheets with cells it has."""
    dialect: Dialect
    names: tuple[str, ...]
    """Of the columns, in order."""
    header_line: int
    rows: int
    columns: dict[str, Cells]
    """The cells of all columns that are not ignored."""
    numbered: str | None = None
    """The column without a name that has the numbers of the rows."""
    blank_lines: int = 0
    empty_rows: int = 0
    has_trailing_delimiter: bool = False
    _lines: dict[tuple[str, str], int | None] = field(default_factory=dict)

    def line_of(self, column: str, cell: str) -> int | None:
        """The first line in which a column has this cell. Reads the file again."""
        index = self.names.index(column)
        if (column, cell) not in self._lines:
            self._lines[column, cell] = self._line(index, lambda found: found == cell)
        return self._lines[column, cell]

    def line_where(self, column: str, is_it: Callable[[str], bool]) -> int | None:
        """The first line in which a cell of a column is of a kind. Reads the file again."""
        return self._line(self.names.index(column), is_it)

    def _line(self, index: int, is_it: Callable[[str], bool]) -> int | None:
        try:
            with opened_rows(self.path, self.file, self.reading) as rows:
                for chunk in rows.chunks():
                    for row, line in zip(chunk.rows, chunk.lines, strict=True):
                        if is_it(row[index]):
                            return line
        except TableError:  # the file has changed
            pass
        return None

    @property
    def sheet(self) -> str | None:
        """Of a workbook, the sheet that was read."""
        return self.where.sheet

    @property
    def is_text(self) -> bool:
        """Whether it is a CSV file, which has an encoding and delimiters."""
        return self.format == "csv"

    @property
    def has_lines(self) -> bool:
        """Whether names of columns are in one of its lines, if it has any."""
        return self.format in ("csv", "xlsx")

    def fault(
        self, expected: str, found: str, hint: str = "", *, line: int | None = None, column: str | None = None
    ) -> TableError:
        """An error about this file."""
        return self.where.fault(self.names, expected, found, hint, line=line, column=column)


def read(
    path: Path,
    file: str,
    *,
    asked: Asked | None = None,
    encoding: Encoding | None = None,
    sheet: str | None = None,
    ignored: frozenset[str] = frozenset(),
    whole: Callable[[str], bool] = lambda name: False,  # noqa: ARG005
) -> Table:
    """Read a table: a CSV file, an Excel workbook, JSON lines or a Parquet file.

    Args:
        path: of the file.
        file: what messages call it.
        asked: how it is written, as far as that is known.
        encoding: if known.
        sheet: of a workbook, if known.
        ignored: columns that are passed over.
        whole: whether all values of a column are kept, however many.

    Raises:
        TableError: the file cannot be read, or is damaged.
    """
    how = Reading(asked=asked or Asked(), encoding=encoding, sheet=sheet, may_be_fast=True)
    with opened_rows(path, file, how) as first:
        rows, columns, count = filled(first, ignored, whole)
        for cells in columns.values():
            cells.finish()
        numbered = _numbered(rows, columns) if rows.is_numbered else None
        return Table(
            file=file,
            path=path,
            sha256=rows.sha256,
            format=rows.format,
            encoding=rows.encoding,
            reading=Reading(
                asked=how.asked, encoding=rows.encoding, sheet=rows.where.sheet, dialect=rows.dialect
            ),
            where=rows.where,
            sheets=rows.sheets,
            dialect=rows.dialect,
            names=tuple(rows.names),
            header_line=rows.header_line,
            rows=count,
            columns=columns,
            numbered=numbered,
            blank_lines=rows.blank_lines,
            empty_rows=rows.empty_rows,
            has_trailing_delimiter=rows.has_trailing_delimiter,
        )


def _numbered(rows: Rows, columns: dict[str, Cells]) -> str | None:
    """Check that the first column, which has no name, has the numbers of the rows."""
    numbers = columns.pop("").as_numbers()
    start = numbers[0]
    if start not in (0, 1) or any(value != start + index for index, value in enumerate(numbers)):
        raise rows.unnamed(rows.header_line, 1)
    return ""
