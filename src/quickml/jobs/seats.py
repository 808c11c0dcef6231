"""Seats: which jobs each takes, and what a queued job waits for if none of a living host ever takes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, func, select

from quickml.jobs.job import GPU, Job
from quickml.storage.database.tables import hosts, jobs


@dataclass(frozen=True, kw_only=True)
class Seat:
    """Which jobs a seat takes."""

    most_s: float | None = None
    """Longest estimated duration of a job; None is unlimited."""
    has_gpu: bool = False
    """Whether it takes jobs that need a GPU. It prefers them where other seats take the rest."""


ANY_SEAT = Seat()


class Lack(StrEnum):
    """What no host has that lives, so that a job waits for more than its turn."""

    WORKER = "worker"
    """A seat of any kind."""
    LONG_SEAT = "long_seat"
    """A seat for a job that is not short: all seats are express seats."""
    GPU = "gpu"
    """A seat with a GPU."""


@dataclass(frozen=True, kw_only=True)
class Seats:
    """The seats of all hosts that live."""

    all: int = 0
    express: int = 0
    """How many of these take only short jobs."""
    gpu: int = 0
    """How many have a GPU."""
    busy: int = 0

    @property
    def free(self) -> int:
        """How many seats run nothing."""
        return max(0, self.all - self.busy)

    def lack(self, job: Job, *, short_s: float) -> Lack | None:
        """What is missing for a job. A job is short if it is estimated to take at most `short_s`."""
        if not self.all:
            return Lack.WORKER
        if job.needs == GPU:
            return None if self.gpu else Lack.GPU
        is_short = job.cost_s is not None and job.cost_s <= short_s
        return Lack.LONG_SEAT if self.express >= self.all and not is_short else None


NO_SEATS = Seats()


def seats(connection: Connection) -> Seats:
    """Look at the seats of all hosts."""
    is_live = hosts.c.gone_at.is_(None)
    found = connection.execute(
        select(
            func.coalesce(func.sum(hosts.c.seats), 0).label("all"),
            func.coalesce(func.sum(hosts.c.express_seats), 0).label("express"),
            func.coalesce(func.sum(hosts.c.gpu_seats), 0).label("gpu"),
        ).where(is_live)
    ).one()
    busy = select(func.count()).where(jobs.c.holder.in_(select(hosts.c.id).where(is_live)))
    return Seats(**found._mapping, busy=connection.execute(busy).scalar_one())
