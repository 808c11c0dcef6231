"""The cells of a column, filled with whole arrays of texts instead of texts one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from quickml.tables.cells import MOST_HASHES, Cells
from quickml.tables.numbers import LARGEST, MISSING, MISSING_TEXTS, Decimal
from quickml.tables.rows import CHUNK_ROWS

Texts = Any
"""A `pyarrow.StringArray` without nulls."""

Places = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]
_ALLOWED = {".": b"0123456789.eE+-", ",": b"0123456789,eE+-"}
_LONGEST = max(map(len, MISSING_TEXTS))
_TO_POINT = bytes.maketrans(b",", b".")


Wanted = Literal["numbers", "values", "texts"]
"""What a column wants from the parser: numbers, each value once with codes per row, or all texts."""


@dataclass(frozen=True, kw_only=True)
class PreparedTexts:
    """The cells of some rows, with what was made of them before it was their turn."""

    found: Texts = None
    """None if there are only numbers, or codes."""
    numbers: npt.NDArray[np.float64] | None = None
    encoded: Any = None
    """`pyarrow.DictionaryArray`, with each text once, in the order of the rows."""

    @property
    def texts(self) -> Texts:
        """The cells, if there are not only numbers."""
        return self.encoded.dictionary_decode() if self.found is None else self.found


class ArrowCells(Cells):
    """Holds the same as `Cells` after the same cells, whichever way they are added."""

    _is_plain = True
    """Whether the parser could read all numbers so far."""

    @property
    def wanted(self) -> Wanted:
        """What the next rows are wanted as; other forms are taken, too."""
        if self.numbers is not None:
            return "numbers" if self._is_plain else "texts"
        return "values" if self._values is not None or self._wants_different else "texts"

    @property
    def _wants_different(self) -> bool:
        """Whether more is done with texts than to count them."""
        return self.counts.may_differ or self._may_have_numbers

    def prepared(self, texts: Texts) -> PreparedTexts:
        """Type cells that will be added; changes nothing."""
        if self.numbers is not None:
            return PreparedTexts(found=texts, numbers=plain_numbers(texts, self.decimal))
        if self._values is not None or self._wants_different:
            return PreparedTexts(found=texts, encoded=texts.dictionary_encode())
        return PreparedTexts(found=texts)

    def can_take(self, given: PreparedTexts) -> bool:
        """Whether cells are there in a form that they are needed in now."""
        return self.numbers is not None or not (given.found is None and given.encoded is None)

    def add_prepared(self, given: PreparedTexts) -> None:
        """Take the cells of further rows."""
        if self.numbers is not None:
            found = given.numbers
            found = plain_numbers(given.texts, self.decimal) if found is None else found
            self._is_plain = found is not None
            self._add_pieces(given.texts) if found is None else self._add_numbers(found)
        elif self._values is not None:
            self._add_codes(given)
        else:
            self._add_counted(given)

    def _add_numbers(self, found: npt.NDArray[np.float64]) -> None:
        self.rows += len(found)
        self.marks.units.add("")
        assert self.numbers is not None
        self.numbers.frombytes(found.view(np.uint8).data)

    def _add_codes(self, given: PreparedTexts) -> None:
        known, encoded = self._values, given.encoded
        assert known is not None
        encoded = given.texts.dictionary_encode() if encoded is None else encoded
        found = encoded.dictionary.to_pylist()
        if len(found) > self._most or len(known.keys() | set(found)) > self._most:
            self._add_pieces(given.texts)
            return
        codes = np.array([known[text] for text in found], dtype=self.codes.typecode)
        of_rows = codes.take(encoded.indices.to_numpy(), mode="clip")  # without looking for wrong ones
        self.codes.frombytes(of_rows.view(np.uint8).data)
        self.rows += len(encoded)

    def _add_pieces(self, texts: Texts) -> None:
        """The first piece may change what is kept of the column; the others are added as that wants them."""
        for start in range(0, len(texts), CHUNK_ROWS):
            piece = texts[start : start + CHUNK_ROWS]
            if self._values is None and self.numbers is None:
                self._add_counted(PreparedTexts(found=texts[start:]))
                return
            numbers = plain_numbers(piece, self.decimal) if self.numbers is not None else None
            self.add(piece.to_pylist()) if numbers is None else self._add_numbers(numbers)

    def _add_counted(self, given: PreparedTexts) -> None:
        counts, encoded = self.counts, given.encoded
        if encoded is None:
            encoded = given.texts.dictionary_encode() if self._wants_different else None
        if encoded is None:
            self._add_texts(given.texts)
            return
        self.rows += len(encoded)
        different = encoded.dictionary
        if counts.may_differ:
            self._add_hashes(given, different)
        if self._may_have_numbers:
            for cell, count in zip(different.to_pylist(), _rows(encoded).tolist(), strict=True):
                counts.add(cell, count, self._parsed(cell), self.decimal)
            return
        are_missing = pc.is_in(different, value_set=_set(MISSING_TEXTS)).to_numpy(zero_copy_only=False)
        missing = int(_rows(encoded)[are_missing].sum()) if are_missing.any() else 0
        counts.missing += missing
        counts.texts += len(encoded) - missing

    @property
    def _may_have_numbers(self) -> bool:
        """Whether each text is looked at, because some were numbers."""
        return bool(self.counts.numbers or self.counts.others or self.counts.codes)

    def _add_texts(self, texts: Texts) -> None:
        self.rows += len(texts)
        missing = _count_missing(texts)
        self.counts.missing += missing
        self.counts.texts += len(texts) - missing

    def _add_hashes(self, given: PreparedTexts, different: Texts) -> None:
        """In pieces if there may be too many, because the reader of small files stops after one of them."""
        hashes = self.counts.hashes
        if len(hashes) + len(different) < MOST_HASHES:
            hashes.update(map(hash, different.to_pylist()))
            return
        texts = given.texts
        for start in range(0, len(texts), CHUNK_ROWS):
            if len(hashes) >= MOST_HASHES:
                break
            hashes.update(map(hash, texts[start : start + CHUNK_ROWS].unique().to_pylist()))


def _count_missing(texts: Texts) -> int:
    """How many stand for no text. Only short ones have to be looked up."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    are_short = np.diff(offsets) <= _LONGEST
    if not are_short.any():
        return 0
    return pc.sum(pc.is_in(texts.filter(pa.array(are_short)), value_set=_set(MISSING_TEXTS))).as_py() or 0


