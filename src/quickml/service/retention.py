"""How long jobs and their files are kept."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from quickml.errors import JobNotFoundError, StoreError, TransitionError
from quickml.jobs.finished import FinishedJobs
from quickml.jobs.job import Job
from quickml.jobs.jobs import JobStore
from quickml.jobs.owners import OTHERS, Keeping, OwnerStore
from quickml.service.inference import Inference
from quickml.storage.database.engine import Database

log = logging.getLogger(__name__)

AT_ONCE = 100
"""Number of jobs in one query."""
MOST_S = 300.0
"""The longest time of one sweep; the next one continues."""
EVERY_S = 60.0
NUMBERS = ("report.json",)
"""The files that stay when the others are deleted: a few kilobytes with all figures of the training."""


@dataclass(frozen=True, kw_only=True)
class Lifetimes:
    """For how many seconds the jobs of an owner and their files are kept; None is unlimited."""

    jobs_s: float | None = None
    files_s: float | None = None

    def delete_at(self, job: Job) -> datetime | None:
        """When a job will be deleted; None if it is not finished, or is kept for ever."""
        return _after(job.finished_at, self.jobs_s)

    def delete_files_at(self, job: Job) -> datetime | None:
        """When the files of a job will be deleted, with it or before; None also if they are."""
        if job.files_deleted_at is not None:
            return None
        ends = _after(job.finished_at, self.files_s), _after(job.finished_at, self.jobs_s)
        return min((end for end in ends if end is not None), default=None)


def _after(moment: datetime | None, seconds: float | None) -> datetime | None:
    if moment is None or seconds is None:
        return None
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:  # after the year 9999
        return None


class Retention:
    """Deletes finished jobs and their files when their time is over. A sweep then removes the contents."""

    def __init__(
        self,
        finished: FinishedJobs,
        owners: OwnerStore,
        jobs: JobStore,
        *,
        own: Keeping | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        """Apply the `Keeping` of each owner, and the defaults that a server has published last.

        `own` has the defaults of this server.
        """
        self._finished, self._owners, self._jobs = finished, owners, jobs
        self._own, self._clock = own or Keeping(), clock or finished.now

    @classmethod
    def of_database(cls, database: Database, own: Keeping | None = None) -> Retention:
        """The one of the jobs in a database."""
        return cls(FinishedJobs(database), OwnerStore(database), JobStore(database), own=own)

    def of(self, jobs: Sequence[Job]) -> Lifetimes:
        """How long these jobs of one owner are kept. Only looked up if one of them is finished."""
        owner = next((job.owner for job in jobs if job.finished_at is not None), None)
        if owner is None:
            return Lifetimes()
        found = self._owners.applied(owner)
        return Lifetimes(jobs_s=_finite(found.keep_jobs_s), files_s=_finite(found.keep_files_s))

    def publish(self) -> None:
        """Make the defaults of this server those of all servers. Raises StoreError."""
        if (found := self._owners.keeping(OTHERS)) == self._own:
            return
        self._owners.keep(OTHERS, vars(self._own))
        if found != Keeping():
            log.warning(
                "jobs and files are kept as the settings of this server say now, also by other servers: %s,"
                " before: %s; give all servers of a database the same ones",
                _told(self._own),
                _told(found),
            )

    def every_s(self) -> float:
        """How long to wait between two sweeps: no longer than anything is kept."""
        said: list[Keeping] = []
        with suppress(StoreError):  # the sweep has logged it
            said += self._owners.all().values()
        times = [time_s for one in said for time_s in (one.keep_jobs_s, one.keep_files_s)]
        return max(1.0, min([EVERY_S, *(time_s for time_s in times if time_s is not None)]))

    def sweep(self, inference: Inference) -> None:
        """Delete what is due. The next sweep continues, and tries again what failed."""
        end = time.monotonic() + MOST_S
        try:
            with self._finished.alone() as is_alone:
                if is_alone:
                    self._sweep(inference, end)
        except StoreError as error:
            log.error("old jobs and files were not deleted: %s", error)

    def _sweep(self, inference: Inference, end: float) -> None:
        others = self._owners.keeping(OTHERS)
        for due, delete, told in (
            (self._finished.jobs_due, self._delete, "deleted %d jobs that were finished long ago"),
            (self._finished.files_due, self._delete_files, "deleted the files of %d jobs"),
        ):
            count, deleted = 0, 1
            while deleted and time.monotonic() < end:  # what cannot be deleted would be found again and again
                found, deleted = due(others, self._clock(), AT_ONCE), 0
                for job_id in found:
                    deleted += delete(job_id)
                    inference.forget(job_id)
                count += deleted
            if count:
                log.info(told, count)

    def _delete(self, job_id: str) -> bool:
        with suppress(JobNotFoundError, TransitionError):  # another server was faster
            self._jobs.delete(job_id)
            return True
        return False

    def _delete_files(self, job_id: str) -> bool:
        return self._finished.delete_files(job_id, NUMBERS)


def _told(keeping: Keeping) -> str:
    times = {name: "none" if time_s is None else f"{time_s:.15g}" for name, time_s in vars(keeping).items()}
    return ", ".join(f"{name} {time}" for name, time in times.items())


def _finite(seconds: float | None) -> float | None:
    return None if seconds is None or math.isinf(seconds) else seconds
