"""A place for one worker: a thread that keeps a process there, and gives it one attempt at a time."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

from quickml.errors import FencedError, StoreError
from quickml.executors.executor import SHUTDOWN, State, Worker
from quickml.executors.local.process import COMMAND, WorkerProcess
from quickml.jobs.job import NO_LIMITS, Attempt, Limits
from quickml.jobs.store import JobStore
from quickml.worker.channel import Outcome

log = logging.getLogger(__name__)

TICK_S = 0.25
"""How often limits are looked at while an attempt runs."""
IDLE_S = 1.0
"""How often an idle worker looks for work that nobody told of: a retry, another process' job."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
"""Between two workers that died before they could work."""
WORN = 0.75
"""A worker that keeps more than this share of the memory it may use, when it is idle, is replaced."""


@dataclass(frozen=True, kw_only=True)
class WorkerLimits:
    """What workers get and may do; None is without limit."""

    options: str
    """The command line's: `worker.options.Options` as JSON."""
    command: Sequence[str] = COMMAND
    threads: int | None = None
    memory_bytes: int | None = None
    finish_s: float = 300.0
    """An attempt may take so much longer than its training may, to begin and to finish."""
    attempts: int | None = 100
    """After so many a worker is replaced: TensorFlow never gives all of its memory back."""
    hang_s: float = 30.0
    """A worker that gave no sign of life for so long hangs."""
    limits: Limits = NO_LIMITS


@dataclass(frozen=True, kw_only=True)
class _Ending:
    """How an attempt ended that the worker could not tell the store of."""

    reason: str
    retry: bool = True
    released: bool = False


