"""All changes of an owner's jobs in one order: their events, and which jobs were submitted and deleted.

A position counts the changes of one owner. It is taken from the owner's row of `feeds`, which stays locked
until the transaction ends. So, on any database, a change becomes visible before the next one of the same
owner is numbered, and whoever has read up to a position has missed nothing before it. One number over all
owners could not be used: taken from a sequence, a lower one may become visible after a higher one; taken from
a locked row, it would let only one transaction of all write at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, Row, and_, delete, insert, select, text

from quickml.jobs.job import Change, Job
from quickml.jobs.values import LARGEST, MANY, text_of
from quickml.storage.database.engine import Database
from quickml.storage.database.tables import events, feeds

SUBMITTED, DELETED = 0, -1
"""The sequence numbers of changes that are no events of the job."""
_ADVANCE = text(
    "INSERT INTO feeds (owner, position) VALUES (:owner, :count)"
    " ON CONFLICT (owner) DO UPDATE SET position = feeds.position + excluded.position RETURNING position"
)  # the same in SQLite and PostgreSQL


class FeedStore:
    """The changes of the owners' jobs. Any call may raise `StoreError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def position(self, owner: str) -> int:
        """The position of the owner's newest change; 0 if there was none."""
        with self._database.statement() as connection:
            return _positions(connection, [owner]).get(owner, 0)

    def changes(self, owner: str, after: int, limit: int) -> list[Change]:
        """The owner's changes whose position is above `after`, in order."""
        with self._database.statement() as connection:
            return _changes(connection, owner, after, limit)

    def news(self, after: Mapping[str, int], limit: int) -> dict[str, list[Change]]:
        """New changes of many owners at once.

        Args:
            after: the owners, each with the position of the last change that is known.
            limit: the most changes of each owner.

        Returns:
            By owner, the changes that follow, where there are any.
        """
        with self._database.statement() as connection:
            newest = _positions(connection, list(after))
            behind = {owner: known for owner, known in after.items() if newest.get(owner, 0) > known}
            found = {owner: _changes(connection, owner, known, limit) for owner, known in behind.items()}
        return {owner: changes for owner, changes in found.items() if changes}

    def forget_deletions(self, before: datetime) -> None:
        """Remove what is left of the jobs that were deleted before a time."""
        old = and_(events.c.sequence == DELETED, events.c.body < text_of(before))
        with self._database.write(durable=False) as connection:
            connection.execute(delete(events).where(old))


def advanced(connection: Connection, owner: str, count: int) -> int:
    """Take the next `count` positions of an owner; returns the last of them."""
    taken: int = connection.execute(_ADVANCE, {"owner": owner, "count": count}).scalar_one()
    return taken


def mark_submitted(connection: Connection, job: Job, now: datetime) -> None:
    """Note that a job was submitted."""
    _mark(connection, job, SUBMITTED, "submitted", now)


def mark_deleted(connection: Connection, job: Job, now: datetime) -> None:
    """Note that a job was deleted, when its events are deleted."""
    _mark(connection, job, DELETED, "deleted", now)


def _mark(connection: Connection, job: Job, sequence: int, type_: str, now: datetime) -> None:
    position = advanced(connection, job.owner, 1)
    row = {"job_id": job.id, "sequence": sequence, "type": type_, "body": text_of(now)}
    connection.execute(insert(events).values(**row, owner=job.owner, owner_position=position))


def _positions(connection: Connection, owners: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(owners), MANY):
        wanted = select(feeds).where(feeds.c.owner.in_(owners[start : start + MANY]))
        found |= {row.owner: row.position for row in connection.execute(wanted)}
    return found


def _changes(connection: Connection, owner: str, after: int, limit: int) -> list[Change]:
    wanted = and_(events.c.owner == owner, events.c.owner_position > min(after, LARGEST))
    found = select(events).where(wanted).order_by(events.c.owner_position).limit(limit)
    return [_change(row) for row in connection.execute(found)]


def _change(row: Row[tuple[object, ...]]) -> Change:
    return Change(
        position=row.owner_position, job_id=row.job_id, sequence=row.sequence, type=row.type, body=row.body
    )
