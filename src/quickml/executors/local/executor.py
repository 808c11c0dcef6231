"""Warm worker processes on this machine.

The server's process holds one thread for each of them and imports nothing heavy. When the server dies, in
whatever way, its workers do too: see `worker.process`.
"""

from __future__ import annotations

import builtins
import shutil
from pathlib import Path

from quickml.errors import JobNotFoundError, StoreError
from quickml.events import TERMINAL
from quickml.executors.executor import RESTARTED, Worker
from quickml.executors.local.supervisor import WorkerLimits, WorkerSupervisor
from quickml.jobs.store import JobStore


class LocalExecutor:
    """The `Executor` with processes."""

    def __init__(self, store: JobStore, rules: WorkerLimits, *, workers: int, scratch: Path) -> None:
        """Let `workers` processes take attempts; what these leave in `scratch` goes when a job is over."""
        self._store, self._scratch = store, scratch
        self._seats = [WorkerSupervisor(number, rules, store, ended=self._ended) for number in range(workers)]

    def start(self) -> None:
        """See `Executor`."""
        self._store.recover(RESTARTED)
        self._scratch.mkdir(parents=True, exist_ok=True)
        for folder in self._scratch.iterdir():
            self._tidy(folder.name)
        for seat in self._seats:
            seat.start()

    def submit(self) -> None:
        """See `Executor`."""
        for seat in self._seats:
            seat.wake()

    def stop(self, job_id: str) -> None:
        """See `Executor`."""
        for seat in self._seats:
            seat.stop(job_id)

    def kill(self, job_id: str) -> None:
        """See `Executor`."""
        for seat in self._seats:
            seat.kill(job_id)

    def list(self) -> builtins.list[Worker]:
        """See `Executor`."""
        return [seat.row() for seat in self._seats]

    def close(self, grace_s: float) -> None:
        """See `Executor`."""
        for seat in self._seats:
            seat.close(grace_s)
        for seat in self._seats:
            if seat.is_alive():  # it may never have been started
                seat.join()

    def _ended(self, job_id: str) -> None:
        self._tidy(job_id)
        self.submit()  # its owner may have another job waiting, which another worker could take

    def _tidy(self, job_id: str) -> None:
        """Remove what attempts wrote, unless there may be another one."""
        try:
            if self._store.job(job_id).status not in TERMINAL:
                return
        except JobNotFoundError:
            pass
        except StoreError:
            return
        shutil.rmtree(self._scratch / job_id, ignore_errors=True)