def _rows(encoded: Any) -> npt.NDArray[np.int64]:
    """How many rows have each text of a dictionary."""
    return np.bincount(encoded.indices.to_numpy(), minlength=len(encoded.dictionary))


def _set(texts: frozenset[str]) -> Any:
    return pa.array(sorted(texts))


def plain_numbers(texts: Texts, decimal: Decimal) -> npt.NDArray[np.float64] | None:
    """The numbers of cells as `numbers.plain` reads them, NaN for missing ones; None if one is no number."""
    is_missing, offsets, data = _parts(texts)
    if data.translate(None, _ALLOWED[decimal]):  # words may stand for missing numbers
        given = pc.is_in(texts, value_set=_set(MISSING))
        texts = pc.if_else(given, "", texts)
        is_missing, offsets, data = _parts(texts)
        if data.translate(None, _ALLOWED[decimal]):
            return None
    if _has_codes(offsets, np.frombuffer(data + b"   ", np.uint8)):
        return None
    if decimal == ",":
        data = data.translate(_TO_POINT)
    present = pa.py_buffer(np.packbits(~is_missing, bitorder="little"))
    cells = pa.StringArray.from_buffers(len(texts), pa.py_buffer(offsets), pa.py_buffer(data), present)
    try:
        found: npt.NDArray[np.float64] = cells.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return None
    return found if len(found) and not (np.abs(found) > LARGEST).any() else None


def _parts(texts: Texts) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int32], bytes]:
    """Which cells are empty, where each begins, and the bytes of all."""
    _, places, content = texts.buffers()
    offsets = np.frombuffer(places, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    data = content[int(offsets[0]) : int(offsets[-1])].to_pybytes() if content is not None else b""
    return offsets[1:] == offsets[:-1], offsets - offsets[0], data


def _has_codes(offsets: Places, data: Bytes) -> bool:
    """Whether a cell has a leading zero, as codes have: `01067`."""
    starts, ends = offsets[:-1], offsets[1:]
    first = data[starts]
    (signed,) = np.nonzero((first == ord("-")) | (first == ord("+")))
    return _has_zeros(starts, ends, first, data) or _has_zeros(
        starts[signed] + 1, ends[signed], data[starts[signed] + 1], data
    )


def _has_zeros(starts: Places, ends: Places, first: Bytes, data: Bytes) -> bool:
    """Whether a zero comes first and a digit second."""
    (zeros,) = np.nonzero(first == ord("0"))
    second = data[starts[zeros] + 1]
    is_digit = (second >= ord("0")) & (second <= ord("9"))
    return bool((is_digit & (starts[zeros] + 1 < ends[zeros])).any())
