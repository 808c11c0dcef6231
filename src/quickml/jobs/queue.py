"""Which job is next: owners take turns."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    select,
)

from quickml.events import RUNNING, Status
from quickml.jobs import lifecycle
from quickml.jobs.job import GPU, Job, Limits, Waiting
from quickml.jobs.rows import job_of
from quickml.jobs.seats import ANY_SEAT, Seat
from quickml.jobs.turns import FIRST, leave
from quickml.jobs.values import time_of
from quickml.storage.database.tables import hosts, jobs, turns

_first_plain = (
    select(turns.c.waiting)
    .where(turns.c.waiting.is_not(None))
    .order_by(turns.c.turn, turns.c.waiting)  # by an index, however many wait for a GPU
    .limit(1)
    .scalar_subquery()
)
ANY_QUEUED = {True: exists().where(jobs.c.status == Status.QUEUED), False: _first_plain.is_not(None)}
"""Whether a job waits for an attempt, by whether a seat has a GPU; without one, a job that needs none."""


def is_any_queued(connection: Connection, *, has_gpu: bool = True) -> bool:
    """Whether a job waits for an attempt; without `has_gpu`, one that needs none."""
    return bool(connection.scalar(select(ANY_QUEUED[has_gpu])))


def waiting(connection: Connection, now: datetime, limits: Limits, short_s: float) -> Waiting:
    """The queue of all owners. A job is short if it is estimated to take at most `short_s`."""
    queued, on_gpu = jobs.c.status == Status.QUEUED, jobs.c.needs == GPU
    is_short = and_(queued, jobs.c.needs.is_(None), jobs.c.cost_s <= short_s)
    count = func.count()
    found = connection.execute(
        select(jobs.c.owner, count.label("all"), count.filter(queued).label("queued"))
        .add_columns(
            func.min(jobs.c.updated_at).filter(queued).label("first"),
            count.filter(on_gpu).label("gpu"),
            count.filter(and_(queued, on_gpu)).label("queued_gpu"),
            count.filter(is_short).label("short"),
        )
        .where(jobs.c.status.in_({Status.QUEUED, *RUNNING}))
        .group_by(jobs.c.owner)
    ).all()
    first = time_of(min((row.first for row in found if row.first is not None), default=None))
    waited_s = (now - first).total_seconds() if first else 0.0
    most = limits.running_per_owner

    def surplus(row: Row[Any], queued: int) -> int:
        """How many of an owner's queued jobs may not begin."""
        return 0 if most is None else max(0, queued - max(0, most - (row.all - row.queued)))

    return Waiting(
        count=sum(row.queued for row in found),
        longest_s=max(0.0, waited_s),
        seats=sum(row.all - row.gpu - surplus(row, row.queued - row.queued_gpu) for row in found),
        gpu_seats=sum(row.gpu - surplus(row, row.queued_gpu) for row in found),
        short=sum(row.short - surplus(row, row.short) for row in found),
    )


def check_room(connection: Connection, owner: str, limits: Limits) -> None:
    """Check that one more job of an owner may be queued.

    Raises:
        QueueFullError: a limit is reached.
    """
    waiting = select(func.count()).where(jobs.c.status == Status.QUEUED)
    lifecycle.check_room(
        limits,
        of_owner=connection.execute(waiting.where(jobs.c.owner == owner)).scalar_one(),
        of_all=connection.execute(waiting).scalar_one(),
    )


def first_in_turn(connection: Connection, limits: Limits, seat: Seat = ANY_SEAT) -> Job | None:
    """The queued job whose owner's last turn is the longest ago, or never was; of that owner's the first.

    Only of the jobs that the `seat` takes. Those that need a GPU come first where it has one and other seats
    take the rest. Others cannot change the job before the transaction ends.
    """
    given = {"most": limits.running_per_owner, "most_s": seat.most_s}
    values = {name: value for name, value in given.items() if value is not None}
    is_limited = limits.running_per_owner is not None
    kinds = _SHORT if seat.most_s is not None else _IN_TURN
    needy = _first(connection, kinds[GPU, is_limited], values) if seat.has_gpu else None
    if needy is not None and connection.scalar(_OTHERS_TAKE_THE_REST):
        return needy
    plain = _first(connection, kinds[None, is_limited], values)
    if needy is None or plain is None:
        return needy or plain
    when = {row.owner: row.turn for row in connection.execute(_TURNS, {"of": [needy.owner, plain.owner]})}
    return min(needy, plain, key=lambda job: (when[job.owner], job.id))


