"""The supervisor of one worker: a thread that keeps a process running, and gives it one attempt at a time."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from enum import Enum

from quickml.errors import FencedError, StoreError, unexpected
from quickml.executors.executor import SHUTDOWN, State, Worker
from quickml.executors.heartbeat import Wish
from quickml.executors.local.clock import RunningClock
from quickml.executors.local.process import COMMAND, WorkerProcess
from quickml.executors.local.waits import WaitLog
from quickml.jobs.job import NO_LIMITS, Attempt, Limits
from quickml.jobs.jobs import JobStore
from quickml.worker.channel import Message
from quickml.worker.options import WorkerOptions

log = logging.getLogger(__name__)

TICK_S = 0.25
"""How often limits are checked while an attempt runs."""
DONE_S = 0.05
"""How long a worker whose attempt is over in the database may take to report that it has ended it itself."""
IDLE_S = 1.0
"""How often an idle worker is looked at."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
"""Between two workers that died before they could work."""
QUIET_S = 5.0
"""An idle worker is given nothing when it has sent no heartbeat for this long: it may be stopped."""
LONGEST_RETRY_S = 2.0
"""Between two tries to store how an attempt ended."""
WORN = 0.75
"""An idle worker that keeps more than this share of the memory it may use is replaced."""


@dataclass(frozen=True, kw_only=True)
class WorkerLimits:
    """Options and limits of workers; None is unlimited."""

    options: WorkerOptions
    command: Sequence[str] = COMMAND
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that are added to those of this process."""
    threads: int | None = None
    memory_bytes: int | None = None
    finish_s: float = 300.0
    """Time that an attempt may take beyond its training's limit, to begin and to finish."""
    attempts: int | None = 100
    """A worker is replaced after this many: TensorFlow never gives all of its memory back."""
    hang_s: float = 30.0
    """Kill a worker that has sent no heartbeat for this long."""
    queue: Limits = NO_LIMITS


class Ending(Enum):
    """In which way an attempt ended: the call of `JobStore` that stores it."""

    FAILED = "failed"
    """Through its own fault."""
    TOO_LONG = "too long"
    """As FAILED, and another attempt would end in the same way."""
    LOST = "lost"
    """Through something that was done to it."""
    GIVEN_BACK = "given back"
    """Because this executor ends, or the files are away."""


@dataclass(frozen=True, kw_only=True)
class _End:
    """The end of an attempt that its worker did not store, and the reason as users read it."""

    ending: Ending
    reason: str


