"""The rows of a CSV file, in chunks, with the lines that they begin in; and what is wrong with a row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from quickml.errors import TableError
from quickml.tables.dialect import DELIMITERS, Dialect
from quickml.tables.text import TextFile, undecodable

CHUNK_ROWS = 2000
MAX_ROWS = 20_000_000
MAX_COLUMNS = 10_000
MAX_FIELD = 1 << 16
"""Characters of a cell."""
MAX_NAME = 200
"""Characters of the name of a column."""
_SIGNS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical line"}
_END_OF_FILE = ["\x1a"]
"""What DOS wrote at the end of a text."""


@dataclass(frozen=True, kw_only=True)
class RowChunk:
    """Some rows, all of the same length."""

    rows: Sequence[Sequence[str]]
    lines: Sequence[int]
    """The line that each row begins in."""


class Records:
    """The rows of a file below its header."""

    def __init__(self, source: TextFile, dialect: Dialect) -> None:
        self.source, self.dialect = source, dialect
        self.blank_lines = self.empty_rows = 0
        self.has_trailing_delimiter = False
        self.is_numbered = False
        """Whether the first column has no name and has to be the numbers of the rows."""
        self.sha256 = ""
        """Known after the last chunk."""
        self._long = False
        self._lines, self._digest = source.lines()
        self._reader = csv.reader(
            self._checked(self._lines),
            delimiter=dialect.delimiter,
            strict=True,
            skipinitialspace=dialect.has_blanks,
        )
        self._skip(dialect.skipped_lines)
        self.names, self._first, self.header_line = self._header()

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
        self.sha256 = self._digest.hexdigest()

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
        if isinstance(column, int) and column <= len(getattr(self, "names", ())):
            column = self.names[column - 1] or column
        return TableError(self.source.name, expected, found, hint, line=line, column=column)

    def _skip(self, count: int) -> None:
        try:
            for _ in islice(self._lines, count):
                pass
        except UnicodeDecodeError:
            raise undecodable(self.source, self.dialect.delimiter) from None

    def _all(self) -> Iterator[tuple[list[str], int]]:
        reader, skipped = self._reader, self.dialect.skipped_lines
        line = skipped + reader.line_num + 1
        try:
            for row in reader:
                yield row, line
                line = skipped + reader.line_num + 1
        except UnicodeDecodeError:
            raise undecodable(self.source, self.dialect.delimiter) from None
        except csv.Error as error:
            raise self._misquoted(str(error), line, skipped + reader.line_num) from None

    def _checked(self, lines: Iterable[str]) -> Iterator[str]:
        """The lines, unless one has characters that no text has."""
        for line in lines:
            if "\0" in line or (not line.isascii() and "\ufeff" in line):
                raise self._strange(line)
            if len(line) > MAX_FIELD:
                self._long = True
            yield line

    def _strange(self, line: str) -> TableError:
        number = self.dialect.skipped_lines + self._reader.line_num + 1
        sign = "\0" if "\0" in line else "\ufeff"
        column = line.split(sign, 1)[0].count(self.dialect.delimiter) + 1
        if sign == "\0":
            hint = 'save the file as UTF-8, or write "encoding": "utf-16" if it is'
            return self.fault("text", "the character NUL", hint, line=number, column=column)
        found = "a byte order mark, which belongs at the beginning of a file"
        hint = "remove it; were several files put together?"
        return self.fault("text", found, hint, line=number, column=column)

    def _header(self) -> tuple[list[str], list[list[str]], int]:
        """The names of the columns, the rows that were read for them, and the line of these."""
        for row, line in self._all():
            if not any(cell and not cell.isspace() for cell in row):
                self.blank_lines += line > 1 or not row
                continue
            if len(row) > MAX_COLUMNS + 1:
                expected, found = f"at most {MAX_COLUMNS:,} columns", f"{len(row):,}"
                raise self.fault(expected, found, "leave columns out", line=line)
            if not self.dialect.header:
                return [f"column {number}" for number in range(1, len(row) + 1)], [row], line
            return self._named([cell.strip() for cell in row], line), [], line
        raise self.fault("a table with a header and rows", "no row")

    def _named(self, names: list[str], line: int) -> list[str]:
        if len(names) > 1 and not names[-1] and self._trail(line):
            self.has_trailing_delimiter = True
            names.pop()
        if len(names) > MAX_COLUMNS:
            raise self.fault(f"at most {MAX_COLUMNS:,} columns", f"{len(names):,}", line=line)
        known: dict[str, int] = {}
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
            known[name] = number
        return names

    def unnamed(self, line: int, number: int) -> TableError:
        """The error for a column without a name."""
        hint = 'write one, or "header": false if this line is a row of the table'
        return self.fault("a name for each column", "none", hint, line=line, column=number)

    def _trail(self, line: int) -> bool:
        """Whether all rows of the sample from a line on end with a delimiter."""
        rows = list(io.StringIO(self.source.sample, newline=None))[line - 1 :]
        if not self.source.is_whole:
            rows.pop()  # it may be cut
        ends = [row.rstrip("\n").endswith(self.dialect.delimiter) for row in rows if row.strip()]
        return bool(ends) and all(ends)

    def _clean(self, rows: list[list[str]], lines: list[int]) -> RowChunk:
        width = len(self.names)
        if set(map(len, rows)) != {width} or not all(map(any, rows)):
            rows, lines = self._full(rows, lines)
        if self._long:
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

    def _ragged(self, row: Sequence[str], line: int) -> TableError:
        width, sign = len(self.names), _SIGNS.get(self.dialect.delimiter, "delimiter")
        expected = f"{width:,} field{'s' * (width != 1)} as in line {self.header_line:,}"
        if self.has_trailing_delimiter:
            expected += f" and a {sign} at the end"
        if row[0].lstrip().startswith("#"):
            hint = "remove comments"
        elif len(row) > width and not row[-1]:
            hint = f"remove the {sign} at the end of the line"
        elif len(row) == width + 1 and line == self.header_line + 1 and self.dialect.header:
            hint = (
                f"is a name missing in line {self.header_line:,}, or are quotes around a text with a {sign}?"
            )
        elif len(row) > width:
            hint = f"put quotes around a text that has a {sign} in it"
        elif any("\n" in cell for cell in row):
            hint = "is a quotation mark missing? A text within quotes goes on over the end of the line"
        elif len(row) == 1 and any(other in row[0] for other in DELIMITERS):
            hint = "the other lines have another delimiter"
        else:
            hint = "complete the row, or remove it"
        column = len(row) + 1 if len(row) < width else None  # the first that is missing
        return self.fault(expected, f"{len(row):,}", hint, line=line, column=column)

    def _check_fields(self, rows: Sequence[Sequence[str]], lines: Sequence[int]) -> None:
        self._long = False
        for row, line in zip(rows, lines, strict=True):
            for number, cell in enumerate(row, 1):
                if len(cell) > MAX_FIELD:
                    expected, found = f"at most {MAX_FIELD:,} characters in a field", f"{len(cell):,}"
                    hint = "is a quotation mark missing?" if "\n" in cell else "shorten it"
                    raise self.fault(expected, found, hint, line=line, column=number)

    def _misquoted(self, reason: str, first: int, last: int) -> TableError:
        """What is wrong with the quotation marks of a row, which begins in line `first`."""
        column, text = open_field(self._lines_between(first, last), self.dialect.delimiter)
        begins = f"the text that begins with {text[:20]!r}"
        if "field larger" in reason:
            return self._too_long(first, column)
        if "unexpected end" in reason:
            expected, hint = f"a quotation mark at the end of {begins}", "add it, or remove the first one"
            return self.fault(expected, "the end of the file", hint, line=first, column=column)
        expected = f"a delimiter or the end of the line after {begins} and ends with a quotation mark"
        hint = 'write a quotation mark within quotes twice: ""'
        return self.fault(expected, "other text", hint, line=last, column=column)

    def _too_long(self, line: int, column: int) -> TableError:
        fields = next(self._lines_between(line, line), "").split(self.dialect.delimiter)
        long = [number for number, text in enumerate(fields, 1) if len(text) > MAX_FIELD]
        hint = "shorten it" if long else "is a quotation mark missing?"
        expected, column = f"at most {MAX_FIELD:,} characters in a field", long[0] if long else column
        return self.fault(expected, "more", hint, line=line, column=column)

    def _lines_between(self, first: int, last: int) -> Iterator[str]:
        lines, _ = self.source.lines()
        try:
            yield from islice(lines, first - 1, last)
        except UnicodeDecodeError:
            return


def open_field(lines: Iterable[str], delimiter: str) -> tuple[int, str]:
    """The field with the wrong quotation mark: its number from 1 in the row, and its text."""
    number, text, is_quoted, is_start, closed = 1, "", False, True, False
    for character in (one for line in lines for one in line):
        if is_quoted and not closed:
            closed = character == '"'
            text += character if not closed and len(text) < 100 else ""
        elif closed and character == '"':
            closed = False
            text += character if len(text) < 100 else ""
        elif character == delimiter:
            number, text, is_quoted, is_start, closed = number + 1, "", False, True, False
        elif closed and character != "\n":
            return number, text
        elif is_start and character == '"':
            is_quoted, is_start, text = True, False, ""
        else:
            is_start = is_start and character == " "
            text += character if len(text) < 100 else ""
    return number, text
