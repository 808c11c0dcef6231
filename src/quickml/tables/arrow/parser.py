"""Parses pieces of a large CSV file: each column in the form that it wants, or all of them as texts.

Numbers and texts are not told apart here: a column has numbers if the reader of small files found nothing
else in its first rows. What pyarrow takes for a number and that reader does not is looked for: leading zeros,
as in codes, infinities, and numbers too large for a model. Then the piece is parsed again, into texts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv

from quickml.tables.arrow.batches import Batch, batch_of
from quickml.tables.arrow.cells import ArrowCells, PreparedTexts
from quickml.tables.numbers import LARGEST, MISSING
from quickml.tables.records import Records
from quickml.tables.rows import MAX_FIELD

_SCANNED_BYTES = 1 << 18
"""Fit into the cache of a processor."""
_LINE_ENDS = np.frombuffer(b"\n\n", np.uint8)
_TYPES = {"numbers": pa.float64(), "values": pa.dictionary(pa.int32(), pa.string()), "texts": pa.string()}


class _TextsNeededError(Exception):
    """Only the texts of the cells show what they mean."""


class Parser:
    """Parses pieces of a file, each in any thread.

    Args:
        rows: of the file.
        columns: by name; they say what they want.
        has_quotes: whether texts may be within quotation marks.
    """

    def __init__(self, rows: Records, columns: Mapping[str, ArrowCells], *, has_quotes: bool) -> None:
        self._names, self._columns, self._has_quotes = rows.names, columns, has_quotes
        self._missing = frozenset({""})  # looking for others as well takes longer
        self._dialect, self._is_checked = rows.dialect, rows.source.codec != "utf-8"

    def parsed(self, piece: memoryview) -> Batch:
        """Check and type some rows; changes nothing.

        Raises:
            UnusualError: see there.
            pyarrow.ArrowInvalid: they are irregular, or no UTF-8.
        """
        if not self._is_checked:
            _check_encoding(piece)
        wanted = [self._columns[name].wanted if name in self._columns else "texts" for name in self._names]
        if set(wanted) == {"texts"} or (
            "numbers" in wanted and has_codes(piece, self._dialect.delimiter, has_quotes=self._has_quotes)
        ):
            return self._as_texts(piece)
        try:
            return self._typed(piece, *self._arrays(piece, [_TYPES[form] for form in wanted]))
        except _TextsNeededError:
            return self._as_texts(piece)
        except pa.ArrowInvalid:
            if self._missing == MISSING:
                return self._as_texts(piece)
        self._missing = MISSING
        return self.parsed(piece)

    def _as_texts(self, piece: memoryview) -> Batch:
        arrays, blank_lines = self._arrays(piece, [pa.string()] * len(self._names))
        return batch_of(arrays, self._names, self._columns, blank_lines=blank_lines)

    def _typed(self, piece: memoryview, arrays: Sequence[Any], blank_lines: int) -> Batch:
        _check_rows(arrays)
        given = {name: _prepared(cells) for name, cells in zip(self._names, arrays, strict=True)}
        return Batch(
            rows=len(arrays[0]),
            empty_rows=0,
            blank_lines=blank_lines,
            columns={name: cells for name, cells in given.items() if name in self._columns},
            last=["" if pa.types.is_floating(cells.type) else cells[-1].as_py() for cells in arrays],
            as_texts=partial(self._as_texts, piece),
        )

    def _arrays(self, piece: memoryview, types: Sequence[Any]) -> tuple[list[Any], int]:
        """The columns, and how many blank lines were passed over."""
        blank_lines = 0

        def passed(row: Any) -> str:
            nonlocal blank_lines
            if row.actual_columns == 1 and (not row.text or row.text.isspace()):
                blank_lines += 1
                return "skip"
            return "error"

        names = [str(index) for index in range(len(types))]
        table = csv.read_csv(
            pa.BufferReader(piece),
            read_options=csv.ReadOptions(use_threads=False, block_size=len(piece) + 1, column_names=names),
            parse_options=csv.ParseOptions(
                delimiter=self._dialect.delimiter,
                quote_char='"' if self._has_quotes else False,
                newlines_in_values=self._has_quotes,
                ignore_empty_lines=False,
                invalid_row_handler=passed,
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict(zip(names, types, strict=True)),
                null_values=sorted(self._missing),
                strings_can_be_null=False,
                check_utf8=False,
                decimal_point=self._dialect.decimal,
            ),
        )
        return [_whole(column) for column in table.columns], blank_lines


def _whole(column: Any) -> Any:
    """A column as one array, without copying it."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _check_encoding(piece: memoryview) -> None:
    """Check all text at once.

    Raises:
        pyarrow.ArrowInvalid: it is no UTF-8.
    """
    ends = pa.py_buffer(np.array([0, len(piece)], np.int32))
    pa.StringArray.from_buffers(1, ends, pa.py_buffer(piece)).validate(full=True)


