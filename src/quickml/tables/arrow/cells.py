"""The cells of a column, filled with whole arrays of texts instead of texts one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
_TO_POINT = bytes.maketrans(b",", b".")


@dataclass(frozen=True, kw_only=True)
class PreparedTexts:
    """The cells of some rows, with what was made of them before it was their turn."""

    texts: Texts
    numbers: npt.NDArray[np.float64] | None = None
    encoded: Any = None
    """`pyarrow.DictionaryArray`."""
    different: Texts = None
    """Each text once."""


class ArrowCells(Cells):
    """Holds the same as `Cells` after the same cells, whichever way they are added."""

    def prepared(self, texts: Texts) -> PreparedTexts:
        """Type cells that will be added; changes nothing."""
        if self.numbers is not None:
            numbers = plain_numbers(texts, self.decimal)
            return PreparedTexts(texts=texts, numbers=numbers)
        if self._values is not None:
            return PreparedTexts(texts=texts, encoded=texts.dictionary_encode())
        if len(self.counts.hashes) < MOST_HASHES:
            return PreparedTexts(texts=texts, different=texts.unique())
        return PreparedTexts(texts=texts)

    def add_prepared(self, given: PreparedTexts) -> None:
        """Take the cells of further rows."""
        texts = given.texts
        if self.numbers is not None:
            found = given.numbers if given.numbers is not None else plain_numbers(texts, self.decimal)
            self._add_pieces(texts) if found is None else self._add_numbers(found)
        elif self._values is not None:
            self._add_codes(texts, given.encoded)
        else:
            self._add_counted(texts, given.different)

    def _add_numbers(self, found: npt.NDArray[np.float64]) -> None:
        self.rows += len(found)
        self.marks.units.add("")
        assert self.numbers is not None
        self.numbers.frombytes(found.view(np.uint8).data)

    def _add_codes(self, texts: Texts, encoded: Any) -> None:
        known = self._values
        assert known is not None
        if len(encoded.dictionary) > self._most:
            self._add_pieces(texts)
            return
        found = encoded.dictionary.to_pylist()
        if len(known.keys() | set(found)) > self._most:
            self._add_pieces(texts)
            return
        codes = np.array([known[text] for text in found], dtype=self.codes.typecode)
        self.codes.frombytes(codes[encoded.indices.to_numpy()].tobytes())
        self.rows += len(texts)

    def _add_pieces(self, texts: Texts) -> None:
        """The first piece may change what is kept of the column; the others are added as that wants them."""
        for start in range(0, len(texts), CHUNK_ROWS):
            piece = texts[start : start + CHUNK_ROWS]
            if self._values is None and self.numbers is None:
                self._add_counted(texts[start:])
                return
            numbers = plain_numbers(piece, self.decimal) if self.numbers is not None else None
            self.add(piece.to_pylist()) if numbers is None else self._add_numbers(numbers)

    def _add_counted(self, texts: Texts, different: Texts = None) -> None:
        counts = self.counts
        self.rows += len(texts)
        if different is not None and len(counts.hashes) + len(different) < MOST_HASHES:
            counts.hashes.update(map(hash, different.to_pylist()))
        else:
            self._add_hashes(texts)
        if not (counts.numbers or counts.others or counts.codes):
            counts.missing += pc.sum(pc.is_in(texts, value_set=_set(MISSING_TEXTS))).as_py() or 0
            counts.texts += len(texts)
            return
        for found in texts.value_counts():
            cell = found["values"].as_py()
            counts.add(cell, found["counts"].as_py(), self._parsed(cell), self.decimal)

    def _add_hashes(self, texts: Texts) -> None:
        """In pieces, because the reader of small files stops after one of them."""
        hashes = self.counts.hashes
        for start in range(0, len(texts), CHUNK_ROWS):
            if len(hashes) >= MOST_HASHES:
                break
            hashes.update(map(hash, texts[start : start + CHUNK_ROWS].unique().to_pylist()))


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