class WorkerSupervisor(threading.Thread):
    """The thread. `stop`, `kill`, `wake` and `close` are for others."""

    def __init__(
        self, number: int, rules: WorkerLimits, store: JobStore, *, ended: Callable[[str], None]
    ) -> None:
        """Call `ended` with the job's id after each attempt."""
        super().__init__(name=f"seat-{number}", daemon=True)
        self._number, self._rules, self._store, self._ended = number, rules, store, ended
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        self._child: WorkerProcess | None = None
        self._attempt: Attempt | None = None
        self._attempts, self._state, self._trouble = 0, State.STARTING, ""
        self._closing, self._killed = threading.Event(), threading.Event()
        self._lock = threading.Lock()  # `kill` has to meet the attempt it means, `wake` an open pipe
        self._is_over = False
        self._leave_by = float("inf")

    # For others

    def row(self) -> Worker:
        """What the worker here does."""
        child, attempt = self._child, self._attempt
        return Worker(
            number=self._number,
            state=self._state,
            pid=child.pid if child else None,
            job_id=attempt.job_id if attempt else None,
            attempts=self._attempts,
            memory_bytes=child.memory_bytes() if child else 0,
            trouble=self._trouble,
        )

    def wake(self) -> None:
        """Look for work, or at whatever else has changed."""
        with self._lock, suppress(BlockingIOError):  # full: it will wake anyway
            if not self._is_over:
                os.write(self._waker, b"!")

    def stop(self, job_id: str) -> None:
        """Pass a wish on."""
        child, attempt = self._child, self._attempt
        if child and attempt and attempt.job_id == job_id:
            with suppress(EOFError):
                child.send("stop", job_id=job_id)

    def kill(self, job_id: str) -> None:
        """End the attempt at this job."""
        with self._lock:
            if self._child and self._attempt and self._attempt.job_id == job_id:
                self._killed.set()
                self._child.kill()

    def close(self, grace_s: float) -> None:
        """Let the worker go, and the thread end; `join` it."""
        self._leave_by = time.monotonic() + grace_s
        self._closing.set()
        self.wake()

    # The thread

    def run(self) -> None:
        """Keep a worker here until closed."""
        pause_s = FIRST_PAUSE_S
        while not self._closing.is_set():
            try:
                self._keep_one()
            except Exception:  # a mistake of ours must not cost a worker for good
                log.exception("worker %d", self._number)
                self._trouble = "the supervisor made a mistake, see the log"
            if self._trouble:
                self._closing.wait(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            else:
                pause_s = FIRST_PAUSE_S
        with self._lock:
            self._is_over = True
            os.close(self._waker)
            os.close(self._woken)

    def _keep_one(self) -> None:
        """The life of one worker."""
        self._attempts, self._state = 0, State.STARTING
        rules = self._rules
        try:
            child = WorkerProcess([*rules.command, rules.options], threads=rules.threads, wake=self._woken)
        except OSError as error:
            self._trouble = f"no worker could be started ({error.strerror})"
            return
        self._child = child
        try:
            self._employ(child)
        except EOFError:
            death = child.end()
            log.warning("worker %d: %s", self._number, death)
            self._trouble = "" if self._attempts else death
        finally:
            self._child = None
            child.end()

    def _employ(self, child: WorkerProcess) -> None:
        """Give the worker attempts until it has had enough.

        Raises:
            EOFError: it died.
        """
        self._warm(child)
        while not self._closing.is_set() and not self._is_worn(child):
            self._state = State.IDLE
            attempt = self._claim()
            if attempt is None:
                child.listen(IDLE_S)
            elif not self._attend(child, attempt):
                return

    def _warm(self, child: WorkerProcess) -> None:
        while not self._closing.is_set():
            if any(message["type"] == "ready" for message in child.listen(IDLE_S)):
                self._trouble = ""
                return
            if self._is_silent(child):
                child.kill()

    def _is_silent(self, child: WorkerProcess) -> bool:
        return time.monotonic() - child.heard_at > self._rules.hang_s

    def _is_worn(self, child: WorkerProcess) -> bool:
        rules = self._rules
        if rules.attempts is not None and self._attempts >= rules.attempts:
            return True
        if rules.memory_bytes is None or not self._attempts:
            return False
        return child.memory_bytes() > WORN * rules.memory_bytes

    def _claim(self) -> Attempt | None:
        try:
            return self._store.claim(self._rules.limits)
        except StoreError as error:
            log.error("worker %d: nothing can be claimed: %s", self._number, error)
            return None

    def _attend(self, child: WorkerProcess, attempt: Attempt) -> bool:
        """See one attempt through; whether the worker can be given another."""
        with self._lock:
            self._killed.clear()
            self._attempt, self._state = attempt, State.BUSY
            self._attempts += 1
        ending, usable = self._seen_through(child, attempt)
        with self._lock:
            self._attempt = None
        self._tell(attempt, ending)
        self._ended(attempt.job_id)
        return usable

    def _seen_through(self, child: WorkerProcess, attempt: Attempt) -> tuple[_Ending | None, bool]:
        try:
            child.send("attempt", **asdict(attempt))
        except EOFError:  # it had died before, which is not the attempt's fault
            return _Ending(reason=child.end(), released=True), False
        try:
            return self._watch(child, attempt)
        except EOFError:
            return self._death(child), False

    def _watch(self, child: WorkerProcess, attempt: Attempt) -> tuple[_Ending | None, bool]:
        began, told_to_leave = time.monotonic(), False
        while True:
            for message in child.listen(TICK_S):
                if message["type"] == "done":
                    return self._done(child, message["outcome"])
            if self._closing.is_set() and not told_to_leave:
                child.send("leave", job_id=attempt.job_id)
                told_to_leave = True
            if ending := self._objection(child, attempt, time.monotonic() - began):
                child.kill()
                child.end()  # before another attempt may begin
                return ending, False

    def _done(self, child: WorkerProcess, outcome: Outcome) -> tuple[_Ending | None, bool]:
        """What the worker says of the end: what is left to tell the store, and whether to keep the worker."""
        if outcome == "broken":
            child.end()
            log.error("worker %d met what nobody foresaw:\n%s", self._number, child.words())
        ending = _Ending(reason=SHUTDOWN, released=True) if outcome == "left" else None
        return ending, outcome != "broken"

    def _objection(self, child: WorkerProcess, attempt: Attempt, spent_s: float) -> _Ending | None:
        """Why an attempt must not go on, if it must not."""
        rules = self._rules
        if time.monotonic() > self._leave_by:
            return _Ending(reason=SHUTDOWN, released=True)
        if attempt.max_seconds is not None and spent_s > (most_s := attempt.max_seconds + rules.finish_s):
            return _Ending(reason=f"it took longer than the {most_s:g} s it may take", retry=False)
        if self._is_silent(child):
            return _Ending(reason=f"the worker gave no sign of life for {rules.hang_s:g} s")
        if rules.memory_bytes is not None and (found := child.memory_bytes()) > rules.memory_bytes:
            found_gb, allowed_gb = found / 1e9, rules.memory_bytes / 1e9
            return _Ending(
                reason=f"the worker took {found_gb:.1f} GB of memory, and may take {allowed_gb:.1f}"
            )
        return None

    def _death(self, child: WorkerProcess) -> _Ending:
        death = child.end()
        if self._killed.is_set():
            return _Ending(reason="somebody had the attempt killed", retry=False)
        return _Ending(reason=death)

    def _tell(self, attempt: Attempt, ending: _Ending | None) -> None:
        if ending is None:
            return
        log.warning("%s: attempt %d broke off: %s", attempt.job_id, attempt.number, ending.reason)
        try:
            if ending.released:
                self._store.release(attempt, ending.reason)
            else:
                self._store.fail(attempt, ending.reason, retry=ending.retry)
        except FencedError:
            pass  # cancelled, or complete in the moment before
        except StoreError as error:  # the job is released when the server starts again
            log.error("%s: %s", attempt.job_id, error)
