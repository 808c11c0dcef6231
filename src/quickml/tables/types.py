"""The type of a column: number, category, or left out, with the reason; and what is wrong with its cells."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from quickml.datasets.columns import MOST_VALUES
from quickml.tables.cells import Cells, Doubles, as_doubles
from quickml.tables.dialect import Dialect
from quickml.tables.folding import folded
from quickml.tables.numbers import MISSING_TEXTS, other
from quickml.text import printable

MOST_CATEGORIES = 100
"""Different texts of a column that becomes a category by itself."""
FEW_ROWS = 10
"""Rows below which nobody can tell ids from numbers."""
SMALL_ROWS = 20
"""Rows below which half of a column decides what it is meant to be."""
MOSTLY = 0.8
"""Share of numbers from which on a column is meant to have only numbers."""
CLOSEST = 2.0**-12
"""Range of numbers, as a share of the largest, below which 32-bit floats have less than 4,096 of them."""
SMALLEST_RANGE, LARGEST_SCALED = 1e-5, 1e18
"""Beyond these, their variance is taken for that of a constant, or is too large for a 32-bit float."""
LONG_TEXT = 40
"""Characters; texts that are longer on average, and mostly different, are free text."""

ColumnType = Literal["number", "category", "ignore"]

_WORDS = {".": "a point", ",": "a comma"}
_ID = re.compile(r"(?:^|[^a-z])(?:id|ids|idx|index|uuid|guid|key|nr|no|row|rownr|#)$")
_DATE = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}(?:[T ]\d.*)?|\d{1,2}[./]\d{1,2}[./]\d{2,4}(?: \d.*)?"
    r"|\d{4}[./]\d{1,2}[./]\d{1,2}(?: \d.*)?|\d{1,2}:\d\d(?::\d\d)?(?: ?[AaPp][Mm])?"
    r"|\d{1,2}[- ][A-Za-z]{3}[a-z]*\.?[- ]\d{2,4}|[A-Z][a-z]{2,8}\.? \d{1,2},? \d{4}"
)
_CLOCK = re.compile(r"\d{1,2}:\d\d")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with cells of a column."""

    expected: str
    found: str
    hint: str
    cell: str = ""
    """One of these cells, to look for its line."""
    option: str = ""
    """The option of the document that corrects it, if there is one, and its value."""
    value: str = ""


@dataclass(frozen=True, kw_only=True)
class ColumnTyped:
    """What a column is."""

    type: ColumnType
    reason: str = ""
    """Why it is left out."""
    remark: str = ""
    """What was made of its cells, if that is not clear."""
    fault: Fault | None = None


def typed(cells: Cells, name: str, dialect: Dialect) -> ColumnTyped:
    """Infer the type of a column of a file that is written like this."""
    counts = cells.counts
    if counts.missing >= cells.rows:
        return ColumnTyped(type="ignore", reason="no values")
    if is_numeric(cells):
        return _number(cells, name, dialect)
    if fault := _mixed(cells, name, dialect):
        return ColumnTyped(type="number", fault=fault)
    return _text(cells)


def is_numeric(cells: Cells) -> bool:
    """Whether all cells that are not missing are numbers."""
    counts = cells.counts
    return counts.numbers > 0 and not (counts.codes or counts.others or counts.texts)


def number_fault(cells: Cells, name: str, dialect: Dialect) -> Fault | None:
    """Why a column is not one of numbers, which a document says it is."""
    if is_numeric(cells):
        return _written(cells, name, dialect)
    if fault := _mixed(cells, name, dialect):
        return fault
    counts = cells.counts
    cell = counts.first_code or counts.first or counts.first_other
    hint = "leading zeros make it a code; " if counts.first_code else ""
    hint += f'write "columns": {{{quoted(name)}: "category"}} or "ignore"'
    found = f"{shown(cell)}" if cell else "no values"
    return Fault(expected="numbers", found=found, hint=hint, cell=cell)


def _number(cells: Cells, name: str, dialect: Dialect) -> ColumnTyped:
    if fault := _written(cells, name, dialect):
        return ColumnTyped(type="number", fault=fault)
    numbers = as_doubles(cells.as_numbers())
    lowest, highest = np.fmin.reduce(numbers), np.fmax.reduce(numbers)  # NaN only if all are
    low, high = float(np.float32(lowest)), float(np.float32(highest))
    if low == high:
        same = "value" if lowest == highest else "32-bit float"
        return ColumnTyped(type="ignore", reason=f"the same {same} in all rows")
    if not cells.counts.missing and cells.rows >= FEW_ROWS:
        if _counts_up(numbers):
            return ColumnTyped(type="ignore", reason="numbers of rows")
        if _ID.search(_words(name)) and _are_whole(numbers) and len(np.unique(numbers)) == len(numbers):
            return ColumnTyped(type="ignore", reason="ids: whole numbers, all different")
        if _are_dates(numbers):
            return ColumnTyped(type="ignore", reason="dates")
    return ColumnTyped(type="number", remark=_remark(cells, low, high))


