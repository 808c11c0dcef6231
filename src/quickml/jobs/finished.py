"""Jobs that are finished for long."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from quickml.events import TERMINAL
from quickml.jobs.values import text_of
from quickml.storage.database.engine import Database
from quickml.storage.database.tables import jobs


class FinishedJobs:
    """The jobs of all owners that are ready, failed or cancelled."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def before(self, moment: datetime, limit: int) -> list[str]:
        """Ids of jobs that were finished before a moment, the first ones first."""
        is_over = jobs.c.status.in_([status.value for status in TERMINAL])
        found = select(jobs.c.id).where(is_over, jobs.c.finished_at < text_of(moment))
        with self._database.read() as connection:
            return list(connection.scalars(found.order_by(jobs.c.finished_at).limit(limit)))

    def now(self) -> datetime:
        """The time of the database."""
        return self._database.now()
