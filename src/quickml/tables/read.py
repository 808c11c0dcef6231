"""Read a table: its columns with their types, how the file is written, and all that was found out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from quickml.errors import TableError
from quickml.tables.cells import Cells
from quickml.tables.dialect import Asked, Dialect, dialect
from quickml.tables.records import Records, RowChunk
from quickml.tables.text import Encoding, opened, source
from quickml.tables.types import shown

_TOTALS = frozenset(
    {
        "total", "totals", "grand total", "sum", "sums", "average", "mean", "summe", "gesamt", "gesamtsumme",
        "mittelwert", "total general", "suma", "somme",
    }
)  # fmt: skip
_FEW = 3
"""Rows below which the last one is not compared with the others."""
UNLIMITED = 1 << 31


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table that was read."""

    file: str
    """What messages call the file."""
    path: Path
    sha256: str
    encoding: Encoding
    asked_encoding: Encoding | None
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
            with opened(self.path, self.file) as stream:
                for chunk in Records(source(stream, self.file, self.asked_encoding), self.dialect).chunks():
                    for row, line in zip(chunk.rows, chunk.lines, strict=True):
                        if is_it(row[index]):
                            return line
        except TableError:  # the file has changed
            pass
        return None


def read(
    path: Path,
    file: str,
    *,
    asked: Asked | None = None,
    encoding: Encoding | None = None,
    ignored: frozenset[str] = frozenset(),
    whole: Callable[[str], bool] = lambda name: False,  # noqa: ARG005
) -> Table:
    """Read a CSV file.

    Args:
        path: of the file.
        file: what messages call it.
        asked: how it is written, as far as that is known.
        encoding: if known.
        ignored: columns that are passed over.
        whole: whether all values of a column are kept, however many.

    Raises:
        TableError: the file cannot be read, or is damaged.
    """
    with opened(path, file) as stream:
        text = source(stream, file, encoding)
        found = dialect(text.sample, is_whole=text.is_whole, asked=asked or Asked())
        records = Records(text, found)
        columns = {
            name: Cells(found.decimal, *([UNLIMITED] if whole(name) else []))
            for name in _several(records)
            if name not in ignored or name == ""
        }
        rows = _fill(records, columns)
        for cells in columns.values():
            cells.finish()
        numbered = _numbered(records, columns) if records.is_numbered else None
    return Table(
        file=file,
        path=path,
        sha256=records.sha256,
        encoding=text.encoding,
        asked_encoding=encoding,
        dialect=found,
        names=tuple(records.names),
        header_line=records.header_line,
        rows=rows,
        columns=columns,
        numbered=numbered,
        blank_lines=records.blank_lines,
        empty_rows=records.empty_rows,
        has_trailing_delimiter=records.has_trailing_delimiter,
    )


def _several(records: Records) -> list[str]:
    """The names of the columns.

    Raises:
        TableError: there is only one.
    """
    if len(records.names) == 1:
        found = f"one, {shown(records.names[0])}" if records.dialect.header else "one"
        hint = "the fields of a line have commas, semicolons, tabs or vertical lines between them"
        raise records.fault("two or more columns", found, hint, line=records.header_line)
    return records.names


def _fill(records: Records, columns: dict[str, Cells]) -> int:
    kept = [(index, columns[name]) for index, name in enumerate(records.names) if name in columns]
    rows, last, line = 0, [""], 0
    for chunk in records.chunks():
        if not chunk.rows:
            continue
        across = list(zip(*chunk.rows, strict=True))
        if "\n#" in "\n".join(("", *across[0])):
            _refuse_comments(records, chunk)
        for index, cells in kept:
            cells.add(across[index])
        rows += len(chunk.rows)
        last, line = list(chunk.rows[-1]), chunk.lines[-1]
    if not rows:
        if not records.dialect.header:
            raise records.fault("a table with rows", "none")
        raise records.fault("rows below the header", "none", line=records.header_line)
    _refuse_totals(records, columns, last, line, rows)
    return rows


def _refuse_comments(records: Records, chunk: RowChunk) -> None:
    for row, line in zip(chunk.rows, chunk.lines, strict=True):
        if row[0].startswith("#") and not any(row[1:]):
            raise records.fault("a row of the table", shown(row[0]), "remove comments", line=line)


def _refuse_totals(
    records: Records, columns: dict[str, Cells], last: list[str], line: int, rows: int
) -> None:
    """Refuse a last row that sums up the others: it would be learned as one of them."""
    if rows < _FEW:
        return
    for name, cell in zip(records.names, last, strict=True):
        if cell.strip().rstrip(":").casefold() in _TOTALS and name in columns:
            known = columns[name].occurrences()
            if known.get(cell, 1) == 1:
                hint = "remove the line"
                raise records.fault("a row like the others", shown(cell), hint, line=line, column=name)


def _numbered(records: Records, columns: dict[str, Cells]) -> str | None:
    """Check that the first column, which has no name, has the numbers of the rows."""
    numbers = columns.pop("").as_numbers()
    start = numbers[0]
    if start not in (0, 1) or any(value != start + index for index, value in enumerate(numbers)):
        raise records.unnamed(records.header_line, 1)
    return ""
