"""Divide the rows of a table into those for training and those for the test, and encode them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from quickml.datasets.columns import Column
from quickml.datasets.files import TableReference
from quickml.datasets.info import DatasetInfo
from quickml.datasets.split import grouped, split
from quickml.errors import DocumentError
from quickml.tables.cells import Cells
from quickml.tables.features import Feature
from quickml.tables.numbers import is_missing
from quickml.tables.problems import of_fault, unknown_column
from quickml.tables.read import Table
from quickml.tables.target import Target, target
from quickml.tables.types import Fault, is_numeric, number_fault

TEST_FRACTION = 0.2

Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class TablePart:
    """The rows of a file that are for training, or for the test."""

    features: Sequence[Feature]
    target: Target
    rows: Array
    """Their indices, in the order in which they are used."""

    def encoded(self, info: DatasetInfo, columns: Sequence[Column]) -> tuple[Array, Array]:
        """Encoded rows, float32 (rows, width), and targets, int32 or float32 (rows,)."""
        x = np.zeros((len(self.rows), info.shape[0]), np.float32)
        start = 0
        for feature, column in zip(self.features, columns, strict=True):
            if column.is_category:
                positions = np.array(feature.positions(column.values))[self.rows]
                (known,) = np.nonzero(positions >= 0)
                x[known, start + positions[known]] = 1
            else:
                numbers = np.array(feature.cells.as_numbers())[self.rows]
                missing = np.isnan(numbers)
                if column.replacement is not None:
                    numbers[missing] = column.replacement
                x[:, start] = numbers
            start += column.width
        y = np.array(self.target.values)[self.rows]
        return x, y.astype(np.int32 if info.labels else np.float32)


def divided(
    table: Table, reference: TableReference, chosen: Sequence[Feature], aim: Target, test: Table | None
) -> tuple[TablePart, TablePart]:
    """The rows for training and those for the test, without rows that have no target."""
    targets = np.array(aim.values)
    (rows,) = np.nonzero(~np.isnan(targets))
    if test is not None:
        _refuse_same(table, test, reference)
        rows = np.random.default_rng(reference.seed).permutation(rows)
        return TablePart(features=chosen, target=aim, rows=rows), _of_file(test, reference, chosen, aim)
    count = _held_out(len(rows), reference.test_fraction or TEST_FRACTION)
    if reference.group is None:
        of = targets[rows].astype(np.int32) if aim.labels else targets[rows]
        first, second = split(of, count, reference.seed)
    else:
        first, second = _grouped(table, reference, rows, count)
    return (
        TablePart(features=chosen, target=aim, rows=rows[first]),
        TablePart(features=chosen, target=aim, rows=rows[second]),
    )


def _held_out(total: int, fraction: float) -> int:
    """Number of rows for the test, rounded up; at least one row remains for training."""
    return min(math.ceil(round(total * fraction, 6)), total - 1)


def _grouped(table: Table, reference: TableReference, rows: Array, count: int) -> tuple[Array, Array]:
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
    groups = np.unique(codes, return_inverse=True)[1]
    if groups.max() == 0:
        fault = Fault(expected="two or more groups", found="the same in all rows", hint="name another column")
        raise DocumentError([of_fault(fault, table, name, "/dataset/group")])
    return grouped(groups, count, reference.seed)


def _group(cell: str, cells: Cells) -> str:
    """What a group is called: numbers that are equal and texts that differ by blanks are the same one."""
    value = cells.as_number(cell) if is_numeric(cells) else math.nan
    return cell.strip() if math.isnan(value) else repr(value)


def _refuse_same(table: Table, test: Table, reference: TableReference) -> None:
    """Refuse to test a model on the rows that it has learned."""
    if test.sha256 == table.sha256:
        hint = "name a file with rows that are not learned from, or leave it out"
        fault = Fault(expected="another file than the one for training", found="the same content", hint=hint)
        raise DocumentError([of_fault(fault, test, reference.target, "/dataset/test_file")])


def _of_file(test: Table, reference: TableReference, chosen: Sequence[Feature], aim: Target) -> TablePart:
    """The rows of the file for the test, whose columns are what those of the first file are."""
    pointer = "/dataset/test_file"
    names = [*(feature.name for feature in chosen), reference.target]
    problems = [unknown_column(test, name, pointer) for name in names if name not in test.names]
    if problems:
        raise DocumentError([replace(problem, fix=None) for problem in problems])
    is_refused = reference.missing == "refuse"
    same = [replace(feature, cells=test.columns[feature.name]) for feature in chosen]
    for feature in same:
        fault = None if feature.is_category else number_fault(feature.cells, feature.name, test.dialect)
        if feature.cells.counts.missing == test.rows:
            fault = None
        missing = is_refused and feature.cells.counts.missing
        line = None
        if fault is None and missing:
            found, line = (
                f"none in {missing:,} of {test.rows:,} rows",
                test.line_where(feature.name, is_missing),
            )
            fault = Fault(expected="a value in every row", found=found, hint="complete them")
        if fault:
            problems.append(
                replace(of_fault(fault, test, feature.name, pointer, line), fix=None, pointer=pointer)
            )
    asked = reference.model_copy(update={"task": aim.task, "labels": aim.labels or None})
    found_aim = target(test.columns[reference.target], asked, test.dialect, is_test=True)
    if isinstance(found_aim, Fault):
        problems.append(
            replace(of_fault(found_aim, test, reference.target, pointer), fix=None, pointer=pointer)
        )
    if problems or isinstance(found_aim, Fault):
        raise DocumentError(problems)
    (rows,) = np.nonzero(~np.isnan(np.array(found_aim.values)))
    if not len(rows):
        fault = Fault(expected="rows with a target", found="none", hint="add some")
        raise DocumentError([of_fault(fault, test, reference.target, pointer)])
    return TablePart(features=same, target=found_aim, rows=rows)
