"""Which job is next: owners take turns."""

from __future__ import annotations

from sqlalchemy import Connection, func, select, text

from quickml.events import RUNNING, Status
from quickml.jobs.job import Job, Limits
from quickml.jobs.rows import find
from quickml.storage.database.tables import jobs, turns

_TAKE_TURN = text(
    "INSERT INTO turns (owner, turn) SELECT :owner, coalesce(max(turn), 0) + 1 FROM turns WHERE true"
    " ON CONFLICT (owner) DO UPDATE SET turn = excluded.turn"
)  # the same in SQLite and PostgreSQL


def first_in_turn(connection: Connection, limits: Limits) -> Job | None:
    """The queued job whose owner's last turn is the longest ago, or never was; of that owner's the first."""
    waiting = (
        select(jobs.c.id)  # alone, so that sorting reads the index and no document
        .outerjoin(turns, turns.c.owner == jobs.c.owner)
        .where(jobs.c.status == Status.QUEUED)
        .order_by(func.coalesce(turns.c.turn, 0), jobs.c.id)
        .limit(1)
    )
    if limits.running_per_owner is not None:
        busy = (
            select(jobs.c.owner)
            .where(jobs.c.status.in_(RUNNING))
            .group_by(jobs.c.owner)
            .having(func.count() >= limits.running_per_owner)
        )
        waiting = waiting.where(jobs.c.owner.not_in(busy))
    return find(connection, jobs.c.id == waiting.scalar_subquery())


def ahead(connection: Connection, job: Job) -> int:
    """Number of queued jobs that have their turn before this one, if no more are submitted.

    Owners have one turn each in every round, in the order of `first_in_turn`. Limits of running jobs, which
    may let others go first, are not considered.
    """
    earlier = func.count().filter(jobs.c.id < job.id)
    waiting = (
        select(jobs.c.owner, func.count().label("all"), earlier.label("earlier"))
        .outerjoin(turns, turns.c.owner == jobs.c.owner)
        .where(jobs.c.status == Status.QUEUED)
        .group_by(jobs.c.owner, turns.c.turn)
        .order_by(func.coalesce(turns.c.turn, 0), func.min(jobs.c.id))
    )
    rows = connection.execute(waiting).all()
    own = next((place for place, row in enumerate(rows) if row.owner == job.owner), None)
    if own is None:
        return 0
    rounds: int = rows[own].earlier
    others = (min(row.all, rounds + (place < own)) for place, row in enumerate(rows) if place != own)
    before: int = sum(others)
    return rounds + before


def take_turn(connection: Connection, owner: str) -> None:
    """This owner had the latest turn."""
    connection.execute(_TAKE_TURN, {"owner": owner})
