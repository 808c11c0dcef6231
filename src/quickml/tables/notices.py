"""Notices about a table: all that was found out and the document does not say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from quickml.datasets.columns import Column, width
from quickml.datasets.files import RecordingsReference, TableReference
from quickml.errors import Notice
from quickml.tables.cells import as_doubles
from quickml.tables.features import Feature, missing_values
from quickml.tables.parts import TableParts
from quickml.tables.problems import FORMATS, cells_listed, listed, rows
from quickml.tables.read import Table
from quickml.tables.target import Target
from quickml.tables.targets import none_of
from quickml.tables.types import shown
from quickml.text import printable

FEW_ROWS = 50
FEW_OF_A_CLASS = 5
FAR_APART = 3
"""Times the standard deviation of one target that of another may be without a notice."""
_SIGNS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical lines"}


def of_reading(table: Table, reference: TableReference | RecordingsReference) -> Iterator[Notice]:
    """How the file is written."""
    facts = _of_text(table, reference) if table.is_text else _of_format(table, reference)
    if facts:
        yield Notice(
            pointer="/dataset", message=f"{printable(table.file, 100)} is read as: {', '.join(facts)}"
        )
    if (dialect := table.dialect).skipped:
        units = f"{table.where.unit}s"
        message = f"the first {dialect.skipped_lines} {units} are passed over: {dialect.skipped}"
        message = message.replace(f"first 1 {units} are", f"first {units[:-1]} is")
        yield Notice(pointer="/dataset/header", message=message)
    if table.numbered is not None:
        message = "the first column has no name and counts the rows; it is left out"
        yield Notice(pointer="/dataset/columns", message=message)
    yield from _passed_over(table)


def _of_text(table: Table, reference: TableReference | RecordingsReference) -> list[str]:
    dialect, facts = table.dialect, []
    if reference.encoding is None:
        facts.append(table.encoding if table.encoding == "cp1252" else str(table.encoding).upper())
    if reference.delimiter is None:
        facts.append(f"fields between {_SIGNS.get(dialect.delimiter, 'delimiters')}")
    if reference.decimal is None:
        facts.append(f"numbers with a {'point' if dialect.decimal == '.' else 'comma'}")
    if reference.header is None:
        facts.append(_of_header(table))
    return facts


def _of_format(table: Table, reference: TableReference | RecordingsReference) -> list[str]:
    facts = [FORMATS[table.format]] if reference.sha256 is None else []
    sheet = reference.sheet if isinstance(reference, TableReference) else None
    if table.sheet is not None and sheet is None:
        others = f', one of {table.sheets:,}; write "sheet" for another one' if table.sheets > 1 else ""
        facts.append(f"its sheet {shown(table.sheet)}{others}")
    if reference.decimal is None and table.dialect.decimal == ",":
        facts.append("numbers in texts with a comma")
    if reference.header is None and table.has_lines:
        facts.insert(1, _of_header(table))
    return facts


def _of_header(table: Table) -> str:
    unit = table.where.unit
    names = f"names of columns in {unit} {table.header_line}"
    return names if table.dialect.header else f"no names of columns, rows from the first {unit} on"


def _passed_over(table: Table) -> Iterator[Notice]:
    passed = {"blank lines": table.blank_lines, "rows in which all fields are empty": table.empty_rows}
    for what, count in passed.items():
        if count:
            yield Notice(pointer="/dataset/file", message=f"{count:,} {what} passed over")
    if table.has_trailing_delimiter:
        yield Notice(pointer="/dataset/file", message="the delimiter at the end of each line is passed over")


def of_target(aim: Target, reference: TableReference) -> Iterator[Notice]:
    """What the model predicts."""
    if aim.names:
        yield from _of_targets(aim, reference)
    elif aim.labels and (reference.task is None or reference.labels is None):
        counts = [
            f"{shown(label, 30)} ({rows(count)})" for label, count in zip(aim.labels, aim.counts, strict=True)
        ]
        message = f"a classification of {len(aim.labels)} classes: {listed(counts)}"
        if reference.task is None and all(label.lstrip("-").isdigit() for label in aim.labels):
            message += '; write "task": "regression" if these are quantities'
        yield Notice(pointer="/dataset/task", message=message)
    elif reference.task is None:
        low, high = np.nanmin(as_doubles(aim.values)), np.nanmax(as_doubles(aim.values))
        message = f"a regression: {shown(reference.targets[0])} is a number from {low:g} to {high:g}"
        yield Notice(pointer="/dataset/task", message=message)


def _of_targets(aim: Target, reference: TableReference) -> Iterator[Notice]:
    """What a model of several targets predicts."""
    if aim.task == "multi_label":
        if reference.task is None or (reference.separator and reference.labels is None):
            counts = [
                f"{shown(name, 30)} ({rows(int(np.nansum(values)))})"
                for name, values in zip(aim.names, aim.columns, strict=True)
            ]
            message = f"{len(aim.names)} labels, of which a row can have any number: {listed(counts)}"
            if not reference.separator:
                message += '; write "task": "regression" if these are quantities'
            yield Notice(pointer="/dataset/task", message=message)
        if count := sum(1 for _ in none_of(aim)):
            yield Notice(pointer="/dataset/target", message=f"{rows(count)} with none of the labels")
        return
    if reference.task is None:
        ranges = [
            f"{shown(name, 30)} from {np.nanmin(values):g} to {np.nanmax(values):g}"
            for name, values in zip(aim.names, aim.columns, strict=True)
        ]
        message = f"a regression of {len(aim.names)} numbers: {listed(ranges)}"
        yield Notice(pointer="/dataset/task", message=message)
    deviations = [float(np.nanstd(values)) for values in aim.columns]
    if max(deviations) > FAR_APART * min(deviations):
        largest = aim.names[int(np.argmax(deviations))]
        message = (
            "the targets are of different scale: the model learns all of them alike, in standard deviations,"
            f" but metrics over all targets say most about {shown(largest)}; the report has them for each"
        )
        yield Notice(pointer="/dataset/target", message=message)


def of_rows(table: Table, reference: TableReference, aim: Target, parts: TableParts) -> Iterator[Notice]:
    """Which rows are used for what."""
    missing = int(np.isnan(as_doubles(aim.values)).sum())
    if missing:
        message = f"{missing:,} of {table.rows:,} rows have no target and are left out"
        yield Notice(pointer="/dataset/target", message=message)
    train, test = parts.sizes
    if reference.test_fraction is None and reference.test_file is None:
        what = "the last " if reference.order else ""
        each = ", the last ones of each group," if reference.order and reference.group else ""
        message = f"{what}{test:,} of {train + test - parts.validated:,} rows{each} are held out for the test"
        yield Notice(pointer="/dataset/test_fraction", message=message)
    if train + test < FEW_ROWS:
        message = f"only {train + test:,} rows: what a model learns from so few is mostly chance"
        yield Notice(pointer="/dataset/file", message=message)
    few = [
        shown(label, 30)
        for label, count in zip(aim.labels, aim.counts, strict=False)
        if count < FEW_OF_A_CLASS
    ]
    if few:
        message = f"fewer than {FEW_OF_A_CLASS} rows each of {listed(few)}"
        yield Notice(pointer="/dataset/target", message=message)


def of_unseen(features: Sequence[Feature], columns: Sequence[Column]) -> Iterator[Notice]:
    """Values that only occur in rows for the test, which a model cannot have learned."""
    for feature, column in zip(features, columns, strict=True):
        if not feature.is_category or feature.values is not None:
            continue
        if unseen := sorted(set(feature.present()) - set(map(str, column.values))):
            values = cells_listed(unseen)
            message = f"{shown(column.name)}: in rows for the test only, and read as missing there: {values}"
            yield Notice(pointer="/dataset/columns", message=message)


def of_array(features: Sequence[Feature], columns: Sequence[Column], most: int) -> Iterator[Notice]:
    """What an app passes to the model of a table with too many columns for inputs of their own."""
    if len(columns) <= most:
        return
    parts = [f"a number for each of {width(columns):,} features, in the order of report.json's feature_names"]
    if any(column.is_category for column in columns):
        parts.append("1 for the value that a category has, 0 for the others")
    gaps = [
        f"{column.name} ({column.replacement:.6g})"
        for feature, column in zip(features, columns, strict=True)
        if column.replacement is not None and missing_values(feature)
    ]
    if gaps:
        parts.append(f"for a missing number, its replacement: {listed(gaps, len(gaps))}")
    message = f"{len(columns):,} columns, more than {most}, are passed as one array: {'; '.join(parts)}"
    yield Notice(pointer="/dataset/columns", message=message)


def of_copies(table: Table, targets: Sequence[str], features: Sequence[Feature]) -> Iterator[Notice]:
    """Columns that say a target already: no app knows them before the model answers."""
    for one, aim in product(features, map(table.columns.__getitem__, targets)):
        is_same = one.cells.values == aim.values and one.cells.codes == aim.codes
        if is_same and (aim.values is not None or one.cells.numbers == aim.numbers):
            hint = 'write "ignore" unless an app knows it beforehand'
            message = f"{shown(one.name)} is the target in every row; {hint}"
            yield Notice(pointer="/dataset/columns", message=message)
