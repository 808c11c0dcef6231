"""The supervisor of one worker: a thread that keeps a process running, and gives it one attempt at a time."""

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
from quickml.executors.heartbeat import Wish
from quickml.executors.local.process import COMMAND, WorkerProcess
from quickml.jobs.job import NO_LIMITS, Attempt, Limits
from quickml.jobs.jobs import JobStore
from quickml.worker.channel import Outcome
from quickml.worker.options import WorkerOptions

log = logging.getLogger(__name__)

TICK_S = 0.25
"""How often limits are checked while an attempt runs."""
DONE_S = 0.05
"""How long a worker whose attempt is over in the database may take to report that it has ended it itself."""
IDLE_S = 1.0
"""How often an idle worker looks for work unasked: for a retry, or a job that another server queued."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
"""Between two workers that died before they could work."""
WORN = 0.75
"""An idle worker that keeps more than this share of the memory it may use is replaced."""


@dataclass(frozen=True, kw_only=True)
class WorkerLimits:
    """Options and limits of workers; None is unlimited."""

    options: WorkerOptions
    command: Sequence[str] = COMMAND
    threads: int | None = None
    memory_bytes: int | None = None
    finish_s: float = 300.0
    """Time that an attempt may take beyond its training's limit, to begin and to finish."""
    attempts: int | None = 100
    """A worker is replaced after this many: TensorFlow never gives all of its memory back."""
    hang_s: float = 30.0
    """Kill a worker that has sent no heartbeat for this long."""
    queue: Limits = NO_LIMITS


@dataclass(frozen=True, kw_only=True)
class _Failure:
    """Why an attempt ended that its worker did not report to the database."""

    reason: str
    retry: bool = True
    released: bool = False
    """Through no fault of its own."""


