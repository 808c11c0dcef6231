"""The rows of a sheet of an Excel workbook (.xlsx). Cells become what they would be in a CSV file."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator, Sequence
from io import FileIO
from itertools import islice
from typing import Any, BinaryIO

from quickml.errors import TableError
from quickml.tables.dialect import SAMPLE_ROWS, Asked, Dialect, dialect_of_rows
from quickml.tables.rows import Rows, Where, letters
from quickml.tables.types import shown
from quickml.tables.workbook import Sheet, unpacked

_LARGEST_WHOLE = 1e15
"""Numbers from which on floats are no longer written as whole numbers."""


class SheetRows(Rows):
    """The rows of a sheet."""

    format = "xlsx"

    def __init__(
        self, stream: FileIO, name: str, asked: Asked, sheet: str | None, known: Dialect | None = None
    ) -> None:
        stream.seek(0)
        self._sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        book = unpacked(stream, name, sheet)
        self.sheets, self._about = book.sheets, book.sheet
        self._read, self._left, self._width = _cells(book.content, book.sheet, name)
        where = Where(file=name, sheet=book.sheet.name, unit="row", left=self._left)
        super().__init__(
            where, known or dialect_of_rows(list(islice(self._rows(), SAMPLE_ROWS)), asked), asked.names
        )
        self._found = self._rows()
        for _ in islice(self._found, self.dialect.skipped_lines):
            pass
        self._begin()
        self._refuse_merged()

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        errors, left = self._about.errors, self._left
        for number, row in enumerate(self._read.iter_rows(), 1):
            cells = [_text(value) for value in row[len(row) - self._width :]]
            for column, error in errors.get(number, ()):
                if left < column <= left + len(cells):
                    cells[column - left - 1] = error
            yield number, cells

    def _all(self) -> Iterator[tuple[list[str], int]]:
        for number, cells in self._found:
            yield cells, number

    def _digest(self) -> str:
        return self._sha256

    def _ragged(self, row: Sequence[str], line: int) -> TableError:
        return self.fault(f"{len(self.names)} cells", f"{len(row)}", line=line)

    def _refuse_merged(self) -> None:
        """A merged cell has its value in the first of its places only: the others would be missing."""
        for (top, first), (bottom, last) in self._read.merged_cell_ranges or ():
            if bottom + 1 >= self.header_line and first < self._left + len(self.names) and last >= self._left:
                corner = f"{letters(first + 1)}{top + 1}:{letters(last + 1)}{bottom + 1}"
                hint = "unmerge them, and write the value into each"
                column = max(first - self._left, 0) + 1
                raise self.fault(
                    "a value in each cell", f"merged cells {corner}", hint, line=top + 1, column=column
                )


def _cells(content: BinaryIO, sheet: Sheet, name: str) -> tuple[Any, int, int]:
    """The sheet as the library reads it, how many empty columns it has on the left, and how many follow."""
    import python_calamine

    try:
        found = python_calamine.CalamineWorkbook.from_filelike(content).get_sheet_by_name(sheet.name)
    except python_calamine.CalamineError as error:
        hint = "open it and save it again, or save the sheet as CSV"
        raise TableError(name, "an Excel workbook that can be read", shown(str(error), 100), hint) from None
    if found.start is None:
        raise TableError(
            name, "a table with a header and rows", "an empty sheet", sheet=sheet.name, unit="row"
        )
    return found, found.start[1], found.width


def _text(value: object) -> str:
    """What is in a cell, as a CSV file would have it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _LARGEST_WHOLE else repr(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value)
