"""Reading a file of a user in a process of its own with limits on memory and time, and how far that is."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from quickml.jobs.ids import new_id

log = logging.getLogger(__name__)

PASSED = frozenset({
    "PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MALLOC_ARENA_MAX", "PYTHONPATH",
    "PYTHONHOME", "PYTHONUTF8", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONWARNINGS",
})  # fmt: skip
"""Environment variables that a process gets. Others may have passwords, and what it reads may be hostile."""
MOST_ANSWER_BYTES = 16 << 20
"""Length of the longest answer that is taken of a process; to read it stops the server for a second."""
SHARE_S = 300.0
"""How long a slow run may go on while other owners wait. It is ended then, and begun again when it is its
owner's turn, with twice the share: so it comes to its end, too."""
MOST_PROBLEMS = 100
"""Problems that are told as events."""

Answer = dict[str, Any]
Pins = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportEvent:
    """What is told of a run."""

    sequence: int
    """Milliseconds since 1970 or one more than the one before: so they go on after a restart."""
    type: str
    """`progress`, `problem` or `imported`, which is the last."""
    body: dict[str, Any]

    @property
    def is_last(self) -> bool:
        """Whether none follows."""
        return self.type == "imported"


@dataclass(frozen=True, kw_only=True)
class ImportTask:
    """What is done with which files of an owner."""

    owner: str
    asked: Answer
    pins: Pins
    timeout_s: float
    is_slow: bool

    @property
    def key(self) -> tuple[str, str]:
        """Two tasks with the same key have the same answer."""
        return self.owner, json.dumps([self.asked, self.pins], sort_keys=True)


class ImportRun:
    """One run. Thread-safe."""

    def __init__(self, task: ImportTask) -> None:
        self.task, self.id = task, new_id("imp", datetime.now(UTC))
        self.answer: Answer = {}
        """What came of it, once `is_done`."""
        self.size_bytes = 0
        """Length of the answer."""
        self._events: list[ImportEvent] = []
        self._places: set[tuple[str, str]] = set()
        """Where there are problems that were told."""
        self._process: subprocess.Popen[str] | None = None
        self._is_cancelled = self._gives_way = False
        self.share_s, self.began = SHARE_S, 0.0
        self._done, self._lock = threading.Event(), threading.Lock()

    @property
    def is_done(self) -> bool:
        """Whether there is an answer."""
        return self._done.is_set()

    @property
    def progress(self) -> Mapping[str, Any]:
        """How far it is, as the last event says."""
        return next((one.body for one in reversed(self._events) if one.type == "progress"), {})

    def wait(self) -> Answer:
        """Wait for the answer."""
        self._done.wait()
        return self.answer

    def events(self, after: int) -> list[ImportEvent]:
        """The events after a number. Of progress, there is only the latest."""
        with self._lock:
            return [event for event in self._events if event.sequence > after]

    def cancel(self) -> None:
        """End it."""
        with self._lock:
            self._is_cancelled = True
            if self._process is not None:
                self._process.kill()

    @property
    def has_had_its_share(self) -> bool:
        """Whether it has gone on for as long as it may while others wait."""
        return time.monotonic() >= self.began + self.share_s

    def give_way(self) -> None:
        """End it for now."""
        with self._lock:
            if self._process is not None and not self.is_done:
                self._gives_way = True
                self._process.kill()

    def perform(self, command: Sequence[str], about: Answer) -> bool:
        """Have a process do it. Returns whether it gave way, and has to be begun again."""
        try:
            answer = self._performed(command, about)
        except Exception:  # whoever waits must not wait for ever
            log.exception("unexpected error while a file was read")
            answer = {"killed": True}
        with self._lock:
            gave_way = self._gives_way and not self._is_cancelled and "memory" in answer
            self._gives_way, self._process = False, None
            self.share_s *= 2 if gave_way else 1
        if not gave_way:
            self.end({"cancelled": True} if self._is_cancelled else answer)
        return gave_way

    def end(self, answer: Answer) -> None:
        """There is an answer."""
        profile = answer.get("profile", {})
        problems = [*answer.get("problems", ()), *answer.get("told", ()), *profile.get("problems", ())]
        for problem in problems:
            self._tell_problem(problem)
        self.answer = answer
        self._tell("imported", {})
        self._done.set()

    def _performed(self, command: Sequence[str], about: Answer) -> Answer:
        with self._lock:
            if self._is_cancelled:
                return {}
            process = self._process = subprocess.Popen(  # noqa: S603  # our own module
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # a traceback may quote the data
                env=_environment(),
                text=True,
            )
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self.task.timeout_s, end)
        timer.start()
        try:
            return self._followed(process, about) or self._ended(process, is_late=late.is_set())
        finally:
            timer.cancel()
            process.kill()
            process.communicate()

    def _followed(self, process: subprocess.Popen[str], about: Answer) -> Answer | None:
        """The answer of a process; None if it ended without one."""
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(about) + "\n")
            process.stdin.flush()  # it stays open: the process ends when it is closed
        for line in iter(partial(process.stdout.readline, MOST_ANSWER_BYTES), ""):
            if len(line) == MOST_ANSWER_BYTES:
                return {"long": True}
            try:
                told = json.loads(line)
            except ValueError:  # it was killed
                return None
            if "answer" in told:
                answer: Answer = told["answer"]
                self.size_bytes = len(line)
                return answer
            if "problem" in told:
                self._tell_problem(told["problem"])
            else:
                self._tell("progress", told["progress"])
        return None

    def _ended(self, process: subprocess.Popen[str], *, is_late: bool) -> Answer:
        if is_late:
            return {"late": self.task.timeout_s}
        if not (self._is_cancelled or self._gives_way):
            log.warning("a file could not be read: the process ended with %d", process.wait())
        return {"memory": True}

    def _tell_problem(self, problem: Answer) -> None:
        """Tell a problem, unless it was told when it was found, or too many were."""
        place = problem["code"], problem["values"].get("entry") or json.dumps(problem, sort_keys=True)
        if place not in self._places and len(self._places) < MOST_PROBLEMS:
            self._places.add(place)
            self._tell("problem", {"problem": problem})

    def _tell(self, type_: str, body: dict[str, Any]) -> None:
        with self._lock:
            last = self._events[-1].sequence if self._events else 0
            if self._events and self._events[-1].type == type_ == "progress":
                self._events.pop()
            sequence = max(last + 1, time.time_ns() // 1_000_000)
            self._events.append(ImportEvent(sequence, type_, {"type": type_, **body}))


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.upper() in PASSED}
