"""Which job is next: owners take turns."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam, func, literal_column, select, text

from quickml.events import RUNNING, Status
from quickml.jobs.job import Job, Limits
from quickml.jobs.rows import find
from quickml.storage.database.tables import jobs, turns

_TAKE_TURN = text(
    "INSERT INTO turns (owner, turn) SELECT :owner, coalesce(max(turn), 0) + 1 FROM turns WHERE true"
    " ON CONFLICT (owner) DO UPDATE SET turn = excluded.turn"
)  # the same in SQLite and PostgreSQL


FEW = 100
"""Owners with queued jobs who are looked at one by one, through the index; more take a look at all jobs."""


def first_in_turn(connection: Connection, limits: Limits) -> Job | None:
    """The queued job whose owner's last turn is the longest ago, or never was; of that owner's the first.

    Others cannot change it before the transaction ends.
    """
    while (job_id := _first_id(connection, limits)) is not None:
        job = find(connection, job_id)
        if job is not None and job.status is Status.QUEUED:
            return job  # where other transactions can write meanwhile, it may have been cancelled
    return None


def _first_id(connection: Connection, limits: Limits) -> str | None:
    values = {"most": limits.running_per_owner}
    first = connection.execute(_FIRST_OF_FEW, values).first()
    if first is None or first.owners <= FEW:
        return None if first is None or first.is_busy else first.id
    return connection.scalar(_FIRST_OF_ALL, values)


_queued, _next = jobs.alias("queued"), jobs.alias("next")
_IS_QUEUED: ColumnElement[str] = literal_column(f"'{Status.QUEUED.value}'")
_owners = (
    select(func.min(_queued.c.owner).label("owner"))
    .where(_queued.c.status == _IS_QUEUED)
    .cte("owners", recursive=True)
)
_following = select(func.min(_next.c.owner)).where(
    _next.c.status == _IS_QUEUED, _next.c.owner > _owners.c.owner
)
_owners = _owners.union_all(select(_following.scalar_subquery()).where(_owners.c.owner.is_not(None)))
_few = select(_owners.c.owner).where(_owners.c.owner.is_not(None)).limit(FEW + 1).subquery("few")
_busy = (
    select(jobs.c.owner)
    .where(jobs.c.status.in_([literal_column(f"'{status.value}'") for status in sorted(RUNNING)]))
    .group_by(jobs.c.owner)
    .having(func.count() >= bindparam("most", type_=BigInteger))  # never of None
)
_own = select(func.min(_queued.c.id)).where(_queued.c.status == _IS_QUEUED, _queued.c.owner == _few.c.owner)
_is_busy = _few.c.owner.in_(_busy).label("is_busy")
_FIRST_OF_FEW = (
    select(_own.scalar_subquery().label("id"), _is_busy, func.count().over().label("owners"))
    .outerjoin(turns, turns.c.owner == _few.c.owner)
    .order_by(_is_busy, func.coalesce(turns.c.turn, 0), _own.scalar_subquery())
    .limit(1)
)
"""From owner to owner by the index of queued jobs, and only the first job of each: they may have many."""
_FIRST_OF_ALL = (
    select(jobs.c.id)  # alone, so that sorting reads the index and no document
    .outerjoin(turns, turns.c.owner == jobs.c.owner)
    .where(jobs.c.status == _IS_QUEUED, jobs.c.owner.not_in(_busy))
    .order_by(func.coalesce(turns.c.turn, 0), jobs.c.id)
    .limit(1)
)


def ahead(connection: Connection, job: Job, limits: Limits) -> int:
    """Number of queued jobs that have their turn before this one, if no more are submitted.

    Owners have one turn each in every round, in the order of `first_in_turn`. An owner with as many running
    jobs as the limit allows is passed over until one of them ends. It is assumed that jobs end in the order
    in which they began.
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
    own = next((row for row in rows if row.owner == job.owner), None)
    if own is None:
        return 0
    running = connection.scalars(
        select(jobs.c.owner).where(jobs.c.status.in_(RUNNING)).order_by(jobs.c.started_at, jobs.c.id)
    )
    order = in_turn({row.owner: row.all for row in rows}, running.all(), limits.running_per_owner)
    places = (place for place, owner in enumerate(order) if owner == job.owner)
    return next(islice(places, own.earlier, None))


def in_turn(waiting: Mapping[str, int], running: Sequence[str], limit: int | None) -> Iterator[str]:
    """The owners of the queued jobs, in the order in which the jobs will begin; see `ahead`.

    Args:
        waiting: number of queued jobs by owner; the owners are in turn.
        running: the owners of the running jobs, the oldest first.
        limit: number of running jobs of an owner.
    """
    left, order, ends, busy = dict(waiting), list(waiting), deque(running), Counter(running)
    free = 0 if ends else 1  # workers
    while order:
        owner = next((one for one in order if limit is None or busy[one] < limit), None)
        if owner is None or not free:
            busy[ends.popleft()] -= 1
            free += 1
            continue
        yield owner
        free -= 1
        order.remove(owner)
        left[owner] -= 1
        if left[owner]:
            order.append(owner)
        ends.append(owner)
        busy[owner] += 1


def take_turn(connection: Connection, owner: str) -> None:
    """This owner had the latest turn."""
    connection.execute(_TAKE_TURN, {"owner": owner})
