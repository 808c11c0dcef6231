"""How long jobs are kept."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from quickml.errors import JobNotFoundError, StoreError, TransitionError
from quickml.jobs.finished import FinishedJobs
from quickml.jobs.job import Job
from quickml.jobs.jobs import JobStore
from quickml.service.inference import Inference

log = logging.getLogger(__name__)

AT_ONCE = 500
"""Jobs that one sweep deletes; the next one goes on."""


class Retention:
    """Deletes jobs that were finished long ago; their files go with one of the next sweeps."""

    def __init__(self, finished: FinishedJobs, jobs: JobStore, *, keep_jobs_s: float | None = None) -> None:
        """Keep finished jobs for `keep_jobs_s` seconds; None is for ever."""
        self._finished, self._jobs = finished, jobs
        self._keep = None if keep_jobs_s is None else timedelta(seconds=keep_jobs_s)

    def delete_at(self, job: Job) -> datetime | None:
        """When a job will be deleted; None if it is not finished, or is kept for ever."""
        if self._keep is None or job.finished_at is None:
            return None
        try:
            return job.finished_at + self._keep
        except OverflowError:  # after the year 9999
            return None

    def sweep(self, inference: Inference) -> None:
        """Delete what is due. What fails is tried again at the next sweep."""
        if self._keep is None:
            return
        try:
            due = self._finished.before(self._finished.now() - self._keep, AT_ONCE)
            for job_id in due:
                with suppress(JobNotFoundError, TransitionError):  # another server was faster
                    self._jobs.delete(job_id)
                inference.forget(job_id)
        except OverflowError:
            return
        except StoreError as error:
            log.error("old jobs were not deleted: %s", error)
            return
        if due:
            log.info("deleted %d jobs that were finished long ago", len(due))
