"""Jobs that finished long ago."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from sqlalchemy import Column, ColumnElement, Select, delete, insert, select, true, update

from quickml.jobs import frames
from quickml.jobs.owners import OTHERS, Keeping
from quickml.jobs.values import text_of
from quickml.storage.database.engine import Database
from quickml.storage.database.tables import WITH_FILES, artifacts, deleted_files, jobs, owners

AT_MOST_S = 600.0
"""Time after which a process that deletes what is due no longer keeps others from it."""
_Case = tuple[float | None, ColumnElement[bool]]
"""A retention time, and the condition for the jobs that have it."""


class FinishedJobs:
    """The jobs of all owners that are ready, failed or cancelled."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def jobs_due(self, others: Keeping, now: datetime, limit: int) -> list[str]:
        """Ids of jobs whose retention time is over. `others` has the defaults."""
        wanted = select(jobs.c.id).order_by(jobs.c.finished_at)
        return self._due(owners.c.keep_jobs_s, others.keep_jobs_s, now, limit, wanted)

    def files_due(self, others: Keeping, now: datetime, limit: int) -> list[str]:
        """Ids of jobs that have files whose retention time is over."""
        # Sorted by the column that is always NULL, too: PostgreSQL sees then that the index has this order.
        wanted = select(jobs.c.id).where(WITH_FILES).order_by(jobs.c.files_deleted_at, jobs.c.finished_at)
        return self._due(owners.c.keep_files_s, others.keep_files_s, now, limit, wanted)

    def _due(
        self,
        said: Column[float],
        others_s: float | None,
        now: datetime,
        limit: int,
        wanted: Select[tuple[str]],
    ) -> list[str]:
        found: list[str] = []
        with self._database.read() as connection:
            differing = [*connection.scalars(select(said).where(said.is_not(None)).distinct())]
            special = select(owners.c.name).where(said.is_not(None), owners.c.name != OTHERS)
            cases: list[_Case] = [(others_s, jobs.c.owner.not_in(special) if differing else true())]
            cases += [(keep_s, jobs.c.owner.in_(special.where(said == keep_s))) for keep_s in differing]
            for before, whose in _before(cases, now):
                # Only a finished job has that time.
                rest = wanted.where(jobs.c.finished_at < text_of(before), whose)
                found += connection.scalars(rest.limit(limit - len(found)))
        return found

    def delete_files(self, job_id: str, keep: Collection[str]) -> bool:
        """Delete the film of a finished job and its references to files, except those named in `keep`.

        The next sweep removes the contents. False if they were deleted before, or there is no such job.
        """
        mine, now = jobs.c.id == job_id, text_of(self._database.now())
        gone = artifacts.c.job_id == job_id, artifacts.c.name.not_in(keep)
        columns = ("job_id", "name", "sha256")
        with self._database.write() as connection:
            change = update(jobs).where(mine, WITH_FILES).values(files_deleted_at=now)
            if not connection.execute(change).rowcount:
                return False
            rows = select(*(artifacts.c[name] for name in columns)).where(*gone)
            connection.execute(insert(deleted_files).from_select(columns, rows))
            connection.execute(delete(artifacts).where(*gone))
            frames.remove(connection, job_id)
        return True

    def alone(self) -> AbstractContextManager[bool]:
        """Whether no other process deletes what is due."""
        return self._database.alone("retention", at_most_s=AT_MOST_S)

    def now(self) -> datetime:
        """The time of the database."""
        return self._database.now()


def _before(cases: list[_Case], now: datetime) -> Iterator[tuple[datetime, ColumnElement[bool]]]:
    """The cases with a limited time: jobs that were finished before this moment are due."""
    for keep_s, whose in cases:
        if keep_s is not None and math.isfinite(keep_s):
            try:
                yield now - timedelta(seconds=keep_s), whose
            except OverflowError:  # before the year 1
                continue
