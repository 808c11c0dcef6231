"""All rows of one database, copied to another: at once or not at all, and compared."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, Table, func, insert, select, text

from quickml.errors import StoreError
from quickml.storage.database.engine import MIGRATIONS, Database
from quickml.storage.database.tables import metadata

PAGE = 500
"""Rows that are copied at a time."""
_SEQUENCE = text(
    "SELECT setval('events_position_seq', greatest(1, (SELECT max(position) FROM events)))"
)  # the next events follow those that were copied

Digests = dict[str, tuple[int, int]]
"""Number of rows, and the sum of their checksums, by table."""


def copy(source: Database, target: Database) -> int:
    """Copy all rows of `source`, which nobody uses, to `target`, which is empty; returns their number.

    Nothing is copied if that was done before.

    Raises:
        StoreError: `target` has other rows, or has not got what was written.
    """
    with source.read() as old, target.write(lock=MIGRATIONS) as new:
        expected, found = _digests(old), _digests(new)
        if found != expected:
            if any(number for number, _ in found.values()):
                told = ", ".join(f"{number} {name}" for name, (number, _) in found.items() if number)
                raise StoreError(f"{target.name}: expected an empty database, found {told}")
            for table in metadata.sorted_tables:
                for page in _pages(old, table):
                    new.execute(insert(table).inline(), [dict(row._mapping) for row in page])
            if new.dialect.name == "postgresql":
                new.execute(_SEQUENCE)
            if _digests(new) != expected:
                raise StoreError(
                    f"{target.name}: the rows that were read back are not those that were written"
                )
    return sum(number for number, _ in expected.values())


def _pages(connection: Connection, table: Table) -> Iterator[list[Row[Any]]]:
    wanted = select(table).order_by(*table.primary_key.columns)
    result = connection.execute(wanted, execution_options={"yield_per": PAGE})
    for page in result.partitions():
        yield list(page)


def _digests(connection: Connection) -> Digests:
    return {table.name: _digest(connection, table) for table in metadata.sorted_tables}


def _digest(connection: Connection, table: Table) -> tuple[int, int]:
    """Databases may sort differently, so the checksums of rows are added up."""
    number = connection.execute(select(func.count()).select_from(table)).scalar_one()
    total = 0
    for page in _pages(connection, table):
        for row in page:
            total += int.from_bytes(hashlib.sha256(repr(tuple(row)).encode()).digest(), "big")
    return number, total % 2**256
