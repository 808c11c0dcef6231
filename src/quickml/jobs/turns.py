"""The turns of owners, and the first waiting job of each: what a claim looks at, and not at all queued jobs.

The row of an owner stays locked from a change until the transaction ends, and the first job is looked for
when it is locked, so it takes part in what others have committed.
"""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, func, literal_column, select, text, update

from quickml.events import Status
from quickml.jobs.job import Job
from quickml.storage.database.tables import jobs, turns

_ENTER = text(
    "INSERT INTO turns (owner, turn, waiting) VALUES (:owner, 0, :job_id)"
    " ON CONFLICT (owner) DO UPDATE SET waiting = CASE WHEN turns.waiting < excluded.waiting"
    " THEN turns.waiting ELSE excluded.waiting END"
)  # the same in SQLite and PostgreSQL
_LOCK = select(turns.c.turn).where(turns.c.owner == bindparam("of")).with_for_update()
_FIRST = (
    select(func.min(jobs.c.id))
    .where(jobs.c.status == literal_column(f"'{Status.QUEUED.value}'"), jobs.c.owner == bindparam("of"))
    .scalar_subquery()
)
_LEAVE = update(turns).where(turns.c.owner == bindparam("of")).values(waiting=_FIRST)
_TAKE = _LEAVE.values(turn=select(func.max(turns.c.turn) + 1).scalar_subquery())


def follow(connection: Connection, before: Status | None, job: Job) -> None:
    """Keep the first waiting job of an owner right, after a job was stored; `before` was its status."""
    if before is job.status:
        return
    if job.status is Status.QUEUED:
        connection.execute(_ENTER, {"owner": job.owner, "job_id": job.id})
    elif before is Status.QUEUED:
        leave(connection, job.owner, is_begun=job.status is Status.BUILDING)


def leave(connection: Connection, owner: str, *, is_begun: bool = False) -> None:
    """A job of an owner waits no more; if it has begun, the owner had the latest turn of all."""
    connection.execute(_LOCK, {"of": owner})
    connection.execute(_TAKE if is_begun else _LEAVE, {"of": owner})
