"""The rows of a CSV file, with the lines that they begin in; and what is wrong with a row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from quickml.errors import TableError
from quickml.tables.dialect import DELIMITERS, SIGNS, Dialect
from quickml.tables.rows import MAX_FIELD, Rows, Where
from quickml.tables.text import TextFile, undecodable


class Records(Rows):
    """The rows of a CSV file below its header."""

    def __init__(self, source: TextFile, dialect: Dialect, kept: frozenset[str] = frozenset()) -> None:
        super().__init__(Where(file=source.name), dialect, kept)
        self.source, self.encoding = source, source.encoding
        self._lines, self._hash = source.lines()
        self._reader = csv.reader(
            self._checked(self._lines),
            delimiter=dialect.delimiter,
            strict=True,
            skipinitialspace=dialect.has_blanks,
        )
        self._skip(dialect.skipped_lines)
        self._begin()

    is_large = False
    """Whether pyarrow is to read them."""

    def again(self) -> Records:
        """The same rows from the beginning, for another reader."""
        return Records(self.source, self.dialect, self._kept)

    def certain(self) -> Records:
        """The same rows from the beginning, in the encoding that all of the file has."""
        return Records(self.source.certain(), self.dialect, self._kept)

    @property
    def lines_above(self) -> int:
        """Lines above the first row; after the header was read."""
        read = self.dialect.skipped_lines + self._reader.line_num
        return read if self.dialect.header else self.header_line - 1

    def _digest(self) -> str:
        return str(self._hash.hexdigest())

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
                self._has_long = True
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

    def _trail(self, line: int) -> bool:
        """Whether all rows of the sample from a line on end with a delimiter."""
        rows = list(io.StringIO(self.source.sample, newline=None))[line - 1 :]
        if not self.source.is_whole:
            rows.pop()  # it may be cut
        ends = [row.rstrip("\n").endswith(self.dialect.delimiter) for row in rows if row.strip()]
        return bool(ends) and all(ends)

    def _ragged(self, row: Sequence[str], line: int) -> TableError:
        width, sign = len(self.names), SIGNS.get(self.dialect.delimiter, "delimiter")
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
