"""Prepare a table for training: choose columns and target, split the rows, and encode them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from quickml.datasets.columns import Column, feature_names, width
from quickml.datasets.data import Data
from quickml.datasets.files import TableReference
from quickml.datasets.info import DatasetInfo
from quickml.errors import DocumentError, Notice, Problem
from quickml.tables.cells import as_doubles
from quickml.tables.features import Feature, Features, Values, features, of_missing
from quickml.tables.notices import of_array, of_copies, of_reading, of_rows, of_target, of_unseen
from quickml.tables.numbers import is_missing
from quickml.tables.parts import TEST_FRACTION, TableParts, divided
from quickml.tables.problems import listed, of_fault, unknown_column, useless_options
from quickml.tables.read import Table
from quickml.tables.target import Target
from quickml.tables.targets import Faults, targets
from quickml.tables.types import Fault, shown, whole

MAX_ENCODED_BYTES = 2 << 30
"""Memory of the encoded rows."""
FEWEST_ROWS = 2
MOST_INPUTS = 100
"""Columns that are inputs of their own; a table with more is one input, an array of all encoded features."""

Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A table whose columns are chosen and whose rows are split."""

    info: DatasetInfo
    reference: TableReference
    """With everything written out."""
    notices: tuple[Notice, ...]
    columns: tuple[Column, ...]
    """All columns, which `info` has only if they are inputs of their own."""
    parts: TableParts

    def data(self) -> Data:
        """Encode the rows. Those for validation are the last ones for training."""
        x_train, y_train = self.parts.train.encoded(self.info, self.columns)
        if self.parts.validation:
            x, y = self.parts.validation.encoded(self.info, self.columns)
            x_train, y_train = np.concatenate([x_train, x]), np.concatenate([y_train, y])
        x_test, y_test = self.parts.test.encoded(self.info, self.columns)
        return Data(x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)


def prepare(
    table: Table, reference: TableReference, others: Mapping[str, Table] = MappingProxyType({})
) -> Prepared:
    """Prepare a table as a document says.

    Args:
        table: the table.
        reference: what the document says about it.
        others: the tables with rows for the test and the validation, by `test_` and `validation_`.

    Raises:
        DocumentError: with everything that is wrong; pointers start with /dataset.
    """
    problems = [*useless_options(table, reference), *_unknown_names(table, reference)]
    if problems:
        raise DocumentError(problems)
    chosen = features(table, reference)
    aim = targets(table, reference)
    problems = [*chosen.problems, *_of_target(aim, table, reference)]
    notices, missing = of_missing(table, reference, chosen.chosen)
    problems += missing
    if not problems and not chosen.chosen:
        problems = [_nothing_left(table, reference, chosen)]
    if problems or not isinstance(aim, Target):
        raise DocumentError(problems)
    parts = divided(table, reference, chosen.chosen, aim, others)
    columns = tuple(_column(feature, parts.train.rows, reference) for feature in chosen.chosen)
    _check_size(columns, table, sum(parts.sizes))
    types: dict[str, str | Values] = dict.fromkeys(chosen.ignored, "ignore")
    types |= {column.name: column.values if column.is_category else "number" for column in columns}
    return Prepared(
        info=_info(columns, aim, reference, parts),
        reference=_completed(table, reference, types, aim, others),
        columns=columns,
        notices=()
        if reference.is_complete(is_text=table.is_text)  # all was told when it was found out
        else (
            *of_reading(table, reference),
            *of_target(aim, reference),
            *chosen.notices,
            *notices,
            *of_rows(table, reference, aim, parts),
            *of_unseen(chosen.chosen, columns),
            *of_copies(table, reference.targets, chosen.chosen),
            *of_array(chosen.chosen, columns, MOST_INPUTS),
        ),
        parts=parts,
    )


def _unknown_names(table: Table, reference: TableReference) -> list[Problem]:
    named = {_pointer(name, reference): name for name in reference.targets}
    named |= {f"/dataset/{option}": getattr(reference, option) for option in ("group", "order")}
    return [
        unknown_column(table, name, pointer)
        for pointer, name in named.items()
        if name is not None and name not in table.names
    ]


def _pointer(name: str, reference: TableReference) -> str:
    """The place of a target in the document."""
    single = isinstance(reference.target, str)
    return "/dataset/target" if single else f"/dataset/target/{reference.targets.index(name)}"


