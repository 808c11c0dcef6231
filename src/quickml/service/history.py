"""How long the last trainings of this server took."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from quickml.document import Plan
from quickml.errors import QuickMLError, StoredPlanError
from quickml.estimate import Estimate, Measured, Past, PastByDevice, TrainingWork, estimate
from quickml.events import Status, Trained, from_another_version
from quickml.jobs.job import Job
from quickml.jobs.jobs import JobStore

log = logging.getLogger(__name__)

MOST = 40
"""Number of jobs that are looked at."""
EVERY_S = 5.0
"""How often the database is asked for jobs that have finished since."""
LAST_EVENTS = 60
"""The end of a job's events, among which `trained` is."""


class History:
    """Durations of the last jobs that became ready, of all owners. Calls may come from any thread.

    Nothing else of a job is kept, and an estimate contains only what follows from all of them.
    """

    def __init__(
        self, jobs: JobStore, *, max_s: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Read those of a database; `max_s` is the server's limit of the duration of a training."""
        self._jobs, self._max_s, self._clock = jobs, max_s, clock
        self._known: dict[str, tuple[str, Measured] | None] = {}
        self._past = PastByDevice()
        self._read_at = -EVERY_S
        self._reading = threading.Lock()

    def estimate(self, plan: Plan) -> Estimate:
        """What a job with this plan will need."""
        return estimate(plan, self.past(plan.document.training.accelerator), max_s=self._max_s)

    def past(self, accelerator: str = "auto") -> Past:
        """The durations, at most a few seconds old; none while the database cannot be read."""
        if self._clock() - self._read_at >= EVERY_S and self._reading.acquire(blocking=not self._known):
            try:
                if self._clock() - self._read_at >= EVERY_S:
                    self._read()
            except QuickMLError as error:
                log.warning("the durations of jobs: %s", error)
            finally:
                self._read_at = self._clock()
                self._reading.release()
        return self._past.of(accelerator)

    def _read(self) -> None:
        ready = self._jobs.jobs(statuses=(Status.READY,), limit=MOST)
        known = {job.id: self._known.get(job.id) or self._measure(job) for job in ready}
        self._past = PastByDevice(filter(None, known.values()))
        self._known = known

    def _measure(self, job: Job) -> tuple[str, Measured] | None:
        """What it was trained on, and its durations; None if the training was interrupted or cut short."""
        if job.id in self._known or job.attempt != 1 or None in (job.plan, job.started_at, job.finished_at):
            return None
        told = (
            from_another_version(event.body)
            for event in self._jobs.events(job.id, max(0, job.last_event - LAST_EVENTS))
            if event.type == "trained"
        )
        trained = next(told, None)
        if not isinstance(trained, Trained) or trained.stopped in ("asked", "max_seconds"):
            return None
        measured = _measured(job, trained)
        return None if measured is None else (trained.accelerator, measured)


def _measured(job: Job, trained: Trained) -> Measured | None:
    assert job.plan is not None
    assert job.started_at is not None
    assert job.finished_at is not None
    try:
        plan = Plan.from_json(job.plan)
    except StoredPlanError:  # of a layer or a dataset that is no longer installed
        return None
    total_s = (job.finished_at - job.started_at).total_seconds()
    return Measured(
        work=replace(TrainingWork.of(plan), epochs=max(1, trained.epochs)),
        training_s=trained.seconds,
        other_s=max(0.0, total_s - trained.seconds),
    )