def _first(connection: Connection, wanted: Select[Any], values: Mapping[str, float]) -> Job | None:
    last = None
    while (row := connection.execute(wanted, values).first()) is not None:
        job = job_of(row)
        if job.status is Status.QUEUED:
            return job
        if job.id == last:  # a job was changed by hand
            leave(connection, job)
        last = job.id  # where other transactions can write meanwhile, it may have been cancelled
    return None


_running = (
    select(func.count())
    .where(
        jobs.c.owner == turns.c.owner,
        jobs.c.status.in_([literal_column(f"'{status.value}'") for status in sorted(RUNNING)]),
    )
    .correlate(turns)
    .scalar_subquery()
)
_is_idle = _running < bindparam("most", type_=BigInteger)
_OTHERS_TAKE_THE_REST = select(
    exists().where(hosts.c.gone_at.is_(None), hosts.c.seats > hosts.c.gpu_seats + hosts.c.express_seats)
)
"""Whether a living host has a seat without a GPU that takes any job, long or short."""
_TURNS = select(turns.c.owner, turns.c.turn).where(turns.c.owner.in_(bindparam("of", expanding=True)))


def _of(waiting: Select[Any], *, is_limited: bool) -> Select[Any]:
    waiting = waiting.where(_is_idle) if is_limited else waiting
    return select(jobs).where(jobs.c.id == waiting.scalar_subquery()).with_for_update()


def _in_turn(needs: str | None) -> Select[Any]:
    """From owner to owner by an index of `turns`, until one may run a job."""
    first = FIRST[needs]
    return select(first).where(first.is_not(None)).order_by(turns.c.turn, first).limit(1)


def _short_in_turn(needs: str | None) -> Select[Any]:
    """Of all short jobs, by an index of their own: the first job of an owner may be long."""
    is_queued = jobs.c.status == literal_column(f"'{Status.QUEUED.value}'")
    fits = jobs.c.needs.is_(None) if needs is None else jobs.c.needs == needs
    return (
        select(jobs.c.id)
        .join(turns, turns.c.owner == jobs.c.owner)
        .where(is_queued, fits, jobs.c.cost_s <= bindparam("most_s"))
        .order_by(turns.c.turn, jobs.c.id)
        .limit(1)
    )


_IN_TURN, _SHORT = (
    {
        (needs, is_limited): _of(made(needs), is_limited=is_limited)
        for needs in FIRST
        for is_limited in (False, True)
    }
    for made in (_in_turn, _short_in_turn)
)
"""The queries, by what the jobs need and whether the running jobs of an owner are limited."""


def ahead(connection: Connection, job: Job, limits: Limits) -> int:
    """Number of queued jobs that have their turn before this one, if no more are submitted.

    Owners have one turn each in every round, in the order of `first_in_turn`. An owner with as many running
    jobs as the limit allows is passed over until one of them ends. It is assumed that jobs end in the order
    in which they began. Jobs that need a GPU wait for each other only, and so do those that need none.
    """
    earlier = func.count().filter(jobs.c.id < job.id)
    waiting = (
        select(jobs.c.owner, func.count().label("all"), earlier.label("earlier"))
        .outerjoin(turns, turns.c.owner == jobs.c.owner)
        .where(jobs.c.status == Status.QUEUED, jobs.c.needs.is_not_distinct_from(job.needs))
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
    return next(islice(places, own.earlier, None), 0)  # 0: it has just left the queue


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
