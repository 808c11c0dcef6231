"""What is kept of the cells of a column while a file is read: as little as its type needs.

A column keeps its different values and a code per row, until there are more than `MOST_VALUES`. Then one of
numbers keeps 8 bytes per row, and one of texts only counts.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from itertools import compress, islice

import numpy as np
import numpy.typing as npt

from quickml.datasets.columns import MOST_VALUES
from quickml.tables.numbers import (
    CODE,
    MISSING,
    MISSING_TEXTS,
    ODD,
    Decimal,
    Number,
    is_missing,
    number,
    other,
    plain,
)

Doubles = npt.NDArray[np.float64]
MOST_HASHES = 200_000
"""Texts that are told apart; a column with more of them is no category anyway."""
MOST_MEMORIZED = 2000
SHOWN = 20
"""Values of a column that are kept for messages and profiles."""


def as_doubles(numbers: array[float]) -> Doubles:
    """The numbers of a column, without copying them."""
    return np.frombuffer(numbers, np.float64) if len(numbers) else np.zeros(0)


class _Codes(dict[str, int]):
    """Numbers values in the order in which they are first asked for."""

    def __missing__(self, text: str) -> int:
        code = self[text] = len(self)
        return code


class Cells:
    """The cells of a column.

    Args:
        decimal: the decimal sign of its numbers.
        most: different values that are kept.
    """

    def __init__(self, decimal: Decimal, most: int = MOST_VALUES) -> None:
        self.decimal, self._most = decimal, most
        self.rows = 0
        self.codes = array("H" if most < 1 << 16 else "L")
        """Of each row the position of its value in `values`."""
        self._values: _Codes | None = _Codes()
        self.numbers: array[float] | None = None
        """Of each row its number, NaN for a missing one; None as long as there are `values`, or for texts."""
        self._table: array[float] | None = None
        """The numbers of `values`, if all are numbers or missing."""
        self.marks = _Marks()
        self.counts = _Counts()
        self._memory: dict[str, Number | None] = {}

    @property
    def values(self) -> list[str] | None:
        """The different cells, in the order of the rows; None if there are too many."""
        return None if self._values is None else list(self._values)

    @property
    def has_many(self) -> bool:
        """Whether there are more different values than are kept."""
        return self._values is None

    def add(self, cells: Sequence[str]) -> None:
        """Take the cells of further rows. It does not matter how many at a time."""
        self.rows += len(cells)
        if self._values is not None:
            self.codes.extend(map(self._values.__getitem__, cells))
            if len(self._values) <= self._most:
                return
            cells = cells[self._convert(len(cells)) :]
        if self.numbers is not None:
            found = self._numbers(cells)
            if found is not None:
                self.numbers.extend(found)
                return
            cells = cells[self._end_numbers(self.numbers, cells) :]
        self._count(cells)

    def finish(self) -> None:
        """Count what the cells hold, after the last row."""
        if self._values is not None:
            self._table = self._numbers(list(self._values))
        if self.numbers is not None:
            self._count_numbers(self.numbers)
        elif self._table is not None:
            counts = zip(self._table, self.occurrences().values(), strict=True)
            self.counts.missing = sum(count for value, count in counts if math.isnan(value))
            self.counts.numbers = self.rows - self.counts.missing
        else:
            for text, count in self.occurrences().items():
                self.counts.add(text, count, self._parsed(text), self.decimal)
        self._memory.clear()

    def _count_numbers(self, numbers: array[float]) -> None:
        self.counts.missing = int(np.count_nonzero(np.isnan(as_doubles(numbers))))
        self.counts.numbers = len(numbers) - self.counts.missing

    def as_numbers(self) -> array[float]:
        """Of each row its number; NaN for one that is missing, or no number."""
        if self.numbers is not None:
            return self.numbers
        table = self._table
        if table is None:
            table = array("d", map(self._value, self._values or ()))
        return self.looked_up(table)

    def looked_up(self, table: array[float]) -> array[float]:
        """Of each row the number that a table has for its code."""
        found = array("d", [0.0]) * len(self.codes)
        if len(self.codes):
            codes = np.frombuffer(self.codes, self.codes.typecode)
            np.take(as_doubles(table), codes, out=np.frombuffer(found), mode="clip")
        return found

    def as_number(self, cell: str) -> float:
        """The number that a cell holds; NaN for none."""
        return self._value(cell)

    def occurrences(self) -> dict[str, int]:
        """How many rows have each of the values that are kept."""
        values: dict[str, int] = self._values or {}
        counts = np.bincount(np.frombuffer(self.codes, self.codes.typecode), minlength=len(values))
        return dict(zip(values, counts.tolist(), strict=True))

    def _convert(self, added: int) -> int:
        """There are too many different values to keep them. Returns how many of the last rows are done."""
        values = self._values or _Codes()
        first = len(self.codes) - added
        kept = self.codes.index(self._most, first)
        del self.codes[kept:]
        texts = list(islice(values, self._most))
        self._values = _Codes(zip(texts, range(self._most), strict=True))
        table = self._numbers(texts)
        if table is not None:
            self.numbers = self.looked_up(table)
            self.counts.first_number = next((text for text in texts if not is_missing(text)), "")
        else:
            for text, count in self.occurrences().items():
                self.counts.add(text, count, self._parsed(text), self.decimal)
            self.counts.hashes.update(map(hash, texts))
        self._values, self.codes = None, array("H")
        return kept - first

    def _end_numbers(self, numbers: array[float], cells: Sequence[str]) -> int:
        """One of the cells is no number. Returns how many are above it."""
        values = zip(map(self._value, cells), cells, strict=True)
        is_text = (math.isnan(value) and not is_missing(cell) for value, cell in values)
        count = next(index for index, found in enumerate(is_text) if found)
        numbers.extend(map(self._value, cells[:count]))
        self._count_numbers(numbers)
        self.numbers = None
        return count

    def _numbers(self, cells: Sequence[str]) -> array[float] | None:
        """The numbers of cells; None if one of them holds something else."""
        found = plain(cells, self.decimal)
        if found is not None:
            self.marks.units.add("")
            return found
        present = [cell not in MISSING for cell in cells]
        given = list(compress(cells, present))
        found = plain(given, self.decimal) if len(given) < len(cells) else None
        if found is not None and len(found) == len(given):
            self.marks.units.add("")
            numbers: Iterator[float] = iter(found)
            return array("d", [next(numbers) if here else math.nan for here in present])
        values = [self._value(cell) for cell in cells]
        is_numeric = all(
            not math.isnan(value) or is_missing(cell) for value, cell in zip(values, cells, strict=True)
        )
        return array("d", values) if is_numeric else None

    def _value(self, cell: str) -> float:
        parsed = self._parsed(cell)
        return parsed.value if parsed else math.nan

    def _parsed(self, cell: str) -> Number | None:
        if cell in self._memory:
            return self._memory[cell]
        parsed = None if cell in MISSING else number(cell, self.decimal)
        if parsed:
            self.marks.add(cell, parsed)
        if len(self._memory) < MOST_MEMORIZED:
            self._memory[cell] = parsed
        return parsed

    def _count(self, cells: Sequence[str]) -> None:
        """Count what texts are; whether they are numbers only where some were."""
        counts = self.counts
        if counts.may_differ:
            counts.hashes.update(map(hash, cells))
        if counts.numbers or counts.others or counts.codes:
            for cell in cells:
                counts.add(cell, 1, self._parsed(cell), self.decimal)
        else:
            missing = sum(cell in MISSING_TEXTS for cell in cells)
            counts.missing += missing
            counts.texts += len(cells) - missing


class _Marks:
    """What numbers are written with."""

    def __init__(self) -> None:
        self.units: set[str] = set()
        """Their signs of percent or currencies; empty for a number without."""
        self.ambiguous = ""
        """A cell whose comma or point may be one of thousands or a decimal sign."""
        self.has_groups = False
        """Whether a cell proves that thousands are separated."""

    def add(self, cell: str, parsed: Number) -> None:
        self.units.add(parsed.unit)
        self.has_groups = self.has_groups or parsed.has_groups
        if parsed.is_ambiguous:
            self.ambiguous = self.ambiguous or cell


class _Counts:
    """How many rows hold what."""

    def __init__(self) -> None:
        self.numbers = self.codes = self.others = self.texts = self.odd = self.missing = 0
        """`codes` have leading zeros; `others` are numbers with the other decimal sign; `odd`
        are texts that only computers take for numbers."""
        self.missing_texts = 0
        """Of `missing`, those that stand for no text either."""
        self.tokens: dict[str, int] = {}
        """The words that stand for missing values."""
        self.first = self.first_code = self.first_other = self.first_number = ""
        """The first cell that is no number, and so on."""
        self.shown: list[str] = []
        self.hashes: set[int] = set()
        """Of the different texts, as long as all may be different."""

    @property
    def present(self) -> int:
        """Cells that are not missing."""
        return self.numbers + self.codes + self.others + self.texts

    @property
    def may_differ(self) -> bool:
        """Whether all texts may be different, so that they have to be told apart."""
        return self.present - len(MISSING_TEXTS) <= len(self.hashes) < MOST_HASHES

    def add(self, cell: str, count: int, parsed: Number | None, decimal: Decimal) -> None:
        if parsed:
            self.numbers += count
            self.first_number = self.first_number or cell
            return
        if is_missing(cell):
            self.missing += count
            self.missing_texts += count if cell.strip() in MISSING_TEXTS else 0
            if cell.strip():
                self.tokens[cell.strip()] = self.tokens.get(cell.strip(), 0) + count
            return
        if len(self.shown) < SHOWN and cell not in self.shown:
            self.shown.append(cell)
        if CODE.match(cell.strip()) and cell.strip().lstrip("+-").isdigit():
            self.codes += count
            self.first_code = self.first_code or cell
        elif number(cell, other(decimal)):
            self.others += count
            self.first_other = self.first_other or cell
        else:
            self.texts += count
            self.odd += count if ODD.fullmatch(cell.strip()) else 0
            self.first = self.first or cell
