"""Jobs that finished long ago."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from quickml.jobs.values import text_of
from quickml.storage.database.engine import Database
from quickml.storage.database.tables import jobs


class FinishedJobs:
    """The jobs of all owners that are ready, failed or cancelled."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def before(self, moment: datetime, limit: int) -> list[str]:
        """Ids of jobs that were finished before a moment, the first ones first."""
        found = select(jobs.c.id).where(jobs.c.finished_at < text_of(moment))  # only such a job has that time
        with self._database.read() as connection:
            return list(connection.scalars(found.order_by(jobs.c.finished_at).limit(limit)))

    def now(self) -> datetime:
        """The time of the database."""
        return self._database.now()
