"""Attempts that train nothing, in threads: the twin of `local.py` for tests."""

from __future__ import annotations

import builtins
import threading
import time
from typing import Literal

from quickml import events
from quickml.errors import FencedError
from quickml.events import Status
from quickml.executors.executor import RESTARTED, SHUTDOWN, State, Worker
from quickml.jobs.job import NO_LIMITS, Attempt, Limits
from quickml.jobs.store import JobStore

EPOCHS = 3
METRICS = {"loss": 0.5, "accuracy": 0.75}
STARTED = events.Started(name="", dataset="iris", epochs=EPOCHS, seed=0)
BUILT = events.Built(
    layers=(),
    parameters=0,
    trainable_parameters=0,
    memory_bytes=0,
    precision="float32",
    train_samples=120,
    validation_samples=0,
    test_samples=30,
    seconds=0.0,
)
COMPILED = events.Compiled(files=(), skipped={}, seconds=0.0)
VERIFIED = events.Verified(parity=(), folder="", files=(), seconds=0.0)

Wish = Literal["stop", "kill", "leave"]


def epoch_ended(epoch: int) -> events.EpochEnded:
    """The news of an epoch that never was."""
    return events.EpochEnded(epoch=epoch, epochs=EPOCHS, metrics=METRICS, learning_rate=0.1, seconds=0.0)


def trained(epochs: int, stopped: str | None) -> events.Trained:
    """The news of a training that never was."""
    return events.Trained(epochs=epochs, stopped=stopped, metrics=METRICS, seconds=0.0)


class MemoryExecutor:
    """The `Executor` without processes: each attempt tells of `EPOCHS` epochs, and has no files."""

    def __init__(
        self, store: JobStore, *, workers: int = 1, limits: Limits = NO_LIMITS, epoch_s: float = 0.0
    ) -> None:
        """Run `workers` attempts at a time; an epoch takes `epoch_s` seconds unless it is interrupted."""
        self._store, self._limits, self._epoch_s = store, limits, epoch_s
        self._changed = threading.Condition()
        self._is_closing = False
        self._rows = [Worker(number=number, state=State.STARTING) for number in range(workers)]
        self._wishes: dict[str, Wish] = {}
        self._threads = [
            threading.Thread(target=self._work, args=(number,), name=f"memory-{number}", daemon=True)
            for number in range(workers)
        ]

    def start(self) -> None:
        """See `Executor`."""
        self._store.recover(RESTARTED)
        for thread in self._threads:
            thread.start()

    def submit(self) -> None:
        """See `Executor`."""
        with self._changed:
            self._changed.notify_all()

    def stop(self, job_id: str) -> None:
        """See `Executor`."""
        self._wish(job_id, "stop")

    def kill(self, job_id: str) -> None:
        """See `Executor`."""
        self._wish(job_id, "kill")

    def list(self) -> builtins.list[Worker]:
        """See `Executor`."""
        return [*self._rows]

    def close(self, grace_s: float) -> None:  # noqa: ARG002  # nothing here takes its time
        """See `Executor`."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _wish(self, job_id: str, wish: Wish) -> None:
        with self._changed:
            if any(row.job_id == job_id for row in self._rows):
                self._wishes[job_id] = wish
                self._changed.notify_all()

    def _set(self, number: int, state: State, job_id: str | None = None) -> None:
        attempts = self._rows[number].attempts + (state is State.BUSY)
        self._rows[number] = Worker(number=number, state=state, job_id=job_id, attempts=attempts)

    def _work(self, number: int) -> None:
        while not self._is_closing:
            self._set(number, State.IDLE)
            attempt = self._store.claim(self._limits)
            if attempt is None:
                with self._changed:
                    self._changed.wait(0.05)
                continue
            self._set(number, State.BUSY, attempt.job_id)
            try:
                self._run(attempt)
            except FencedError:
                pass  # cancelled meanwhile
            finally:
                self._wishes.pop(attempt.job_id, None)
        self._set(number, State.STARTING)

    def _run(self, attempt: Attempt) -> None:
        self._store.append(attempt, [STARTED, BUILT])
        self._store.advance(attempt, Status.TRAINING)
        done, wish = 0, None
        while done < EPOCHS and wish is None:
            if (wish := self._wait(attempt)) is None:
                done += 1
                self._store.append(attempt, [epoch_ended(done)])
        if wish == "kill":
            self._store.fail(attempt, "somebody had the attempt killed", retry=False)
        elif wish == "leave":
            self._store.release(attempt, SHUTDOWN)
        else:
            self._finish(attempt, done, "asked" if wish else None)

    def _wait(self, attempt: Attempt) -> Wish | None:
        """Let an epoch pass, unless somebody wants something else."""
        deadline = time.monotonic() + self._epoch_s
        with self._changed:
            while True:
                if wish := self._wishes.get(attempt.job_id):
                    return wish
                if self._is_closing:
                    return "leave"
                if self._store.stop_requested(attempt):
                    return "stop"
                if (left_s := deadline - time.monotonic()) <= 0:
                    return None
                self._changed.wait(min(left_s, 0.1))

    def _finish(self, attempt: Attempt, epochs: int, stopped: str | None) -> None:
        self._store.append(attempt, [trained(epochs, stopped)])
        self._store.advance(attempt, Status.COMPILING)
        self._store.append(attempt, [COMPILED])
        self._store.advance(attempt, Status.VERIFYING)
        self._store.complete(attempt, (), VERIFIED)
