"""Seats: which jobs each takes, and what a queued job waits for if none of a living host ever takes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, case, func, select

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
    """A seat for a job that is not short: all seats that could take it are express seats."""
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
    express_gpu: int = 0
    """How many of these take only short jobs."""
    busy: int = 0

    @property
    def free(self) -> int:
        """How many seats run nothing."""
        return max(0, self.all - self.busy)

    def lack(self, job: Job, *, short_s: float) -> Lack | None:
        """What is missing for a job. A job is short if it is estimated to take at most `short_s`."""
        if not self.all:
            return Lack.WORKER
        is_needy = job.needs == GPU
        if is_needy and not self.gpu:
            return Lack.GPU
        is_short = job.cost_s is not None and job.cost_s <= short_s
        express, fitting = (self.express_gpu, self.gpu) if is_needy else (self.express, self.all)
        return Lack.LONG_SEAT if express >= fitting and not is_short else None


NO_SEATS = Seats()


def seats(connection: Connection) -> Seats:
    """Look at the seats of all hosts."""
    is_live = hosts.c.gone_at.is_(None)
    both = hosts.c.express_seats + hosts.c.gpu_seats - hosts.c.seats  # the first ones, and the last ones
    found = connection.execute(
        select(
            func.coalesce(func.sum(hosts.c.seats), 0).label("all"),
            func.coalesce(func.sum(hosts.c.express_seats), 0).label("express"),
            func.coalesce(func.sum(hosts.c.gpu_seats), 0).label("gpu"),
            func.coalesce(func.sum(case((both > 0, both), else_=0)), 0).label("express_gpu"),
        ).where(is_live)
    ).one()
    busy = select(func.count()).where(jobs.c.holder.in_(select(hosts.c.id).where(is_live)))
    sums = {name: int(value) for name, value in found._mapping.items()}  # PostgreSQL's are decimal
    return Seats(**sums, busy=connection.execute(busy).scalar_one())
