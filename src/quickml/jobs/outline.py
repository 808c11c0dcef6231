"""The events of a job, thinned: enough for a small curve, however long the training was."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, and_, func, or_, select

from quickml.jobs.job import Job, StoredEvent
from quickml.jobs.rows import event_of
from quickml.storage.database.tables import events


def outline(connection: Connection, job: Job, types: Collection[str], most: int) -> list[StoredEvent]:
    """A job's events of the given types, in order, at most `most` of each type.

    They are evenly spaced, and the first and the last one of each type are among them.

    Args:
        connection: of a transaction.
        job: as it was read before; later events are left out.
        types: the types.
        most: number of events of each type, at least 2.
    """
    number = func.row_number().over(partition_by=events.c.type, order_by=events.c.sequence) - 1
    count = func.count().over(partition_by=events.c.type)
    is_wanted = and_(
        events.c.job_id == job.id, events.c.sequence.between(1, job.last_event), events.c.type.in_(types)
    )
    ranked = (
        select(events.c.sequence, number.label("number"), count.label("count")).where(is_wanted).subquery()
    )
    spaced = (ranked.c.number * (most - 1)) % ranked.c.count < most - 1
    chosen = select(ranked.c.sequence).where(or_(spaced, ranked.c.number == ranked.c.count - 1))
    found = select(events).where(events.c.job_id == job.id, events.c.sequence.in_(chosen))
    return [event_of(row) for row in connection.execute(found.order_by(events.c.sequence))]