class WorkerSupervisor(threading.Thread):
    """The thread. `worker`, `attempt`, `wake`, `heed` and `close` are for other threads."""

    def __init__(
        self,
        number: int,
        limits: WorkerLimits,
        jobs: JobStore,
        *,
        holder: str,
        ended: Callable[[Attempt], None],
    ) -> None:
        """Claim attempts as `holder`; call `ended` after each."""
        super().__init__(name=f"worker-{number}", daemon=True)
        self._number, self._limits, self._jobs, self._holder = number, limits, jobs, holder
        self._ended = ended
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        self._process: WorkerProcess | None = None
        self.attempt: Attempt | None = None
        """The one that runs."""
        self._wish: Wish | None = None
        self._attempts, self._state, self._trouble = 0, State.STARTING, ""
        self._closing = threading.Event()
        self._lock = threading.Lock()  # `heed` has to reach the attempt it means, `wake` an open pipe
        self._is_over = False
        self._leave_by = float("inf")

    # For other threads

    def worker(self) -> Worker:
        """What the worker does."""
        process, attempt = self._process, self.attempt
        return Worker(
            number=self._number,
            state=self._state,
            pid=process.pid if process else None,
            job_id=attempt.job_id if attempt else None,
            attempts=self._attempts,
            memory_bytes=process.memory_bytes() if process else 0,
            trouble=self._trouble,
        )

    def wake(self) -> None:
        """Look for work, or at whatever else has changed."""
        with self._lock, suppress(BlockingIOError):  # full: it will wake anyway
            if not self._is_over:
                os.write(self._waker, b"!")

    def heed(self, attempt: Attempt, wish: Wish) -> None:
        """Have an attempt stop or end, if it runs here."""
        with self._lock:
            if self.attempt != attempt or self._wish == wish:
                return
            self._wish = wish
        self.wake()

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
            except Exception:  # a bug must not end this worker for good
                log.exception("unexpected error in the supervisor of worker %d", self._number)
                self._trouble = "unexpected error in the supervisor, see the log"
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
        limits = self._limits
        command = [*limits.command, limits.options.to_json()]
        try:
            process = WorkerProcess(command, threads=limits.threads, wake=self._woken)
        except OSError as error:
            self._trouble = f"no worker could be started ({error.strerror})"
            return
        self._process = process
        try:
            self._employ(process)
        except EOFError:
            death = process.end()
            log.warning("worker %d: %s", self._number, death)
            self._trouble = "" if self._attempts else death
        finally:
            self._process = None
            process.end()

    def _employ(self, process: WorkerProcess) -> None:
        """Give the worker attempts until it has to be replaced.

        Raises:
            EOFError: it died.
        """
        self._warm(process)
        while not self._closing.is_set() and not self._is_worn(process):
            self._state = State.IDLE
            attempt = self._claim()
            if attempt is None:
                process.listen(IDLE_S)
            elif not self._attend(process, attempt):
                return

    def _warm(self, process: WorkerProcess) -> None:
        while not self._closing.is_set():
            if any(message["type"] == "ready" for message in process.listen(IDLE_S)):
                self._trouble = ""
                return
            if self._is_silent(process):
                process.kill()

    def _is_silent(self, process: WorkerProcess) -> bool:
        return time.monotonic() - process.heard_at > self._limits.hang_s

    def _is_worn(self, process: WorkerProcess) -> bool:
        limits = self._limits
        if limits.attempts is not None and self._attempts >= limits.attempts:
            return True
        if limits.memory_bytes is None or not self._attempts:
            return False
        return process.memory_bytes() > WORN * limits.memory_bytes

    def _claim(self) -> Attempt | None:
        try:
            return self._jobs.claim(self._holder, self._limits.queue)
        except StoreError as error:
            log.error("worker %d: no job can be claimed: %s", self._number, error)
            return None

    def _attend(self, process: WorkerProcess, attempt: Attempt) -> bool:
        """Run one attempt to its end; whether the worker can be given another one."""
        with self._lock:
            self.attempt, self._state, self._wish = attempt, State.BUSY, None
            self._attempts += 1
        try:
            failure, usable = self._seen_through(process, attempt)
        finally:  # in any case: its lease is renewed until then
            with self._lock:
                self.attempt = None
        self._report(attempt, failure)
        self._ended(attempt)
        return usable

    def _seen_through(self, process: WorkerProcess, attempt: Attempt) -> tuple[_Failure | None, bool]:
        try:
            process.send("attempt", **asdict(attempt))
        except EOFError:  # it died before, which is no fault of the attempt
            return _Failure(reason=process.end(), released=True), False
        try:
            return self._watch(process, attempt)
        except EOFError:
            return _Failure(reason=process.end()), False
        except Exception:
            log.exception("unexpected error in the supervisor of worker %d", self._number)
            process.kill()
            process.end()
            return _Failure(reason="unexpected error in the worker's supervisor"), False

    def _watch(self, process: WorkerProcess, attempt: Attempt) -> tuple[_Failure | None, bool]:
        began, sent = time.monotonic(), set[str]()
        while True:
            if outcome := self._outcome(process, TICK_S):
                return self._done(process, outcome)
            self._pass_on(process, attempt, sent)
            failure = self._violation(process, attempt, time.monotonic() - began)
            if self._wish == "end" and (outcome := self._outcome(process, DONE_S)):
                return self._done(process, outcome)
            if failure or self._wish == "end":
                process.kill()
                process.end()  # before another attempt may begin
                return failure, False

    @staticmethod
    def _outcome(process: WorkerProcess, timeout_s: float) -> Outcome | None:
        """The outcome of the attempt, if the worker reports it in time."""
        for message in process.listen(timeout_s):
            if message["type"] == "done":
                outcome: Outcome = message["outcome"]
                return outcome
        return None

    def _pass_on(self, process: WorkerProcess, attempt: Attempt, sent: set[str]) -> None:
        """Tell the worker once what it is to do."""
        for kind, is_wanted in (("stop", self._wish == "stop"), ("leave", self._closing.is_set())):
            if is_wanted and kind not in sent:
                process.send(kind, job_id=attempt.job_id)
                sent.add(kind)

    def _done(self, process: WorkerProcess, outcome: Outcome) -> tuple[_Failure | None, bool]:
        """What remains to be stored after the worker reported the end, and whether to keep the worker."""
        if outcome == "broken":
            process.end()
            log.error("unexpected error in worker %d:\n%s", self._number, process.output())
        elif outcome == "fenced":
            process.kill_children()  # it stays warm, but what the attempt started must not go on
        failure = _Failure(reason=SHUTDOWN, released=True) if outcome == "left" else None
        return failure, outcome != "broken"

    def _violation(self, process: WorkerProcess, attempt: Attempt, spent_s: float) -> _Failure | None:
        """The limit that an attempt has reached, if any."""
        limits = self._limits
        if time.monotonic() > self._leave_by:
            return _Failure(reason=SHUTDOWN, released=True)
        if attempt.max_seconds is not None and spent_s > (most_s := attempt.max_seconds + limits.finish_s):
            return _Failure(reason=f"the attempt took longer than the {most_s:g} s allowed", retry=False)
        if self._is_silent(process):
            return _Failure(reason=f"the worker sent no heartbeat for {limits.hang_s:g} s")
        if limits.memory_bytes is not None and (found := process.memory_bytes()) > limits.memory_bytes:
            found_gb, allowed_gb = found / 1e9, limits.memory_bytes / 1e9
            return _Failure(
                reason=f"memory of the worker: expected at most {allowed_gb:.1f} GB, found {found_gb:.1f} GB"
            )
        return None

    def _report(self, attempt: Attempt, failure: _Failure | None) -> None:
        if failure is None:
            return
        log.warning("%s: attempt %d ended: %s", attempt.job_id, attempt.number, failure.reason)
        try:
            if failure.released:
                self._jobs.release(attempt, failure.reason)
            else:
                self._jobs.fail(attempt, failure.reason, retry=failure.retry)
        except FencedError:
            pass  # cancelled, or complete in the moment before
        except StoreError as error:  # it is not renewed any more, and released when its lease has run out
            log.error("%s: %s", attempt.job_id, error)