def _of_target(aim: Target | Faults, table: Table, reference: TableReference) -> list[Problem]:
    if not isinstance(aim, Target):
        return [of_fault(fault, table, name, _pointer(name, reference)) for name, fault in aim]
    missing = int(np.isnan(as_doubles(aim.values)).sum())
    if missing and reference.missing == "refuse":
        fault = Fault(
            expected="a target in every row",
            found=f"none in {missing:,} of {table.rows:,} rows",
            hint='complete them, or write "missing": "mean", which leaves these rows out',
            option="missing",
            value="mean",
        )
        name = _incomplete(table, reference)
        line = table.line_where(name, is_missing)
        return [of_fault(fault, table, name, "/dataset/missing", line)]
    if table.rows - missing < FEWEST_ROWS:
        found = f"{table.rows - missing:,}"
        fault = Fault(expected=f"{FEWEST_ROWS} or more rows with a target", found=found, hint="add some")
        return [of_fault(fault, table, reference.targets[0], "/dataset/file")]
    return []


def _incomplete(table: Table, reference: TableReference) -> str:
    """The first target that is missing in some rows."""
    counts = {name: table.columns[name].counts for name in reference.targets}
    missing = (name for name, count in counts.items() if count.missing or count.missing_texts)
    return next(missing, reference.targets[0])


def _nothing_left(table: Table, reference: TableReference, chosen: Features) -> Problem:
    left_out = f" and what is left out: {listed(chosen.ignored)}" if chosen.ignored else ""
    fault = Fault(
        expected="a column to learn from",
        found=f"none besides the target {', '.join(map(shown, reference.targets))}{left_out}",
        hint='write "columns": {"NAME": "number"} or "category" for one of them',
    )
    return of_fault(fault, table, table.names[-1], "/dataset/columns")


def _column(feature: Feature, rows: Array, reference: TableReference) -> Column:
    """The description of a column; means and values come from the rows for training."""
    if feature.is_category:
        values = feature.values or _values(feature, rows)
        return Column(name=feature.name, type="category", values=values)
    if reference.missing == "refuse":
        return Column(name=feature.name, type="number")
    if isinstance(reference.missing, str):
        numbers = as_doubles(feature.cells.as_numbers())
        here = numbers[rows]
        here = here if not np.isnan(here).all() else numbers
        replacement = float(np.float32(np.nanmean(here)))
    else:
        replacement = float(reference.missing)
    return Column(name=feature.name, type="number", replacement=replacement)


def _values(feature: Feature, rows: Array) -> Values:
    present = sorted(feature.present())
    positions = np.array(feature.positions(tuple(present)))
    here = set(np.unique(positions[rows]).tolist()) or {0}
    texts = [text for position, text in enumerate(present) if position in here] or present
    numbers = whole(texts) if feature.are_whole else None
    return tuple(sorted(numbers)) if numbers else tuple(texts)


def _check_size(columns: Sequence[Column], table: Table, rows: int) -> None:
    size_bytes = 4 * width(columns) * rows
    if size_bytes > MAX_ENCODED_BYTES:
        widest = max(columns, key=lambda column: column.width)
        fault = Fault(
            expected=f"at most {MAX_ENCODED_BYTES >> 30} GiB of encoded rows",
            found=f"{size_bytes / 2**30:,.1f} GiB: {rows:,} rows of {width(columns):,} numbers",
            hint="take fewer rows, or ignore columns such as this one",
        )
        raise DocumentError([of_fault(fault, table, widest.name, "/dataset/columns")])


def _info(
    columns: tuple[Column, ...], aim: Target, reference: TableReference, parts: TableParts
) -> DatasetInfo:
    return DatasetInfo(
        name=reference.name,
        title=f"a table of {sum(parts.sizes):,} rows",  # reports and models do not say what a file is called
        source="own data",
        task=aim.task,
        shape=(width(columns),),
        labels=aim.labels,
        feature_names=feature_names(columns),
        columns=columns if len(columns) <= MOST_INPUTS else (),
        target_name="" if aim.labels else ", ".join(reference.targets),
        target_names=aim.names,
        sizes=parts.sizes,
        validation=parts.validated,
        is_ordered=reference.order is not None,
        shows_samples=reference.in_report,
    )


def _completed(
    table: Table,
    reference: TableReference,
    columns: Mapping[str, str | Values],
    aim: Target,
    others: Mapping[str, Table],
) -> TableReference:
    """The reference with everything written out that was found out; `columns` are the types by name."""
    dialect = table.dialect
    has_line = type(reference.header) is int or dialect.skipped.endswith(("titles", "comments"))
    header = table.header_line if dialect.header and has_line else dialect.header
    return reference.model_copy(
        update={
            "sha256": table.sha256,
            "task": aim.task,
            "labels": aim.labels or (aim.names if reference.separator else ()) or None,
            "columns": {name: columns[name] for name in table.names if name in columns},
            "decimal": dialect.decimal,
            **({"delimiter": dialect.delimiter, "encoding": table.encoding} if table.is_text else {}),
            **({"header": header} if table.has_lines else {}),
            "sheet": table.sheet,
            "test_fraction": None if "test_" in others else reference.test_fraction or TEST_FRACTION,
            **{f"{prefix}sha256": other.sha256 for prefix, other in others.items()},
        }
    )
