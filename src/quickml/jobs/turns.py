"""The turns of owners, and the first waiting job of each: what a claim looks at, and not at all queued jobs.

Of jobs that need a GPU there is a first one of its own, as most seats cannot take them.

The row of an owner stays locked from a change until the transaction ends, and the first job is looked for
when it is locked, so it takes part in what others have committed.
"""

from __future__ import annotations

from sqlalchemy import Connection, TextClause, bindparam, func, literal_column, select, text, update

from quickml.events import Status
from quickml.jobs.job import GPU, Job
from quickml.storage.database.tables import jobs, turns

FIRST = {None: turns.c.waiting, GPU: turns.c.waiting_gpu}
"""The column with an owner's first waiting job, by what the job needs."""


def _enter(column: str) -> TextClause:
    return text(
        f"INSERT INTO turns (owner, turn, {column}) VALUES (:owner, 0, :job_id)"  # noqa: S608  # our columns
        f" ON CONFLICT (owner) DO UPDATE SET {column} = CASE WHEN turns.{column} < excluded.{column}"
        f" THEN turns.{column} ELSE excluded.{column} END"
    )  # the same in SQLite and PostgreSQL


_ENTER = {needs: _enter(column.name) for needs, column in FIRST.items()}
_LOCK = select(turns.c.turn).where(turns.c.owner == bindparam("of")).with_for_update()
_WAITING = (
    select(func.min(jobs.c.id))
    .where(jobs.c.status == literal_column(f"'{Status.QUEUED.value}'"), jobs.c.owner == bindparam("of"))
    .correlate(turns)
)
_FITS = {None: jobs.c.needs.is_(None), GPU: jobs.c.needs == literal_column(f"'{GPU}'")}
_LEAVE = {
    needs: update(turns)
    .where(turns.c.owner == bindparam("of"))
    .values({column: _WAITING.where(_FITS[needs]).scalar_subquery()})
    for needs, column in FIRST.items()
}
_TURN = select(func.max(turns.c.turn) + 1).scalar_subquery()
_TAKE = {needs: leaves.values(turn=_TURN) for needs, leaves in _LEAVE.items()}


def follow(connection: Connection, before: Status | None, job: Job) -> None:
    """Keep the first waiting job of an owner right, after a job was stored; `before` was its status."""
    if before is job.status:
        return
    if job.status is Status.QUEUED:
        connection.execute(_ENTER[job.needs], {"owner": job.owner, "job_id": job.id})
    elif before is Status.QUEUED:
        leave(connection, job, is_begun=job.status is Status.BUILDING)


def leave(connection: Connection, job: Job, *, is_begun: bool = False) -> None:
    """A job waits no more; if it has begun, its owner had the latest turn of all."""
    connection.execute(_LOCK, {"of": job.owner})
    connection.execute((_TAKE if is_begun else _LEAVE)[job.needs], {"of": job.owner})