def _check_rows(arrays: Sequence[Any]) -> None:
    """Check that no row may be empty or a comment, and no text is too long or has other line ends.

    Raises:
        _TextsNeededError: there may be one.
    """
    if not len(arrays[0]):
        raise _TextsNeededError
    are_empty = np.ones(len(arrays[0]), np.bool_)
    for index, cells in enumerate(arrays):
        if pa.types.is_floating(cells.type):
            are_empty = (
                are_empty & cells.is_null().to_numpy(zero_copy_only=False) if are_empty.any() else are_empty
            )
            continue
        is_encoded = pa.types.is_dictionary(cells.type)
        texts = cells.dictionary if is_encoded else cells
        _, places, content = texts.buffers()
        data = memoryview(content if content is not None else b"").tobytes()
        lengths = np.diff(np.frombuffer(places, np.int32)[: len(texts) + 1])
        if lengths.max() > MAX_FIELD or b"\r" in data or (index == 0 and b"#" in data):
            raise _TextsNeededError
        if are_empty.any():
            is_empty = lengths == 0
            are_empty = are_empty & (is_empty[cells.indices.to_numpy()] if is_encoded else is_empty)
    if are_empty.any():
        raise _TextsNeededError


def _prepared(cells: Any) -> PreparedTexts:
    if pa.types.is_dictionary(cells.type):
        return PreparedTexts(encoded=cells)
    if not pa.types.is_floating(cells.type):
        return PreparedTexts(found=cells)
    numbers = cells.fill_null(math.nan).to_numpy()
    if np.count_nonzero(np.isnan(numbers)) != cells.null_count or (np.abs(numbers) > LARGEST).any():
        raise _TextsNeededError
    return PreparedTexts(numbers=numbers)


def has_codes(piece: memoryview, delimiter: str, *, has_quotes: bool) -> bool:
    """Whether a cell may have a leading zero, as codes have: `01067`, `-01`.

    Blanks and signs before the zero are looked over, as pyarrow does.

    Args:
        piece: whole rows.
        delimiter: between cells.
        has_quotes: whether cells may be within quotation marks.
    """
    data = np.frombuffer(piece, np.uint8)
    starts = [ord(delimiter), ord("\n")]
    starts += [ord("\r")] if (data == ord("\r")).any() else []
    starts += [ord('"')] if has_quotes else []
    return _has_codes(np.r_[_LINE_ENDS, data[:_SCANNED_BYTES]], starts) or any(
        _has_codes(data[place - 3 : place + _SCANNED_BYTES], starts)
        for place in range(_SCANNED_BYTES, len(data), _SCANNED_BYTES)
    )


def _has_codes(data: Any, starts: Sequence[int]) -> bool:
    if len(data) < 4:
        return False
    are_starts = data == starts[0]
    for start in starts[1:]:
        are_starts |= data == start
    may_precede = data < ord(".")  # blanks, signs, commas, line ends, quotation marks
    if starts[0] > ord("."):
        may_precede |= are_starts
    found = may_precede[:-3] & may_precede[1:-2]
    found |= are_starts[1:-2]
    found &= data[2:-1] == ord("0")
    found &= (data[3:] - np.uint8(ord("0"))) < 10
    return bool(found.any())
