"""Several targets of a table: numbers of a regression, or labels of which a row can have any number."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from quickml.datasets.columns import MOST_VALUES
from quickml.datasets.files import TableReference
from quickml.datasets.info import Task
from quickml.document.spellings import PICTURES
from quickml.tables.cells import Cells, as_doubles
from quickml.tables.numbers import MISSING_TEXTS
from quickml.tables.read import Table
from quickml.tables.target import Target, alike, target, too_large
from quickml.tables.types import Fault, is_numeric, number_fault, shown, variants

_FLAGS = {
    word: value
    for words, value in (("1 true yes y t ja wahr sí si", 1.0), ("0 false no n f nein falsch", 0.0))
    for word in words.split()
}
"""How people and programs write that a row has a label, or has it not, without case."""
_PICTURE = re.compile(r"[^.]\.(?:png|jpe?g|webp|bmp|gif|tiff?|heic)$", re.IGNORECASE)
Faults = list[tuple[str, Fault]]
"""Columns, and what is wrong with them."""


def targets(table: Table, reference: TableReference, *, is_test: bool = False) -> Target | Faults:
    """What a model of a table predicts; or what is wrong with the columns.

    Args:
        table: the table.
        reference: what the document says about it.
        is_test: whether the rows are not learned from, where all may be alike.
    """
    if reference.separator is not None:
        return _listed(table, reference, is_test=is_test)
    if len(reference.targets) > 1:
        return _several(table, reference, is_test=is_test)
    name = reference.targets[0]
    if reference.task == "multi_label":
        hint = 'name several columns of 0 and 1 in "target", or write "separator": ";" for one of texts'
        return [(name, Fault(expected="several labels", found="one column", hint=hint))]
    cells = table.columns[name]
    found = target(cells, reference, table.dialect, is_test=is_test)
    if not isinstance(found, Fault) and 2 * len(found.labels) <= cells.rows:
        return found
    if _are_pictures(cells):
        cell = cells.counts.shown[0]
        expected = "classes or numbers to learn"
        found = Fault(expected=expected, found=f"pictures, {shown(cell)}", hint=PICTURES, cell=cell)
    return [(name, found)] if isinstance(found, Fault) else found


def _are_pictures(cells: Cells) -> bool:
    """Whether the cells are names of picture files, as of masks."""
    some = cells.counts.shown
    return bool(some) and all(_PICTURE.search(cell.strip()) for cell in some)


def _several(table: Table, reference: TableReference, *, is_test: bool) -> Target | Faults:
    names = reference.targets
    if reference.labels is not None or reference.task == "classification":
        hint = 'write "task": "multi_label" for labels of which a row can have several, or name one target'
        found = "several targets"
        return [(names[0], Fault(expected="one target of a classification", found=found, hint=hint))]
    flags = {name: _flags(table.columns[name]) for name in names}
    are_flags = not any(isinstance(one, Fault) for one in flags.values())
    task: Task = reference.task or ("multi_label" if are_flags else "regression")
    columns: dict[str, array[float]] = {}
    faults: Faults = []
    for name in names:
        cells = table.columns[name]
        values = flags[name] if task == "multi_label" else _numbers(table, name, cells)
        if not isinstance(values, Fault) and not is_test:
            values = _varied(values)
        if isinstance(values, Fault):
            faults.append((name, values))
        else:
            columns[name] = values
    return faults or _target(task, columns)


def _target(task: Task, columns: Mapping[str, array[float]]) -> Target:
    """A row without one of the targets has none."""
    rows = zip(*columns.values(), strict=True)
    values = array("d", (math.nan if any(map(math.isnan, row)) else 0.0 for row in rows))
    return Target(task=task, values=values, names=tuple(columns), columns=tuple(columns.values()))


def _numbers(table: Table, name: str, cells: Cells) -> array[float] | Fault:
    fault = number_fault(cells, name, table.dialect)
    if fault is None:
        values = cells.as_numbers()
        return too_large(as_doubles(values)) or values
    return fault if fault.option else replace(fault, hint='leave it out of "target", or correct it')


def _varied(values: array[float]) -> array[float] | Fault:
    present = {value for value in values if not math.isnan(value)}
    if len(present) > 1:
        return values
    found = f"{present.pop():g} in all rows" if present else "none"
    return Fault(expected="different values to learn", found=found, hint='leave it out of "target"')


def _flags(cells: Cells) -> array[float] | Fault:
    """1 for a row that has a label, 0 for one that has not; NaN where that is not known."""
    if cells.values is None:
        hint = 'write "task": "regression" for numbers'
        return Fault(expected="0 or 1 in each row", found="more than two values", hint=hint)
    table = []
    for cell in cells.values:
        text = cell.strip().casefold()
        value = cells.as_number(cell) if is_numeric(cells) else _FLAGS.get(text, math.nan)
        is_missing = cell.strip() in MISSING_TEXTS or (is_numeric(cells) and math.isnan(value))
        if not is_missing and value not in (0.0, 1.0):
            hint = 'write 1 for rows that have the label and 0 for the others, or "task": "regression"'
            return Fault(expected="0 or 1, true or false, yes or no", found=shown(cell), hint=hint, cell=cell)
        table.append(math.nan if is_missing else value)
    return array("d", map(table.__getitem__, cells.codes))


def _listed(table: Table, reference: TableReference, *, is_test: bool) -> Target | Faults:
    """The labels of a column of texts such as `sport;music`. An empty text has none of them."""
    name, cells = reference.targets[0], table.columns[reference.targets[0]]
    if len(reference.targets) > 1 or reference.task not in (None, "multi_label"):
        hint = 'leave "separator" out, or name one column of texts, which is a "multi_label"'
        found = "several" if len(reference.targets) > 1 else f"a {reference.task}"
        return [(name, Fault(expected="one target with a separator", found=found, hint=hint))]
    if cells.values is None:
        found = f"more than {MOST_VALUES:,} different texts"
        hint = "write a column of 0 and 1 for each label"
        return [(name, Fault(expected="labels of which a row can have several", found=found, hint=hint))]
    if reference.labels is None and (pair := _alike(cells, str(reference.separator))):
        return [(name, alike(pair, '"labels"'))]
    rows = [_split(cell, str(reference.separator)) for cell in cells.values]
    if not is_test and not any(str(reference.separator) in cell for cell in cells.values):
        expected = f"texts with {shown(str(reference.separator))} between their labels"
        hint = 'write another "separator", or leave it out if each row has one label'
        return [(name, Fault(expected=expected, found="it in none", hint=hint))]
    known = reference.labels or tuple(sorted(set(chain(*rows))))
    if fault := _wrong_labels(rows, known, cells, is_test=is_test):
        return [(name, fault)]
    columns = {}
    for label in known:
        table_of_label = [1.0 if label in row else 0.0 for row in rows]
        values = array("d", map(table_of_label.__getitem__, cells.codes))
        checked = values if is_test else _varied(values)
        if isinstance(checked, Fault):
            hint = 'write "labels" without it'
            found = f"{shown(label)}: {checked.found}"
            return [(name, Fault(expected=checked.expected, found=found, hint=hint))]
        columns[label] = values
    return _target("multi_label", columns)


def _split(cell: str, separator: str) -> frozenset[str]:
    return frozenset(part for one in cell.split(separator) if (part := one.strip()))


def _alike(cells: Cells, separator: str) -> tuple[str, str] | None:
    """Two labels that differ by case or blanks inside only."""
    found = Cells(cells.decimal)
    found.add(sorted(set(chain(*(_split(cell, separator) for cell in cells.values or ())))))
    return variants(found)


def _wrong_labels(
    rows: Sequence[frozenset[str]], known: Sequence[str], cells: Cells, *, is_test: bool
) -> Fault | None:
    if not 2 <= len(known) <= MOST_VALUES and not is_test:
        hint = "name another target or separator"
        return Fault(expected=f"2 to {MOST_VALUES:,} labels", found=f"{len(known):,}", hint=hint)
    for row, cell in zip(rows, cells.values or (), strict=True):
        if others := sorted(row - set(known)):
            expected = f"labels among {', '.join(map(shown, known[:6]))}"
            return Fault(expected=expected, found=shown(others[0]), hint='add it to "labels"', cell=cell)
    return None


def none_of(aim: Target) -> Iterator[int]:
    """The rows that have none of the labels."""
    for index, row in enumerate(zip(*aim.columns, strict=True)):
        if not any(row):
            yield index
