"""Divide the rows of a table into those for training, validation and the test, and encode them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from quickml.datasets.columns import Column
from quickml.datasets.files import TableReference
from quickml.datasets.info import DatasetInfo
from quickml.datasets.split import grouped, split
from quickml.errors import DocumentError, Problem
from quickml.tables.cells import Cells, as_doubles
from quickml.tables.features import Feature
from quickml.tables.moments import moments
from quickml.tables.numbers import is_missing
from quickml.tables.problems import of_fault, unknown_column
from quickml.tables.read import Table
from quickml.tables.target import Target
from quickml.tables.targets import targets
from quickml.tables.types import Fault, is_numeric, number_fault

TEST_FRACTION = 0.2

Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class TablePart:
    """The rows of a file that are for training, for the validation, or for the test."""

    features: Sequence[Feature]
    target: Target
    rows: Array
    """Their indices, in the order in which they are used."""

    def encoded(self, info: DatasetInfo, columns: Sequence[Column]) -> tuple[Array, Array]:
        """Encoded rows, float32 (rows, width), and targets as `Target.of` returns them."""
        x = np.zeros((len(self.rows), info.shape[0]), np.float32)
        start = 0
        for feature, column in zip(self.features, columns, strict=True):
            if column.is_category:
                positions = np.array(feature.positions(column.values))[self.rows]
                (known,) = np.nonzero(positions >= 0)
                x[known, start + positions[known]] = 1
            else:
                numbers = as_doubles(feature.cells.as_numbers())[self.rows]
                missing = np.isnan(numbers)
                if column.replacement is not None:
                    numbers[missing] = column.replacement
                x[:, start] = numbers
            start += column.width
        return x, self.target.of(self.rows)


@dataclass(frozen=True, kw_only=True)
class TableParts:
    """The rows of a table by what they are for."""

    train: TablePart
    validation: TablePart | None
    """Rows of a file of their own."""
    test: TablePart

    @property
    def sizes(self) -> tuple[int, int]:
        """Number of rows for training, with those for validation, and for the test."""
        return len(self.train.rows) + self.validated, len(self.test.rows)

    @property
    def validated(self) -> int:
        """Number of rows for validation that are in a file of their own."""
        return len(self.validation.rows) if self.validation else 0


def divided(
    table: Table,
    reference: TableReference,
    chosen: Sequence[Feature],
    aim: Target,
    others: Mapping[str, Table],
) -> TableParts:
    """The rows by what they are for, without rows that have no target.

    Args:
        table: the table.
        reference: what the document says about it.
        chosen: the columns that the model takes.
        aim: what it predicts.
        others: the tables with rows for the test and the validation, by `test_` and `validation_`.
    """
    (rows,) = np.nonzero(~np.isnan(np.array(aim.values)))
    _refuse_same(table, others, reference)
    found = {prefix: _of_file(prefix, other, reference, chosen, aim) for prefix, other in others.items()}
    test = found.get("test_")
    if reference.order is not None:
        rows, second = _ordered(table, reference, rows, has_test=test is not None)
    elif test is not None:
        rows, second = np.random.default_rng(reference.seed).permutation(rows), rows[:0]
    else:
        count = _held_out(len(rows), reference.test_fraction or TEST_FRACTION)
        if reference.group is None:
            first, last = split(aim.of(rows), count, reference.seed)
        else:
            first, last = _grouped(table, reference, rows, count)
        rows, second = rows[first], rows[last]
    return TableParts(
        train=TablePart(features=chosen, target=aim, rows=rows),
        validation=found.get("validation_"),
        test=test or TablePart(features=chosen, target=aim, rows=second),
    )


def _ordered(table: Table, reference: TableReference, rows: Array, *, has_test: bool) -> tuple[Array, Array]:
    """The rows in the order of time, and the last of them for the test, unless they are in another file. With
    groups, these are the last rows of each group.

    Rows of the same time are on one side: they often belong together.
    """
    times = _times(table, str(reference.order), rows)
    order = np.argsort(times, kind="stable")
    rows, times = rows[order], times[order]
    if has_test:
        return rows, rows[:0]
    groups = np.zeros(len(rows), np.intp) if reference.group is None else _groups(table, reference, rows)
    is_late = np.zeros(len(rows), bool)
    by_group = np.argsort(groups, kind="stable")
    for some in np.split(by_group, np.flatnonzero(np.diff(groups[by_group])) + 1):
        is_late[some] = _are_late(times[some], reference.test_fraction or TEST_FRACTION)
    if not is_late.any():
        fault = Fault(expected="different times", found="the same in all rows", hint="name another column")
        raise DocumentError([of_fault(fault, table, str(reference.order), "/dataset/order")])
    return rows[~is_late], rows[is_late]


def _are_late(times: Array, fraction: float) -> Array:
    """Which of some times, which are in order, are the last ones; none if all are the same."""
    held_out = _held_out(len(times), fraction)
    if not held_out:
        return np.zeros(len(times), bool)
    start = times[-held_out]
    is_late: Array = times >= start if start > times[0] else times > times[0]
    return is_late


def _times(table: Table, name: str, rows: Array) -> Array:
    """When some rows were.

    Raises:
        DocumentError: the column does not say it.
    """
    times, line = moments(table.columns[name]), None
    if not isinstance(times, Fault):
        missing = int(np.isnan(times[rows]).sum())
        if not missing:
            return times[rows]
        found = f"none in {missing:,} of {table.rows:,} rows"
        times = Fault(expected="a time in every row", found=found, hint="complete them")
        line = table.line_where(name, is_missing)
    raise DocumentError([of_fault(times, table, name, "/dataset/order", line)])


def _held_out(total: int, fraction: float) -> int:
    """Number of rows for the test, rounded up; at least one row remains for training."""
    return min(math.ceil(round(total * fraction, 6)), total - 1)


def _groups(table: Table, reference: TableReference, rows: Array) -> Array:
    """The group of each of some rows, numbered from 0."""
    name = str(reference.group)
    cells = table.columns[name]
    texts = [_group(cell, cells) for cell in cells.values or ()]
    known = {text: position for position, text in enumerate(texts)}
    codes = np.array([known[text] for text in texts], dtype=np.intp)[
        np.array(cells.codes, dtype=np.intp)[rows]
    ]
    if "" in known:  # a row without a group is one of its own
        (alone,) = np.nonzero(codes == known[""])
        codes[alone] = len(texts) + np.arange(len(alone))
    return np.unique(codes, return_inverse=True)[1]


def _grouped(table: Table, reference: TableReference, rows: Array, count: int) -> tuple[Array, Array]:
    groups = _groups(table, reference, rows)
    if groups.max() == 0:
        fault = Fault(expected="two or more groups", found="the same in all rows", hint="name another column")
        raise DocumentError([of_fault(fault, table, str(reference.group), "/dataset/group")])
    return grouped(groups, count, reference.seed)


def _group(cell: str, cells: Cells) -> str:
    """What a group is called: numbers that are equal and texts that differ by blanks are the same one."""
    value = cells.as_number(cell) if is_numeric(cells) else math.nan
    return cell.strip() if math.isnan(value) else repr(value)


def _refuse_same(table: Table, others: Mapping[str, Table], reference: TableReference) -> None:
    """Refuse to test or validate a model on the rows that it has learned, or to test it on those that have
    decided when it stops."""
    hint = "name a file with other rows, or leave it out"
    seen = {table.sha256: "the one for training"}
    for prefix, other in sorted(others.items(), reverse=True):  # the validation first
        if other.sha256 in seen:
            expected = f"another file than {seen[other.sha256]}"
            fault = Fault(expected=expected, found="the same content", hint=hint)
            problem = of_fault(fault, other, reference.targets[0], f"/dataset/{prefix}file")
            raise DocumentError([problem])
        seen[other.sha256] = "the one for validation"


def _of_file(
    prefix: str, other: Table, reference: TableReference, chosen: Sequence[Feature], aim: Target
) -> TablePart:
    """The rows of another file, whose columns are what those of the first file are."""
    pointer = f"/dataset/{prefix}file"
    names = [*(feature.name for feature in chosen), *reference.targets]
    problems = [unknown_column(other, name, pointer) for name in names if name not in other.names]
    if problems:
        raise DocumentError([replace(problem, fix=None) for problem in problems])
    same = [replace(feature, cells=other.columns[feature.name]) for feature in chosen]
    problems = list(_wrong_features(same, other, pointer, is_refused=reference.missing == "refuse"))
    labels = aim.labels or (aim.names if reference.separator else ()) or None
    asked = reference.model_copy(update={"task": aim.task, "labels": labels})
    found = targets(other, asked, is_test=True)
    if not isinstance(found, Target):
        problems += [of_fault(fault, other, name, pointer) for name, fault in found]
    if problems or not isinstance(found, Target):
        raise DocumentError([replace(problem, fix=None, pointer=pointer) for problem in problems])
    (rows,) = np.nonzero(~np.isnan(np.array(found.values)))
    if not len(rows):
        fault = Fault(expected="rows with a target", found="none", hint="add some")
        raise DocumentError([of_fault(fault, other, reference.targets[0], pointer)])
    return TablePart(features=same, target=found, rows=rows)


def _wrong_features(
    features: Sequence[Feature], table: Table, pointer: str, *, is_refused: bool
) -> Iterator[Problem]:
    """Columns that are not what they are in the first file."""
    for feature in features:
        missing = feature.cells.counts.missing
        fault, line = None, None
        if not feature.is_category and missing < table.rows:
            fault = number_fault(feature.cells, feature.name, table.dialect)
        if fault is None and is_refused and missing:
            found, line = (
                f"none in {missing:,} of {table.rows:,} rows",
                table.line_where(feature.name, is_missing),
            )
            fault = Fault(expected="a value in every row", found=found, hint="complete them")
        if fault:
            yield of_fault(fault, table, feature.name, pointer, line)
