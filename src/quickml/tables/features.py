"""The columns that a model of a table takes: what the document says of each, or what it is found to be."""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from quickml.datasets.columns import MOST_VALUES
from quickml.datasets.files import TableReference
from quickml.document.advice import leave_out
from quickml.document.place import escaped
from quickml.document.problem import problem
from quickml.errors import Notice, Problem
from quickml.tables.cells import Cells
from quickml.tables.numbers import is_missing
from quickml.tables.problems import cells_listed, listed, of_fault, rows, unknown_column
from quickml.tables.read import Table
from quickml.tables.target import alike
from quickml.tables.types import (
    MOST_CATEGORIES,
    ColumnTyped,
    Fault,
    is_numeric,
    number_fault,
    present_values,
    quoted,
    shown,
    typed,
    variants,
)

Values = tuple[str, ...] | tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A column that the model takes."""

    name: str
    cells: Cells
    is_category: bool
    values: Values | None = None
    """Of a category, if the document has them."""
    are_whole: bool = False
    """Whether the values of a category are whole numbers."""

    def positions(self, values: Values) -> array[int]:
        """Of each row the position of its value among some; -1 for a missing or another one."""
        known = {str(value): position for position, value in enumerate(values)}
        table = [known.get(self.text(cell), -1) for cell in self.cells.values or ()]
        found = array("h")
        if table:
            codes = np.frombuffer(self.cells.codes, self.cells.codes.typecode)
            found.frombytes(np.array(table, np.int16)[codes].tobytes())
        return found

    def text(self, cell: str) -> str:
        """The value that a cell stands for: of a number its shortest form."""
        if self.are_whole and self.cells.as_number(cell).is_integer():
            return str(int(self.cells.as_number(cell)))
        return cell.strip()

    def present(self) -> list[str]:
        """The different values in the rows."""
        found = present_values(self.cells, map(str, self.values or ())) or []
        return list(dict.fromkeys(map(self.text, found)))


@dataclass(kw_only=True)
class Features:
    """The columns that the model takes, and what was found out about all."""

    chosen: list[Feature] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def features(table: Table, reference: TableReference) -> Features:
    """Choose the columns that the model takes."""
    found = Features()
    found.problems.extend(_wrong_names(table, reference))
    reasons: dict[str, list[str]] = defaultdict(list)
    for name in table.names:
        if name in (*reference.targets, ""):
            continue
        declared = reference.columns.get(name)
        if declared == "ignore" or (name in (reference.group, reference.order) and declared is None):
            found.ignored.append(name)
        elif declared is None:
            _infer(table, name, found, reasons)
        elif feature := _declared(table, name, declared, found):
            found.chosen.append(feature)
    undeclared = [one for one in found.chosen if one.name not in reference.columns]
    found.notices[:0] = [*_types(undeclared), *_left_out(reasons, table, reference)]
    return found


def _wrong_names(table: Table, reference: TableReference) -> Iterator[Problem]:
    for option in ("group", "order"):
        if getattr(reference, option) in reference.targets:
            yield problem(
                "table-option",
                f"/dataset/{option}",
                expected="a column other than the target",
                found=repr(getattr(reference, option)),
                advice=leave_out(f"/dataset/{option}", "leave it out, or name another column"),
            )
    for name in reference.columns:
        if name not in table.names:
            yield unknown_column(table, name, "/dataset/columns", key=name)
        elif name in reference.targets:
            pointer = f"/dataset/columns/{escaped(name)}"
            yield problem(
                "table-option",
                pointer,
                expected="a column other than the target",
                found=repr(name),
                advice=leave_out(pointer, 'leave it out; "task" says what the target is'),
            )


def _infer(table: Table, name: str, found: Features, reasons: dict[str, list[str]]) -> None:
    cells = table.columns[name]
    about = typed(cells, name, table.dialect)
    if about.type == "category" and about.fault is None and (pair := variants(cells)):
        about = ColumnTyped(type="category", fault=alike(pair, '"columns"'))
    if about.fault:
        found.problems.append(of_fault(about.fault, table, name, "/dataset/file"))
        return
    if about.type == "ignore":
        found.ignored.append(name)
        reasons[about.reason].append(name)
        return
    if about.remark:
        found.notices.append(_notice("/dataset/columns", f"{shown(name)}: {about.remark}"))
    found.chosen.append(Feature(name=name, cells=cells, is_category=about.type == "category"))


def _declared(table: Table, name: str, declared: str | Values, found: Features) -> Feature | None:
    """A column as the document has it; None if it is not like this, which becomes a problem."""
    cells, fault = table.columns[name], None
    if declared == "number":
        fault = number_fault(cells, name, table.dialect)
        feature = Feature(name=name, cells=cells, is_category=False)
    elif declared == "category":
        feature = _category(name, cells)
        fault = _category_fault(cells)
    else:
        values: Values = declared  # type: ignore[assignment]
        are_whole = isinstance(values[0], int)
        feature = Feature(name=name, cells=cells, is_category=True, values=values, are_whole=are_whole)
        fault = _too_many(cells)
        if not fault and (others := sorted(set(feature.present()) - {str(value) for value in values})):
            message = f"{shown(name)}: none of its values, and read as missing: {cells_listed(others)}"
            found.notices.append(_notice(f"/dataset/columns/{escaped(name)}", message))
    if fault:
        found.problems.append(of_fault(fault, table, name, f"/dataset/columns/{escaped(name)}"))
        return None
    return feature


def _category(name: str, cells: Cells) -> Feature:
    numbers = cells.as_numbers() if is_numeric(cells) and not cells.has_many else array("d")
    present = [number for number in numbers if not math.isnan(number)]
    are_whole = bool(present) and all(number.is_integer() and abs(number) < 2**53 for number in present)
    return Feature(name=name, cells=cells, is_category=True, are_whole=are_whole)


def _category_fault(cells: Cells) -> Fault | None:
    if fault := _too_many(cells):
        return fault
    if not present_values(cells):
        return Fault(expected="values", found="none", hint='write "ignore"')
    return alike(pair, '"columns"') if (pair := variants(cells)) else None


def _too_many(cells: Cells) -> Fault | None:
    if not cells.has_many and len(cells.values or ()) <= MOST_VALUES:
        return None
    hint = 'write "ignore" or, for numbers, "number"'
    return Fault(expected=f"at most {MOST_VALUES:,} different values of a category", found="more", hint=hint)


def _types(chosen: Sequence[Feature]) -> Iterator[Notice]:
    numbers = [one.name for one in chosen if not one.is_category]
    categories = [f"{one.name} ({len(one.present())})" for one in chosen if one.is_category]
    if numbers:
        yield _notice("/dataset/columns", f"read as numbers: {listed(numbers)}")
    if categories:
        yield _notice("/dataset/columns", f"read as categories, with so many values: {listed(categories)}")


def _left_out(reasons: dict[str, list[str]], table: Table, reference: TableReference) -> Iterator[Notice]:
    chosen = (reference.order, reference.group, reference.test_file)
    for reason, names in reasons.items():
        hint = f'; write "category" for up to {MOST_VALUES:,}' if str(MOST_CATEGORIES) in reason else ""
        whole = [name for name in names if reason == "dates" and not table.columns[name].counts.missing]
        if whole and not any(chosen):
            hint = f'; write "order": {quoted(whole[0])} to test with the latest rows'
        yield _notice("/dataset/columns", f"left out: {listed(names)} ({reason}){hint}")


def of_missing(
    table: Table, reference: TableReference, chosen: Sequence[Feature]
) -> tuple[list[Notice], list[Problem]]:
    """What becomes of missing values."""
    missing = {one.name: count for one in chosen if (count := missing_values(one))}
    if not missing:
        return [], []
    if reference.missing == "refuse":
        name = next(iter(missing))
        line = table.line_where(name, is_missing)
        fault = Fault(
            expected="a value in every row",
            found=f"none in {missing[name]:,} of {table.rows:,} rows",
            hint='complete them, or write "missing": "mean"',
            option="missing",
            value="mean",
        )
        return [], [of_fault(fault, table, name, "/dataset/missing", line)]
    if "missing" in reference.model_fields_set:
        return [], []
    return list(_told_missing(chosen, missing)), []


def _told_missing(chosen: Sequence[Feature], missing: Mapping[str, int]) -> Iterator[Notice]:
    for is_category, what, meaning in (
        (False, "numbers", "the mean of the training rows stands for them"),
        (True, "categories", "such a row has none of the values"),
    ):
        columns = [one.name for one in chosen if one.is_category is is_category and one.name in missing]
        if columns:
            names = listed([f"{name} ({rows(missing[name])})" for name in columns])
            yield _notice("/dataset/missing", f"{what} are missing: {names}; {meaning}")


def missing_values(feature: Feature) -> int:
    """How many rows have no value."""
    if not feature.is_category:
        return feature.cells.counts.missing
    present = set(feature.present())
    occurrences = feature.cells.occurrences().items()
    return sum(count for cell, count in occurrences if feature.text(cell) not in present)


def _notice(pointer: str, message: str) -> Notice:
    return Notice(pointer=pointer, message=message)
