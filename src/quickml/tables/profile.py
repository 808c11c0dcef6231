"""What is in a table: its columns their types, missing values and histograms, and what to predict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.api.profiles import TableClass, TableColumn, TableProfile
from quickml.datasets.files import TableReference
from quickml.errors import DocumentError, Notice, Problem
from quickml.tables.cells import Cells, as_doubles
from quickml.tables.dialect import Asked
from quickml.tables.numbers import is_missing
from quickml.tables.prepare import Prepared, prepare
from quickml.tables.propose import document, is_unbalanced, likeliest
from quickml.tables.read import Table, read
from quickml.tables.types import ColumnTyped, is_numeric, shown, typed

BINS = 20
MOST_SHOWN = 100
"""Values of a category in a profile."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What is in a table, and a document that learns from it."""

    table: Table
    columns: tuple[TableColumn, ...]
    target: str | None
    """What the document predicts; None if no column can be predicted."""
    prepared: Prepared | None
    notices: tuple[Notice, ...]
    problems: tuple[Problem, ...]
    """Why there is no document."""
    document: dict[str, Any] | None

    @property
    def labels(self) -> list[tuple[str, int]]:
        """The classes, or labels of which a row can have several, and their rows; none of a regression."""
        if self.prepared is None:
            return []
        aim = self.prepared.parts.train.target
        if aim.task == "multi_label":
            return [
                (name, int(np.nansum(values))) for name, values in zip(aim.names, aim.columns, strict=True)
            ]
        return list(zip(aim.labels, aim.counts, strict=True))

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns to predict; none if nothing can be."""
        return self.prepared.reference.targets if self.prepared else ()

    def message(self) -> TableProfile:
        """The profile as a message of the API."""
        table, dialect = self.table, self.table.dialect
        return TableProfile(
            file=table.file,
            sha256=table.sha256,
            rows=table.rows,
            format=table.format,
            sheet=table.sheet,
            encoding=table.encoding or "",
            delimiter=dialect.delimiter if table.is_text else "",
            decimal=dialect.decimal,
            header=dialect.header,
            first_line=table.header_line,
            columns=self.columns,
            target=self.target,
            task=self.prepared.info.task if self.prepared else None,
            classes=tuple(TableClass(label=label, rows=rows) for label, rows in self.labels),
            notices=self.notices,
            problems=self.problems,
            document=self.document,
        )


def profile(
    path: Path, file: str, target: str | Sequence[str] | None = None, options: Mapping[str, Any] | None = None
) -> Profile:
    """Read a table, and propose a document for it.

    Args:
        path: of the file.
        file: what the document calls it.
        target: the column to predict, or several; the likeliest one if left out.
        options: others of the dataset, as a document has them, such as `columns` and `decimal`.

    Raises:
        TableError: the file cannot be read.
    """
    given = dict(options or {})
    asked = [target] if isinstance(target, str) else list(target or ())
    table = _table(path, file, asked, given)
    types = {name: typed(cells, name, table.dialect) for name, cells in table.columns.items()}
    prepared: Prepared | None = None
    problems: tuple[Problem, ...] = ()
    for names in [asked] if asked else [[name] for name in likeliest(types)]:
        try:
            aim = names[0] if len(names) == 1 else tuple(names)
            prepared = prepare(table, TableReference(file=file, target=aim, **given))
        except DocumentError as error:
            problems = problems or error.problems
            continue
        problems = ()
        break
    return Profile(
        table=table,
        columns=tuple(_columns(table, types)),
        target=", ".join(prepared.reference.targets) if prepared else None,
        prepared=prepared,
        notices=(*prepared.notices, *_of_document(prepared)) if prepared else (),
        problems=problems,
        document=document(prepared) if prepared else None,
    )


def _table(path: Path, file: str, targets: Sequence[str], given: Mapping[str, Any]) -> Table:
    asked = Asked(
        delimiter=given.get("delimiter"),
        decimal=given.get("decimal"),
        header=given.get("header"),
        names=frozenset([*targets, *given.get("columns", {})]),
        unread=frozenset(name for name, kind in given.get("columns", {}).items() if kind == "ignore"),
    )
    kept = {given.get("group"), given.get("order")}
    return read(
        path,
        file,
        asked=asked,
        encoding=given.get("encoding"),
        sheet=given.get("sheet"),
        whole=lambda name: name in kept,
    )


def _of_document(prepared: Prepared) -> Iterator[Notice]:
    """What the proposed document has because of the rows, and why."""
    aim = prepared.parts.train.target
    if not is_unbalanced(aim.counts):
        return
    rows = {label: count for label, count in zip(aim.labels, aim.counts, strict=True) if count}
    most, fewest = max(rows, key=lambda label: rows[label]), min(rows, key=lambda label: rows[label])
    message = (
        f"'balanced', because {shown(most, 30)} has {rows[most]:,} rows and {shown(fewest, 30)}"
        f" {rows[fewest]:,}: the rarer a class, the more each of its rows counts"
    )
    yield Notice(pointer="/training/class_weight", message=message)


def _columns(table: Table, types: dict[str, ColumnTyped]) -> Iterator[TableColumn]:
    for name, cells in table.columns.items():
        about = types[name]
        yield TableColumn(
            name=name,
            type=about.type,
            reason=about.reason,
            problem=f"expected {about.fault.expected}, found {about.fault.found}" if about.fault else "",
            missing=cells.counts.missing if is_numeric(cells) else cells.counts.missing_texts,
            different=None if cells.has_many else len(cells.values or ()),
            **(
                of_numbers(as_doubles(cells.as_numbers()))
                if is_numeric(cells)
                else {"values": _commonest(cells)}
            ),
        )


def of_numbers(numbers: NDArray[np.float64]) -> dict[str, Any]:
    """What a profile says of numbers, of which NaN are missing, not all."""
    numbers = numbers[~np.isnan(numbers)]
    low, high = float(numbers.min()), float(numbers.max())
    # Not NumPy's histogram, which refuses numbers that are hardly larger than the gaps between floats.
    places = np.minimum((numbers - low) * (BINS / ((high - low) or 1)), BINS - 1).astype(np.intp)
    counts = np.bincount(places, minlength=BINS)
    return {
        "low": low,
        "high": high,
        "mean": float(numbers.mean()),
        "is_whole": bool((numbers == np.floor(numbers)).all()),
        "histogram": tuple(counts.tolist()),
    }


def _commonest(cells: Cells) -> tuple[tuple[str, int], ...]:
    found: Sequence[tuple[str, int]] = sorted(cells.occurrences().items(), key=lambda item: -item[1])
    return tuple((cell, count) for cell, count in found if not is_missing(cell))[:MOST_SHOWN]