def _remark(cells: Cells, low: float, high: float) -> str:
    units = cells.marks.units - {""}
    remarks = [f"numbers are read without their {next(iter(units))}"] if units else []
    if advice := _too_fine(low, high):
        remarks.append(f"from {low:.9g} to {high:.9g}, which a model can hardly tell apart; {advice}")
    if cells.marks.ambiguous or cells.marks.has_groups:
        sign = "commas" if cells.decimal == "." else "points"
        remarks.append(f"{sign}, blanks or apostrophes between digits are read as separators of thousands")
    return "; ".join(remarks)


def _too_fine(low: float, high: float) -> str:
    """What to do about numbers that 32-bit floats cannot scale, or of which they have too few in a range."""
    largest = max(-low, high)
    if largest > LARGEST_SCALED or high - low < SMALLEST_RANGE:
        return "give them in another unit"
    return f"subtract {low:.6g} from all" if high - low < largest * CLOSEST else ""


def _written(cells: Cells, name: str, dialect: Dialect) -> Fault | None:
    """Numbers that can be read in two ways."""
    marks = cells.marks
    if len(marks.units) > 1:
        units = " and ".join(sorted(unit or "none" for unit in marks.units))
        hint = f'write all alike, or "columns": {{{quoted(name)}: "ignore"}}'
        return Fault(expected="numbers with the same sign in all rows", found=units, hint=hint)
    if (cell := marks.ambiguous.strip() or _dotted(cells, dialect)) and not (
        dialect.has_decimals or marks.has_groups
    ):
        whole, point = re.sub("[,.]", "", cell), re.sub("[,.]", ".", cell)
        of_whole, of_point = (",", ".") if "." in cell else (".", ",")
        return Fault(
            expected="numbers that can be read in one way only",
            found=f"{shown(cell)}, which may be {whole} or {point}",
            hint=f'write "decimal": "{of_whole}" for {whole} or "decimal": "{of_point}" for {point}',
            cell=marks.ambiguous or cell,
        )
    return None


def _dotted(cells: Cells, dialect: Dialect) -> str:
    """A number such as 1.250 between semicolons: where they are usual, points separate thousands."""
    if dialect.delimiter != ";" or dialect.has_decimals or cells.decimal != ".":
        return ""
    numbers = as_doubles(cells.as_numbers())
    broken = numbers[np.isfinite(numbers) & (numbers != np.floor(numbers))]
    return f"{broken[0]:.3f}" if len(broken) else ""


def _mixed(cells: Cells, name: str, dialect: Dialect) -> Fault | None:
    """A column that is meant to have numbers, and has other cells too."""
    counts = cells.counts
    present = counts.numbers + counts.codes + counts.others + counts.texts
    if not present or counts.codes > counts.texts + counts.others:
        return None
    sign, of = _WORDS[cells.decimal], f"of {cells.rows:,} rows"
    if counts.others and (counts.numbers + counts.others) > MOSTLY * present:
        style = other(cells.decimal)
        found = f"{shown(counts.first_other)} in {counts.others:,} {of}"
        if dialect.has_both and counts.others > MOSTLY * present:
            hint = f'other columns have {sign}; write all alike, or "columns": {{{quoted(name)}: "ignore"}}'
            return Fault(expected=f"numbers with {sign}", found=found, hint=hint, cell=counts.first_other)
        if counts.others > MOSTLY * present or not counts.first_number.count(cells.decimal):
            hint = f'add "decimal": "{style}"'
            return Fault(expected=f"numbers with {sign}", found=found, hint=hint, cell=counts.first_other,
                         option="decimal", value=style)  # fmt: skip
        expected = f"numbers with {sign} as in {shown(counts.first_number)}"
        hint = "write all numbers with the same decimal sign"
        return Fault(expected=expected, found=found, hint=hint, cell=counts.first_other)
    if _is_meant_as_numbers(cells, present):
        cell = counts.first or counts.first_code or counts.first_other
        number = counts.texts + counts.codes + counts.others
        few = cells.values is not None and len(cells.values) <= MOST_CATEGORIES
        or_category = ' or "category"' if few else ""
        column = f'"columns": {{{quoted(name)}: "ignore"}}{or_category}'
        hint = f"correct them, leave the cells empty, or write {column}"
        if number == 1:
            hint = f"correct it, leave the cell empty, remove the row if it is none, or write {column}"
        expected = "numbers up to 3.4e38" if _is_finite(cell) else "numbers"
        return Fault(expected=expected, found=f"{shown(cell)} in {number:,} {of}", hint=hint, cell=cell)
    return None


