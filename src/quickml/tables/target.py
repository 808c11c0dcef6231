"""The target of a table: whether it is one of classes or of numbers, and its values."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from quickml.datasets.check import LARGEST_TARGET
from quickml.datasets.columns import MOST_VALUES
from quickml.datasets.files import TableReference
from quickml.datasets.info import Task
from quickml.tables.cells import Cells, as_doubles
from quickml.tables.dialect import Dialect
from quickml.tables.folding import told_apart
from quickml.tables.numbers import MISSING_TEXTS, is_missing
from quickml.tables.types import (
    MOST_CATEGORIES,
    Fault,
    is_numeric,
    number_fault,
    present_values,
    shown,
    typed,
    variants,
    whole,
)

MOST_CLASSES = 20
"""Different whole numbers that are classes by themselves."""
ROWS_EACH = 5
"""Rows that each of them must have."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a model of a table predicts."""

    task: Task
    labels: tuple[str, ...] = ()
    """Of a classification, in the order of the model's outputs."""
    values: array[float]
    """Of each row the position of its label, or its number; NaN if it has none."""
    counts: tuple[int, ...] = ()
    """Rows of each label."""
    names: tuple[str, ...] = ()
    """Of several targets; then `values` only says which rows have none."""
    columns: tuple[array[float], ...] = ()
    """Of several targets: the values of each."""

    def of(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
        """Of some rows the class indices, int32 (rows,); or numbers, float32 (rows,) or (rows, targets)."""
        if self.names:
            return np.stack([np.array(values)[rows] for values in self.columns], axis=1).astype(np.float32)
        return np.array(self.values)[rows].astype(np.int32 if self.labels else np.float32)


def target(
    cells: Cells, reference: TableReference, dialect: Dialect, *, is_test: bool = False
) -> Target | Fault:
    """What the model predicts; or why the column has neither classes nor numbers, or not what it should.

    Args:
        cells: of the column.
        reference: what the document says about it.
        dialect: how the file is written.
        is_test: whether the rows are for the test only, where all may be alike.
    """
    if reference.labels is not None and reference.task == "regression":
        hint = 'leave "labels" out, or write "task": "classification"'
        return Fault(expected="no labels of a regression", found="labels", hint=hint)
    task = reference.task or (
        "classification" if reference.labels else _task(cells, reference.targets[0], dialect)
    )
    if isinstance(task, Fault):
        return task
    if task == "classification":
        return classes(cells, reference.labels, is_declared=reference.task is not None)
    if fault := number_fault(cells, reference.targets[0], dialect):
        return fault
    return _numbers(cells, is_test=is_test)


def _numbers(cells: Cells, *, is_test: bool) -> Target | Fault:
    values = cells.as_numbers()
    numbers = as_doubles(values)
    if fault := too_large(numbers):
        return fault
    if not is_test and np.nanmin(numbers) == np.nanmax(numbers):
        found = f"{np.nanmin(numbers):g} in all rows"
        return Fault(expected="different numbers to learn", found=found, hint="name another target")
    return Target(task="regression", values=values)


def too_large(numbers: npt.NDArray[np.float64]) -> Fault | None:
    """What is wrong with numbers to predict that make an infinite loss."""
    largest = float(np.abs(numbers).max(initial=0, where=~np.isnan(numbers)))
    if largest <= LARGEST_TARGET:
        return None
    expected = f"numbers of at most {LARGEST_TARGET:g} to learn, whose squares a 32-bit float can hold"
    return Fault(expected=expected, found=f"{largest:g}", hint="write them in a larger unit")


def _task(cells: Cells, name: str, dialect: Dialect) -> Task | Fault:
    if is_numeric(cells):
        if cells.has_many:
            return "regression"
        values = [value for value in cells.as_numbers() if not math.isnan(value)]
        if not all(map(float.is_integer, values)):
            return "regression"
        counts = Counter(values)
        are_classes = 2 <= len(counts) <= MOST_CLASSES and min(counts.values()) >= ROWS_EACH
        return "classification" if are_classes else "regression"
    found = typed(cells, name, dialect)
    if found.fault:
        return found.fault
    if found.reason in ("dates", "times of the day", "no values"):
        hint = "name another column"
        return Fault(expected="classes or numbers to learn", found=found.reason, hint=hint)
    return "classification"


def classes(cells: Cells, declared: Sequence[str] | None, *, is_declared: bool) -> Target | Fault:
    """The target of a classification; or why there are too many or too few classes, or two that are alike.

    Args:
        cells: of the column.
        declared: its labels, if the document has them.
        is_declared: whether the document says that it is a classification.
    """
    most = MOST_VALUES if declared or is_declared else MOST_CATEGORIES
    found = present_values(cells, declared)
    if found and is_numeric(cells):
        found = [text for text in found if not is_missing(text)]
    if found is None or len(found) > most:
        number = "more" if found is None else f"{len(found):,}"
        hint = f'write "task": "classification" for up to {MOST_VALUES:,}'
        hint = hint if most < MOST_VALUES else "name a column with fewer values"
        return Fault(expected=f"at most {most:,} classes", found=number, hint=hint)
    if declared is None and (pair := variants(cells)):
        return alike(pair, '"labels"')
    names = {text: _label(text, cells) for text in found}
    labels = tuple(declared or _sorted(set(names.values())))
    if len(labels) < 2:
        found_one = f"{shown(labels[0])} in all rows" if labels else "none"
        return Fault(expected="two or more classes", found=found_one, hint="name another target")
    positions = {label: float(position) for position, label in enumerate(labels)}
    for text, name in names.items():
        if text not in positions and name not in positions:
            expected = f"one of the labels {', '.join(map(shown, labels[:6]))}"
            cell = next(cell for cell in cells.values or () if cell.strip() == text)
            return Fault(expected=expected, found=shown(text), hint='add it to "labels"', cell=cell)
    table = [_position(cell.strip(), positions, names) for cell in cells.values or ()]
    values = cells.looked_up(array("d", table))
    counts = Counter(values)
    return Target(
        task="classification",
        labels=labels,
        values=values,
        counts=tuple(counts[float(position)] for position in range(len(labels))),
    )


def _position(text: str, positions: dict[str, float], names: dict[str, str]) -> float:
    if text in positions:
        return positions[text]
    return positions.get(names.get(text, ""), math.nan) if text not in MISSING_TEXTS else math.nan


def _label(text: str, cells: Cells) -> str:
    """The name of a class: of a number, its shortest form."""
    if not is_numeric(cells):
        return text
    value = cells.as_number(text)
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else text


def _sorted(labels: set[str]) -> list[str]:
    numbered = whole(list(labels))
    return [str(number) for number in sorted(numbered)] if numbered else sorted(labels)


def alike(pair: tuple[str, str], option: str) -> Fault:
    """The fault of two texts that differ by case or blanks only."""
    first, second = told_apart(*pair)
    return Fault(
        expected="texts that differ by more than case, blanks or the form of letters",
        found=f"{first} and {second}",
        hint=f"write all alike, or list both in {option}",
        cell=pair[1],
    )
