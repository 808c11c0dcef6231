"""An executor for tests, whose attempts run in threads and report fixed events without training."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Literal

from quickml import events
from quickml.errors import FencedError
from quickml.events import Status
from quickml.executors.claims import Claims
from quickml.executors.executor import SHUTDOWN, State, Worker
from quickml.executors.heartbeat import Heartbeat, Wish
from quickml.jobs.hosts import SERVER, Host, Hosts
from quickml.jobs.ids import new_id
from quickml.jobs.job import NO_LIMITS, Attempt, Limits
from quickml.jobs.jobs import JobStore

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


def epoch_ended(epoch: int) -> events.EpochEnded:
    """An `EpochEnded` event with fixed metrics."""
    return events.EpochEnded(epoch=epoch, epochs=EPOCHS, metrics=METRICS, learning_rate=0.1, seconds=0.0)


def trained(epochs: int, stopped: str | None) -> events.Trained:
    """A `Trained` event with fixed metrics."""
    return events.Trained(epochs=epochs, stopped=stopped, metrics=METRICS, seconds=0.0)


class MemoryExecutor:
    """The `Executor` without processes: each attempt reports `EPOCHS` epochs and produces no files."""

    def __init__(
        self,
        jobs: JobStore,
        hosts: Hosts,
        *,
        workers: int = 1,
        limits: Limits = NO_LIMITS,
        epoch_s: float = 0.0,
    ) -> None:
        """Run up to `workers` attempts concurrently. An epoch takes `epoch_s` seconds unless interrupted."""
        self._jobs, self._epoch_s = jobs, epoch_s
        self._host = Host(
            id=new_id("host", datetime.now(UTC)),
            name="memory",
            kind=SERVER,
            seats=workers,
            lease_s=hosts.lease_s,
        )
        self._changed = threading.Condition()
        self._is_closing = False
        self._workers = [Worker(number=number, state=State.STARTING) for number in range(workers)]
        self._attempts: dict[int, Attempt] = {}
        self._wishes: dict[Attempt, Wish] = {}
        self._claims = Claims(
            jobs, lambda: self._heartbeat.host_id, limits, may_claim=lambda: self._heartbeat.may_claim
        )
        self._heartbeat = Heartbeat(
            hosts,
            self._host,
            attempts=lambda: list(self._attempts.values()),
            heed=self._heed,
            offer=self._claims.offer,
        )
        self._threads = [
            threading.Thread(target=self._work, args=(number,), name=f"memory-{number}", daemon=True)
            for number in range(workers)
        ]

    def start(self) -> None:
        """See `Executor`."""
        for thread in (self._heartbeat, *self._threads):
            thread.start()

    def wake(self) -> None:
        """See `Executor`."""
        self._heartbeat.wake()
        self._claims.offer()
        with self._changed:
            self._changed.notify_all()

    def workers(self) -> list[Worker]:
        """See `Executor`."""
        return [*self._workers]

    def close(self, grace_s: float) -> None:  # noqa: ARG002  # attempts end at once
        """See `Executor`."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._heartbeat.close()
        for thread in (*self._threads, self._heartbeat):
            thread.join()
        self._heartbeat.leave()

    def _heed(self, attempt: Attempt, wish: Wish) -> None:
        with self._changed:
            self._wishes[attempt] = wish
            self._changed.notify_all()

    def _set(self, number: int, state: State, job_id: str | None = None) -> None:
        attempts = self._workers[number].attempts + (state is State.BUSY)
        self._workers[number] = Worker(number=number, state=state, job_id=job_id, attempts=attempts)

    def _work(self, number: int) -> None:
        while not self._is_closing:
            self._set(number, State.IDLE)
            attempt = self._claims.take()
            if attempt is None:
                with self._changed:
                    self._changed.wait(0.05)
                continue
            self._attempts[number] = attempt
            self._set(number, State.BUSY, attempt.job_id)
            try:
                self._run(attempt)
            except FencedError:
                pass  # the job was cancelled
            finally:
                del self._attempts[number]
                self._wishes.pop(attempt, None)
                self._claims.offer()  # its owner may run another one
        self._set(number, State.STARTING)

    def _run(self, attempt: Attempt) -> None:
        last = self._jobs.append(attempt, [STARTED, BUILT], after=attempt.last_event)
        self._jobs.advance(attempt, Status.TRAINING)
        done, wish = 0, None
        while done < EPOCHS and wish is None:
            if (wish := self._wait(attempt)) is None:
                done += 1
                last = self._jobs.append(attempt, [epoch_ended(done)], after=last)
        if wish == "leave":
            self._jobs.release(attempt, SHUTDOWN)
        elif wish != "end":
            self._finish(attempt, last, done, "asked" if wish else None)

    def _wait(self, attempt: Attempt) -> Wish | Literal["leave"] | None:
        """Wait for the duration of an epoch. Return the reason to end the attempt early, or None."""
        deadline = time.monotonic() + self._epoch_s
        with self._changed:
            while True:
                if wish := self._wishes.get(attempt):
                    return wish
                if self._is_closing:
                    return "leave"
                if (left_s := deadline - time.monotonic()) <= 0:
                    return None
                self._changed.wait(left_s)

    def _finish(self, attempt: Attempt, last: int, epochs: int, stopped: str | None) -> None:
        last = self._jobs.append(attempt, [trained(epochs, stopped)], after=last)
        self._jobs.advance(attempt, Status.COMPILING)
        self._jobs.append(attempt, [COMPILED], after=last)
        self._jobs.advance(attempt, Status.VERIFYING)
        self._jobs.complete(attempt, (), VERIFIED)