def _is_finite(cell: str) -> bool:
    """Whether a cell is a number that is too large for a 32-bit float, but no infinity."""
    return bool(re.fullmatch(r"[+-]?[0-9.]+([eE][+-]?[0-9]+)?", cell.strip()))


def _is_meant_as_numbers(cells: Cells, present: int) -> bool:
    """Whether most cells are different numbers, or all others are of a computer: `0x10`, `1e400`."""
    counts = cells.counts
    if counts.numbers and counts.odd == counts.texts and not counts.codes + counts.others:
        return True
    if cells.has_many or not counts.numbers:
        return counts.numbers > MOSTLY * present
    numbers = as_doubles(cells.as_numbers())
    different = len(np.unique(numbers[~np.isnan(numbers)]))
    if cells.rows < SMALL_ROWS:
        return 2 * counts.numbers >= present and 2 * different > counts.numbers
    return counts.numbers > MOSTLY * present and different > FEW_ROWS


def _text(cells: Cells) -> ColumnTyped:
    counts, values = cells.counts, present_values(cells)
    if counts.shown and all(_DATE.fullmatch(cell.strip()) for cell in counts.shown):
        are_times = all(_CLOCK.match(cell.strip()) for cell in counts.shown)
        return ColumnTyped(type="ignore", reason="times of the day" if are_times else "dates")
    missing = counts.missing_texts
    if values is None or len(values) > MOST_CATEGORIES:
        number = len(values) if values is not None else len(counts.hashes)
        if number >= cells.rows - counts.missing:
            return ColumnTyped(type="ignore", reason="texts that are all different")
        if counts.codes > counts.texts:
            reason = f"codes with leading zeros, more than {MOST_CATEGORIES} different"
            return ColumnTyped(type="ignore", reason=reason)
        return ColumnTyped(type="ignore", reason=f"more than {MOST_CATEGORIES} different texts")
    if len(values) == 1 and not missing:
        return ColumnTyped(type="ignore", reason="the same value in all rows")
    rows = cells.rows - missing
    if rows >= FEW_ROWS and len(values) == rows:
        return ColumnTyped(type="ignore", reason="texts that are all different")
    if 2 * len(values) > rows >= FEW_ROWS and sum(map(len, values)) > LONG_TEXT * len(values):
        return ColumnTyped(type="ignore", reason="free text")
    return ColumnTyped(type="category", remark=_tokens(cells))


def _tokens(cells: Cells) -> str:
    words = [word for word in cells.counts.tokens if word in MISSING_TEXTS]
    return f"{', '.join(map(shown, words))} is read as missing" if words else ""


def present_values(cells: Cells, allowed: Iterable[str] | None = None) -> list[str] | None:
    """The different texts without blanks around them, without those that stand for none; None if too many.

    Args:
        cells: of the column.
        allowed: texts that the document names, which are values whatever they look like.
    """
    if cells.values is None:
        return None
    named = frozenset(allowed or ())
    stripped = (cell.strip() for cell in cells.values)
    return list(dict.fromkeys(cell for cell in stripped if cell in named or cell not in MISSING_TEXTS))


def variants(cells: Cells) -> tuple[str, str] | None:
    """Two texts that differ only by case, blanks, how Unicode writes their letters, or what is invisible."""
    alike: dict[str, list[str]] = defaultdict(list)
    for cell in cells.values or ():
        if cell.strip() not in MISSING_TEXTS:
            alike[folded(cell)].append(cell)
    return next(((texts[0], texts[1]) for texts in alike.values() if len(texts) > 1), None)


def whole(values: Sequence[str]) -> list[int] | None:
    """Values as whole numbers, if all of them are, in their only form."""
    if len(values) <= MOST_VALUES and all(re.fullmatch(r"0|-?[1-9][0-9]{0,17}", value) for value in values):
        return list(map(int, values))
    return None


def shown(cell: str, limit: int = 40) -> str:
    """A cell for a message: quoted, printable and short."""
    return f"'{printable(cell, limit)}'"


def quoted(name: str) -> str:
    """A name as JSON has it, for a hint."""
    return '"' + printable(name, 60).replace('"', '\\"') + '"'


def _words(name: str) -> str:
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def _are_whole(numbers: Doubles) -> bool:
    return bool((numbers == np.floor(numbers)).all())


def _counts_up(numbers: Doubles) -> bool:
    """Whether each number is one more than the one before, and they are no years."""
    if numbers[0] != np.floor(numbers[0]) or 1800 <= numbers[0] <= numbers[-1] <= 2200:
        return False
    return bool((np.diff(numbers) == 1).all())


def _are_dates(numbers: Doubles) -> bool:
    """Whether all numbers are days such as 20240131."""
    if numbers.min() < 19000101 or numbers.max() > 21001231 or not _are_whole(numbers):
        return False
    months, days = numbers // 100 % 100, numbers % 100
    return bool(((months >= 1) & (months <= 12) & (days >= 1) & (days <= 31)).all())
