"""The rows of a table with their cells, for a model that exists already and knows what they mean."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from quickml.tables.dialect import Asked
from quickml.tables.formats import Reading, opened_rows
from quickml.tables.numbers import MISSING_TEXTS, Decimal, is_missing, number


@dataclass(frozen=True, kw_only=True)
class RawTable:
    """The cells of a file, and how its numbers are written."""

    names: tuple[str, ...]
    decimal: Decimal
    rows: Sequence[tuple[int, Sequence[str]]]
    """Each with the line that it begins in."""


def read_raw(path: Path, file: str, names: Collection[str]) -> RawTable:
    """Read a table that a model is run on.

    Args:
        path: of the file.
        file: what messages call it.
        names: columns that a header may have.

    Raises:
        TableError: the file cannot be read, is damaged, or has no row.
    """
    with opened_rows(path, file, Reading(asked=Asked(names=frozenset(names)))) as records:
        rows = [
            (line, row)
            for chunk in records.chunks()
            for line, row in zip(chunk.lines, chunk.rows, strict=True)
        ]
    if not rows:
        raise records.no_rows()
    return RawTable(names=tuple(records.names), decimal=records.dialect.decimal, rows=rows)


def number_in(cell: str, decimal: Decimal) -> float | None:
    """The number in a cell; None if it is missing.

    Raises:
        ValueError: the cell has something else.
    """
    if is_missing(cell):
        return None
    found = number(cell, decimal)
    if found is None:
        raise ValueError(cell)
    return found.value


def text_in(cell: str, known: Collection[str]) -> str | None:
    """The text in a cell, without blanks around it if it is not known with them; None if it is missing."""
    stripped = cell.strip()
    if cell in known:
        return cell
    return None if stripped in MISSING_TEXTS and stripped not in known else stripped
