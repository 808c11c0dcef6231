"""The rows of a file with a JSON object in each line. Values are read like the cells of a CSV file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO

from quickml.errors import TableError
from quickml.tables.dialect import SAMPLE_ROWS, Asked, Dialect, dialect_of_values
from quickml.tables.rows import MAX_COLUMNS, MAX_FIELD, Rows, Where
from quickml.tables.text import source, undecodable
from quickml.tables.types import shown

_WORDS = {None: "", True: "true", False: "false"}


class _Pairs(list[tuple[str, Any]]):
    """The keys and values of an object, as they are written."""


class JsonLines(Rows):
    """The rows of JSON lines. A key that an object does not have is a missing value."""

    format = "jsonl"

    def __init__(self, stream: BinaryIO, name: str, asked: Asked, known: Dialect | None = None) -> None:
        self._source = source(stream, name, "utf-8")
        super().__init__(Where(file=name), known or dialect_of_values([], asked), asked.names)
        first = self._keys()
        self._begin_with(list(first))
        if known is None:
            self.dialect = dialect_of_values(list(islice(self._cells(), SAMPLE_ROWS)), asked)
        self._rows = self._cells()

    def _begin_with(self, keys: list[str]) -> None:
        self.encoding = "utf-8"
        if not keys:
            raise self.fault("an object with keys in each line", "none")
        self.names = self._named([key.strip() for key in keys], None)
        self._places = {key: place for place, key in enumerate(keys)}

    def _keys(self) -> dict[str, int]:
        """All keys, each with the line that has it first."""
        keys: dict[str, int] = {}
        for line, pairs in self._objects():
            for key, _ in pairs:
                keys.setdefault(key, line)
            if len(keys) > MAX_COLUMNS:
                expected = f"at most {MAX_COLUMNS:,} keys in all lines"
                raise self.fault(expected, "more", "leave some out", line=line)
        return keys

    def _cells(self) -> Iterator[tuple[int, list[str]]]:
        width = len(self._places)
        for line, pairs in self._objects():
            cells = [""] * width
            for key, value in pairs:
                cells[self._places[key]] = value
            yield line, cells

    def _all(self) -> Iterator[tuple[list[str], int]]:
        for line, cells in self._rows:
            yield cells, line

    def _digest(self) -> str:
        return str(self._hash.hexdigest())

    def _ragged(self, row: Sequence[str], line: int) -> TableError:
        return self.fault(f"{len(self.names)} values", f"{len(row)}", line=line)

    def unnamed(self, line: int | None, number: int) -> TableError:
        """The error for an empty key."""
        return self.fault("keys with letters", "an empty one", "give it a name", line=line, column=number)

    def _objects(self) -> Iterator[tuple[int, _Pairs]]:
        """The objects with their lines, their values as texts."""
        lines, self._hash = self._source.lines()
        line = self.blank_lines = 0
        try:
            for line, text in enumerate(lines, 1):
                if text.isspace():
                    self.blank_lines += 1
                else:
                    yield line, self._object(text, line)
        except UnicodeDecodeError:
            error = undecodable(self._source)
            raise self.fault(error.expected, error.found, error.hint, line=error.line) from None

    def _object(self, text: str, line: int) -> _Pairs:
        try:
            found = json.loads(
                text, object_pairs_hook=_Pairs, parse_int=str, parse_float=str, parse_constant=str
            )
        except RecursionError:
            raise self._nested("a deep one", line) from None
        except ValueError as error:
            reason = str(error).partition(": line ")[0].lower()
            column = f" at character {error.pos + 1:,}" if isinstance(error, json.JSONDecodeError) else ""
            hint = 'write an object such as {"area": 5} in each line'
            raise self.fault("a JSON object", f"an error: {reason}{column}", hint, line=line) from None
        if not isinstance(found, _Pairs):
            hint = 'write an object such as {"area": 5} in each line'
            raise self.fault("a JSON object", _kind(found), hint, line=line)
        return self._as_texts(found, line, may_be_strange="\\u" in text or not text.isascii())

    def _as_texts(self, pairs: _Pairs, line: int, *, may_be_strange: bool) -> _Pairs:
        if len(dict(pairs)) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise self.fault("each key once", f"{shown(twice)} twice", "remove one", line=line)
        for place, (key, value) in enumerate(pairs):
            if not isinstance(value, str):
                if not isinstance(value, bool | None):
                    raise self._nested(_kind(value), line, key)
                pairs[place] = key, _WORDS[value]
            elif len(value) > MAX_FIELD:
                self._has_long = True
            if may_be_strange and (strange := _strange(key) or _strange(pairs[place][1])):
                raise self.fault("text", strange, "remove it", line=line, column=key)
        return pairs

    def _nested(self, found: str, line: int, key: str | None = None) -> TableError:
        hint = "give each of its values a key of its own"
        return self.fault("a text, a number, true, false or null", found, hint, line=line, column=key)


def _kind(value: object) -> str:
    return "an object" if isinstance(value, _Pairs) else "a list" if isinstance(value, list) else "a value"


def _strange(text: str) -> str:
    """What a text has that no text has."""
    if "\0" in text:
        return "the character NUL"
    if "\ufeff" in text:
        return "a byte order mark"
    return "half of a character" if any("\ud800" <= letter <= "\udfff" for letter in text) else ""
