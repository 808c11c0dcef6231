"""Reads a large CSV file into columns of arrays."""

from __future__ import annotations

from collections.abc import Callable

from quickml.tables.arrow.cells import ArrowCells
from quickml.tables.arrow.text_file import fill_large
from quickml.tables.records import Records
from quickml.tables.totals import total


def filled_large(
    rows: Records, columns: Callable[[type[ArrowCells]], dict[str, ArrowCells]]
) -> tuple[Records, dict[str, ArrowCells], int] | None:
    """See `filling.filled`; None if the file has something that only the reader of small files can judge."""
    has_quotes = '"' in rows.source.sample
    for may_quote in (True,) if has_quotes else (False, True):
        again, cells = rows.again(), columns(ArrowCells)
        found = fill_large(again, cells, has_quotes=may_quote)
        if found is None:
            continue
        count, last = found
        return (again, cells, count) if count and not total(again.names, cells, last, count) else None
    return None
