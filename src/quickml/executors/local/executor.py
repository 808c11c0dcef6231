"""Warm worker processes on this machine.

The server's process holds one thread for each of them and imports nothing heavy. When the server dies, in
whatever way, its workers do too: see `worker.process`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from quickml.errors import StoreError
from quickml.executors.executor import Worker
from quickml.executors.heartbeat import Heartbeat, Wish
from quickml.executors.local.holder import Holder
from quickml.executors.local.supervisor import WorkerLimits, WorkerSupervisor
from quickml.jobs.job import Attempt
from quickml.jobs.jobs import JobStore
from quickml.jobs.leases import Leases


class LocalExecutor:
    """The `Executor` with processes."""

    def __init__(
        self,
        jobs: JobStore,
        leases: Leases,
        limits: WorkerLimits,
        *,
        workers: int,
        scratch: Path,
        trouble: Callable[[], str] = str,
    ) -> None:
        """Let `workers` processes take attempts, and write below the folder `scratch`.

        None is claimed while `trouble` names a problem of the storage.
        """
        self._holder = Holder(scratch)
        limits = replace(limits, options=replace(limits.options, scratch=self._holder.folder))
        self._options = limits.options
        self._supervisors = [
            WorkerSupervisor(number, limits, jobs, holder=self._holder.id, ended=self._ended, trouble=trouble)
            for number in range(workers)
        ]
        self._heartbeat = Heartbeat(
            leases,
            self._holder.id,
            attempts=self._attempts,
            heed=self._heed,
            dead=self._holder.dead,
            forget=self._holder.forget,
        )

    def start(self) -> None:
        """See `Executor`."""
        try:
            self._holder.open()
        except OSError as error:
            raise StoreError(
                f"{self._holder.folder}: the folder cannot be made ({error.strerror})"
            ) from error
        self._heartbeat.beat()  # first of all: what a dead server of this machine held is queued again
        self._heartbeat.start()
        for supervisor in self._supervisors:
            supervisor.start()

    def wake(self) -> None:
        """See `Executor`."""
        self._heartbeat.wake()
        for supervisor in self._supervisors:
            supervisor.wake()

    def workers(self) -> list[Worker]:
        """See `Executor`."""
        return [supervisor.worker() for supervisor in self._supervisors]

    def close(self, grace_s: float) -> None:
        """See `Executor`."""
        for supervisor in self._supervisors:
            supervisor.close(grace_s)
        for supervisor in self._supervisors:
            if supervisor.is_alive():  # it may never have been started
                supervisor.join()
        self._heartbeat.close()
        if self._heartbeat.is_alive():
            self._heartbeat.join()
        self._holder.close()

    def _attempts(self) -> list[Attempt]:
        # Read once each: their threads set it to None meanwhile.
        return [attempt for supervisor in self._supervisors if (attempt := supervisor.attempt)]

    def _heed(self, attempt: Attempt, wish: Wish) -> None:
        for supervisor in self._supervisors:
            supervisor.heed(attempt, wish)

    def _ended(self, attempt: Attempt) -> None:
        shutil.rmtree(self._options.attempt_folder(attempt), ignore_errors=True)
        self.wake()  # its owner may have another job queued, which another worker could take
