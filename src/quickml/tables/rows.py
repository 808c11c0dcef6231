"""The rows of a table below its header, whatever its format, in chunks; and what is wrong with a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from quickml.errors import TableError
from quickml.tables.dialect import Dialect
from quickml.tables.folding import folded, told_apart
from quickml.tables.text import Encoding

CHUNK_ROWS = 2000
MAX_ROWS = 20_000_000
MAX_COLUMNS = 10_000
MAX_FIELD = 1 << 16
"""Characters of a cell."""
MAX_NAME = 200
"""Characters of the name of a column."""
_END_OF_FILE = ["\x1a"]
"""What DOS wrote at the end of a text."""


@dataclass(frozen=True, kw_only=True)
class RowChunk:
    """Some rows, all of the same length."""

    rows: Sequence[Sequence[str]]
    lines: Sequence[int]
    """The line that each row begins in."""


@dataclass(frozen=True, kw_only=True)
class Where:
    """What messages call a file, its lines and its columns."""

    file: str
    sheet: str | None = None
    unit: str = "line"
    """`row` if they are no lines of text."""
    left: int | None = None
    """Of a sheet, the empty columns on the left of the table; None if columns have no letters."""

    def fault(
        self,
        names: Sequence[str],
        expected: str,
        found: str,
        hint: str = "",
        *,
        line: int | None = None,
        column: int | str | None = None,
    ) -> TableError:
        """An error about the file; a column is its number from 1, or one of the names."""
        number = names.index(column) + 1 if column in names else column
        letter = letters(number + self.left) if isinstance(number, int) and self.left is not None else ""
        if isinstance(number, int) and number <= len(names):
            column = names[number - 1] or number
        if self.unit != "line":
            hint = hint.replace("the line", f"the {self.unit}").replace("this line", f"this {self.unit}")
        return TableError(
            self.file,
            expected,
            found,
            hint,
            line=line,
            column=column,
            sheet=self.sheet,
            unit=self.unit,
            letter=letter,
        )


def letters(number: int) -> str:
    """What a sheet calls a column: `A` for 1, `AA` for 27."""
    name = ""
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name


class Rows:
    """The rows of a file below its header. Each format derives from it.

    Args:
        where: what messages call the file and what is in it.
        dialect: how it is written.
        kept: names of columns that may be alike, because the document has them all.
    """

    format = "csv"
    encoding: Encoding | None = None
    """Of a text."""
    sheets = 1
    """How many sheets with cells the file has."""

    def __init__(self, where: Where, dialect: Dialect, kept: frozenset[str] = frozenset()) -> None:
        self.where, self.dialect, self._kept = where, dialect, kept
        self.names: list[str] = []
        self.header_line = 1
        self.blank_lines = self.empty_rows = 0
        self.has_trailing_delimiter = False
        self.is_numbered = False
        """Whether the first column has no name and has to be the numbers of the rows."""
        self.sha256 = ""
        """Known after the last chunk."""
        self._first: list[list[str]] = []
        self._has_long = False
        """Whether a field may be too long."""

    def _all(self) -> Iterator[tuple[list[str], int]]:
        """All rows that follow, with the lines that they begin in. It goes on where it ended before."""
        raise NotImplementedError

    def _digest(self) -> str:
        """The SHA-256 of the file, after the last row."""
        raise NotImplementedError

    def _trail(self, line: int) -> bool:  # noqa: ARG002
        """Whether all rows from a line on end with a delimiter."""
        return False

    def _ragged(self, row: Sequence[str], line: int) -> TableError:
        """The error for a row that has not as many fields as the header."""
        raise NotImplementedError

    def _begin(self) -> None:
        """Read the names of the columns, and the first row if there are none."""
        for row, line in self._all():
            if not any(cell and not cell.isspace() for cell in row):
                self.blank_lines += line > 1 or not row
                continue
            if len(row) > MAX_COLUMNS + 1:
                expected, found = f"at most {MAX_COLUMNS:,} columns", f"{len(row):,}"
                raise self.fault(expected, found, "leave columns out", line=line)
            self.header_line = line
            if self.dialect.header:
                self.names = self._named([cell.strip() for cell in row], line)
            else:
                self.names, self._first = [f"column {number}" for number in range(1, len(row) + 1)], [row]
            return
        raise self.fault("a table with a header and rows", "no row")

    def chunks(self) -> Iterator[RowChunk]:
        """All rows.

        Raises:
            TableError: the file is damaged, or its rows differ in length.
        """
        count = 0
        rows, lines = self._first, [self.header_line] * len(self._first)
        for row, line in self._all():
            rows.append(row)
            lines.append(line)
            if len(rows) >= CHUNK_ROWS:
                yield self._clean(rows, lines)
                count += len(rows)
                if count > MAX_ROWS:
                    raise self.fault(f"at most {MAX_ROWS:,} rows", "more", "take fewer", line=line)
                rows, lines = [], []
        if rows and [*rows[-1]] == _END_OF_FILE:
            del rows[-1], lines[-1]
        if rows:
            yield self._clean(rows, lines)
        self.sha256 = self._digest()

    def fault(
        self,
        expected: str,
        found: str,
        hint: str = "",
        *,
        line: int | None = None,
        column: int | str | None = None,
    ) -> TableError:
        """An error about this file; a column is its number from 1, or its name."""
        return self.where.fault(self.names, expected, found, hint, line=line, column=column)

    def _named(self, names: list[str], line: int | None) -> list[str]:
        if len(names) > 1 and not names[-1] and line and self._trail(line):
            self.has_trailing_delimiter = True
            names.pop()
        if len(names) > MAX_COLUMNS:
            raise self.fault(f"at most {MAX_COLUMNS:,} columns", f"{len(names):,}", line=line)
        known: dict[str, int] = {}
        alike: dict[str, str] = {}
        for number, name in enumerate(names, 1):
            if not name and number == 1 and len(names) > 1:
                self.is_numbered = True  # as pandas and R write them; the cells are checked
            elif not name:
                raise self.unnamed(line, number)
            if name in known:
                found = f"{name!r} also in column {known[name]}"
                raise self.fault("a name of its own for each column", found, "rename one of them", line=line,
                                 column=number)  # fmt: skip
            if len(name) > MAX_NAME:
                expected, found = f"a name of at most {MAX_NAME} characters", f"{len(name):,}"
                raise self.fault(expected, found, "shorten it", line=line, column=number)
            self._refuse_alike(name, number, alike, line)
            known[name] = number
        return names

    def _refuse_alike(self, name: str, number: int, alike: dict[str, str], line: int | None) -> None:
        """Refuse a name that people cannot tell from another one, unless the document has both."""
        other = alike.setdefault(folded(name), name)
        if other != name and not {name, other} <= self._kept:
            found = " and ".join(told_apart(other, name))
            expected = "names that differ by more than case, blanks or the form of letters"
            hint = 'rename one, or list both in "columns"'
            raise self.fault(expected, found, hint, line=line, column=number)

    def no_rows(self) -> TableError:
        """The error for a file without a row."""
        found, hint = "none", "save it with its rows, or leave it out"
        if self.empty_rows:
            found, hint = f"{self.empty_rows:,} that are empty in all columns", "fill them"
        if not self.dialect.header:
            return self.fault("a table with rows", found, hint)
        return self.fault("rows below the header", found, hint, line=self.header_line)

    def unnamed(self, line: int | None, number: int) -> TableError:
        """The error for a column without a name."""
        hint = 'write one, or "header": false if this line is a row of the table'
        if line is not None:
            hint += f', or "header": {line + 1} if the names are in the next one'
        return self.fault("a name for each column", "none", hint, line=line, column=number)

    def _clean(self, rows: list[list[str]], lines: list[int]) -> RowChunk:
        width = len(self.names)
        if set(map(len, rows)) != {width} or not all(map(any, rows)):
            rows, lines = self._full(rows, lines)
        if self._has_long:
            self._check_fields(rows, lines)
        return RowChunk(rows=rows, lines=lines)

    def _full(self, rows: Sequence[list[str]], lines: Sequence[int]) -> tuple[list[list[str]], list[int]]:
        """The rows that have something in them, in the right length."""
        kept, places, width = [], [], len(self.names)
        for row, line in zip(rows, lines, strict=True):
            if not any(row) or (len(row) == 1 < width and row[0].isspace()):
                self.blank_lines += len(row) <= 1
                self.empty_rows += len(row) > 1
                continue
            if (
                len(row) == width + 1
                and not row[-1]
                and (self.has_trailing_delimiter or self._trail(self.header_line + 1))
            ):
                self.has_trailing_delimiter = True
                del row[-1]
            if len(row) != width:
                raise self._ragged(row, line)
            kept.append(row)
            places.append(line)
        return kept, places

    def _check_fields(self, rows: Sequence[Sequence[str]], lines: Sequence[int]) -> None:
        self._has_long = False
        for row, line in zip(rows, lines, strict=True):
            for number, cell in enumerate(row, 1):
                if len(cell) > MAX_FIELD:
                    expected, found = f"at most {MAX_FIELD:,} characters in a field", f"{len(cell):,}"
                    hint = "is a quotation mark missing?" if "\n" in cell else "shorten it"
                    raise self.fault(expected, found, hint, line=line, column=number)