class WorkerSupervisor(threading.Thread):
    """The thread. `worker`, `attempt`, `wake`, `heed` and `close` are for other threads."""

    def __init__(
        self,
        number: int,
        limits: WorkerLimits,
        jobs: JobStore,
        *,
        take: Callable[[], Attempt | None],
        ended: Callable[[Attempt], None],
        rest: Callable[[], None],
    ) -> None:
        """Run the attempts that `take` gives; call `ended` after each.

        `rest` is called before an attempt is lost for which this machine is to blame.
        """
        super().__init__(name=f"worker-{number}", daemon=True)
        self._number, self._limits, self._jobs = number, limits, jobs
        self._take, self._ended, self._rest = take, ended, rest
        self._clock = RunningClock()
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
            process = WorkerProcess(
                command,
                environment=limits.environment,
                threads=limits.threads,
                wake=self._woken,
                clock=self._clock,
            )
        except OSError as error:
            self._trouble = f"no worker could be started ({error.strerror})"
            return
        self._process = process
        try:
            self._employ(process)
        except EOFError:
            death = self._death_of(process)
            self._trouble = "" if self._attempts else f"{death}:\n{process.output()}"
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
            self._kill_if_silent(process)
            attempt = self._claim() if self._silence_s(process) < QUIET_S else None
            if attempt is None:
                process.listen(IDLE_S)
            elif not self._attend(process, attempt):
                return

    def _warm(self, process: WorkerProcess) -> None:
        while not self._closing.is_set():
            if any(message["type"] == "ready" for message in process.listen(IDLE_S)):
                self._trouble = ""
                return
            self._kill_if_silent(process)

    def _silence_s(self, process: WorkerProcess) -> float:
        return self._clock() - process.heard_at

    def _kill_if_silent(self, process: WorkerProcess) -> None:
        if self._silence_s(process) > self._limits.hang_s:
            log.warning("worker %d: no heartbeat for %g s", self._number, self._limits.hang_s)
            process.kill()

    def _is_worn(self, process: WorkerProcess) -> bool:
        limits = self._limits
        if limits.attempts is not None and self._attempts >= limits.attempts:
            return True
        if limits.memory_bytes is None or not self._attempts:
            return False
        return process.memory_bytes() > WORN * limits.memory_bytes

    def _claim(self) -> Attempt | None:
        try:
            return self._take()
        except StoreError as error:
            log.error("worker %d: no job can be claimed: %s", self._number, error)
            return None

    def _attend(self, process: WorkerProcess, attempt: Attempt) -> bool:
        """Run one attempt to its end; whether the worker can be given another one."""
        with self._lock:
            self.attempt, self._state, self._wish = attempt, State.BUSY, None
            self._attempts += 1
        try:
            end, usable = self._seen_through(process, attempt)
            if end is not None:
                self._store(attempt, end)
        finally:  # in any case: its lease is renewed until then
            with self._lock:
                self.attempt = None
            self._ended(attempt)
        return usable

    def _seen_through(self, process: WorkerProcess, attempt: Attempt) -> tuple[_End | None, bool]:
        process.waited_s, process.waits_for = 0.0, ""
        try:
            process.send("attempt", **asdict(attempt))
        except EOFError:  # it died before, which is no fault of the attempt
            return _End(ending=Ending.LOST, reason=self._death_of(process)), False
        try:
            return self._watch(process, attempt)
        except EOFError:
            reason = self._death_of(process)
            return _End(ending=Ending.LOST if process.was_killed else Ending.FAILED, reason=reason), False
        except Exception:
            log.exception("unexpected error in the supervisor of worker %d", self._number)
            process.kill()
            process.end()
            return _End(ending=Ending.LOST, reason="unexpected error in the server"), False

    def _death_of(self, process: WorkerProcess) -> str:
        """How a worker has ended, for a user; its output is for the log."""
        death = process.end()
        log.warning("worker %d: %s; its last output:\n%s", self._number, death, process.output())
        return death

    def _watch(self, process: WorkerProcess, attempt: Attempt) -> tuple[_End | None, bool]:
        began, sent = self._clock(), set[str]()
        waits = WaitLog(attempt, self._limits.options.patience_s)
        while True:
            if done := self._done_message(process, TICK_S):
                if done["outcome"] not in ("lost", "unfit", "away"):
                    waits.heard("")
                return self._done(process, attempt, done)
            self._pass_on(process, attempt, sent)
            waits.heard(process.waits_for)
            violation = self._violation(process, attempt, self._clock() - began - process.waited_s)
            if self._wish == "end" and (done := self._done_message(process, DONE_S)):
                return self._done(process, attempt, done)
            if violation or self._wish == "end":
                process.kill()
                process.end()  # before another attempt may begin
                return violation, False

    @staticmethod
    def _done_message(process: WorkerProcess, timeout_s: float) -> Message | None:
        """What the worker reports of the attempt's end, if it does so in time."""
        return next((one for one in process.listen(timeout_s) if one["type"] == "done"), None)

    def _pass_on(self, process: WorkerProcess, attempt: Attempt, sent: set[str]) -> None:
        """Tell the worker once what it is to do."""
        for kind, is_wanted in (("stop", self._wish == "stop"), ("leave", self._closing.is_set())):
            if is_wanted and kind not in sent:
                process.send(kind, job_id=attempt.job_id)
                sent.add(kind)

    def _done(self, process: WorkerProcess, attempt: Attempt, message: Message) -> tuple[_End | None, bool]:
        """What remains to be stored after the worker reported the end, and whether to keep the worker."""
        end = None
        match message["outcome"]:
            case "broken":
                process.end()
                log.error(
                    "%s: unexpected error in worker %d:\n%s", attempt.job_id, self._number, process.output()
                )
                return None, False
            case "fenced":
                process.kill_children()  # it stays warm, but what the attempt started must not go on
            case "lost" | "unfit" | "away" as outcome:
                log.error("%s: %s:\n%s", attempt.job_id, message["reason"], process.output())
                ending = Ending.GIVEN_BACK if outcome == "away" else Ending.LOST
                end = _End(ending=ending, reason=message["reason"])
                if outcome == "unfit":
                    self._rest()
            case "left":
                end = _End(ending=Ending.GIVEN_BACK, reason=SHUTDOWN)
        return end, True

    def _violation(self, process: WorkerProcess, attempt: Attempt, spent_s: float) -> _End | None:
        """The limit that an attempt has reached, if any."""
        limits = self._limits
        if self._is_late:
            return _End(ending=Ending.GIVEN_BACK, reason=SHUTDOWN)
        if attempt.max_seconds is not None and spent_s > (most_s := attempt.max_seconds + limits.finish_s):
            reason = f"the attempt took longer than the {most_s:g} s allowed"
            return _End(ending=Ending.TOO_LONG, reason=reason)
        if self._silence_s(process) > limits.hang_s:
            reason = f"the worker sent no heartbeat for {limits.hang_s:g} s"
            return _End(ending=Ending.LOST, reason=reason)
        if limits.memory_bytes is not None and (found := process.memory_bytes()) > limits.memory_bytes:
            expected = f"at most {limits.memory_bytes / 1e9:.1f} GB"
            reason = unexpected("memory of the worker", expected, f"{found / 1e9:.1f} GB")
            return _End(ending=Ending.FAILED, reason=reason)
        return None

    @property
    def _is_late(self) -> bool:
        """Whether the grace period of the shutdown is over."""
        return time.monotonic() > self._leave_by

    def _store(self, attempt: Attempt, end: _End) -> None:
        """Store the end of an attempt, and try again until that succeeds or the server has to end.

        What is not stored then is released when the lease of the attempt runs out.
        """
        log.warning("%s: attempt %d ended: %s", attempt.job_id, attempt.number, end.reason)
        pause_s = TICK_S
        while True:
            try:
                self._store_once(attempt, end)
            except FencedError:
                return  # cancelled, or complete in the moment before
            except StoreError as error:
                log.error(
                    "%s: the end of attempt %d is not stored: %s", attempt.job_id, attempt.number, error
                )
                if self._is_late:
                    return
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_RETRY_S)
            else:
                return

    def _store_once(self, attempt: Attempt, end: _End) -> None:
        match end.ending:
            case Ending.FAILED | Ending.TOO_LONG:
                self._jobs.fail(attempt, end.reason, retry=end.ending is Ending.FAILED)
            case Ending.LOST:
                self._jobs.lose(attempt, end.reason)
            case Ending.GIVEN_BACK:
                self._jobs.release(attempt, end.reason)
