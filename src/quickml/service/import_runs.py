"""Reading files of users, in processes of their own with limits on memory and time, and how far that is."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from quickml.imports.places import FULL
from quickml.jobs.ids import new_id
from quickml.storage.artifacts.store import ArtifactStore

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-P", "-m", "quickml.imports")
PASSED = frozenset({
    "PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MALLOC_ARENA_MAX", "PYTHONPATH",
    "PYTHONHOME", "PYTHONUTF8", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONWARNINGS",
})  # fmt: skip
"""Environment variables that a process gets. Others may have passwords, and what it reads may be hostile."""
KEPT, KEPT_BYTES = 64, 32 << 20
"""Finished runs that are kept with their answers: the studio checks a document at every change. In memory,
an answer takes several times its length."""
MOST_ANSWER_BYTES = 16 << 20
"""Length of the longest answer that is taken of a process; to read it stops the server for a second."""
MOST_WAITING = 16
"""Slow runs of an owner that wait. The oldest makes way for another one: nobody waits for it within a
request, and whoever still needs it asks again."""
AT_ONCE = 2
"""Slow runs at once, and quick ones beside them; one of each for an owner."""
MOST_PROBLEMS = 100
"""Problems that are told as events."""
PASSING = frozenset({"disk", "cancelled", "killed"})
"""Answers that may be others the next time, once somebody was told."""

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
        self._is_cancelled = False
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

    def perform(self, command: Sequence[str], about: Answer) -> None:
        """Have a process do it."""
        try:
            answer = self._performed(command, about)
        except Exception:  # whoever waits must not wait for ever
            log.exception("unexpected error while a file was read")
            answer = {"killed": True}
        self.end({"cancelled": True} if self._is_cancelled else answer)

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
        if not self._is_cancelled:
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


class ImportRuns:
    """All runs: those that wait, those that go on, and the last finished ones. Thread-safe.

    Answers are kept by owner, so that nobody can find out by their speed what others have imported.
    """

    def __init__(
        self,
        artifacts: ArtifactStore,
        prepare: Callable[[ImportTask], AbstractContextManager[Answer]],
        is_there: Callable[[str, Pins], bool],
        discard: Callable[[str, str], None],
    ) -> None:
        """Create the runs of a server.

        Args:
            artifacts: has the files.
            prepare: gives what a process is told besides what it is asked for, until it has ended.
            is_there: whether an owner has files.
            discard: removes what was made of a file.
        """
        self._artifacts, self._prepare = artifacts, prepare
        self._is_there, self._discard = is_there, discard
        self._runs: OrderedDict[tuple[str, str], ImportRun] = OrderedDict()
        self._by_id: WeakValueDictionary[str, ImportRun] = WeakValueDictionary()
        self._waiting: deque[ImportRun] = deque()
        self._active: list[ImportRun] = []
        self._changed = threading.Condition()
        self._is_closed = False

    def start(self, task: ImportTask) -> ImportRun:
        """The run of a task: one that is there, or a new one."""
        with self._changed:
            run = self._runs.get(task.key)
            if run is None:
                run = self._runs[task.key] = ImportRun(task)
                self._by_id[run.id] = run
                self._waiting.append(run)
                self._dispatch()
            self._runs.move_to_end(task.key)
            self._make_way(task.owner)
            self._shrink()
        return run

    def _make_way(self, owner: str) -> None:
        """Give up the slow runs of an owner that wait for the longest time, of too many."""
        waiting = [one for one in self._waiting if one.task.owner == owner and one.task.is_slow]
        for run in waiting[: max(0, len(waiting) - MOST_WAITING)]:
            self._waiting.remove(run)
            self.drop(run)
            run.end({"later": True})

    def _shrink(self) -> None:
        """Forget the answers that were not asked for for the longest time."""
        count, size_bytes = 0, 0
        for key, run in list(reversed(self._runs.items())):
            if run.is_done:
                count, size_bytes = count + 1, size_bytes + run.size_bytes
                if count > KEPT or size_bytes > KEPT_BYTES:
                    del self._runs[key]

    def newest(self, owner: str, sha256: str) -> ImportRun | None:
        """The newest run that describes a file."""
        with self._changed:
            for run in reversed(self._runs.values()):
                task = run.task
                if task.owner == owner and task.pins[:1] == (sha256,) and task.asked["work"] != "rows":
                    return run
        return None

    def news(self, known: Mapping[str, int], most: int) -> dict[str, list[ImportEvent]]:
        """The events of runs by their ids after the last known ones; none of a run that is gone."""
        with self._changed:
            runs = {name: self._by_id.get(name) for name in known}
        found = {name: [] if run is None else run.events(known[name])[:most] for name, run in runs.items()}
        return {name: events for name, events in found.items() if events or runs[name] is None}

    def drop(self, run: ImportRun) -> None:
        """Have it done again the next time."""
        with self._changed:
            if self._runs.get(run.task.key) is run:
                del self._runs[run.task.key]

    def forget(self, owner: str, sha256: str) -> None:
        """Forget everything about a file of an owner; when this returns, nothing reads it any more."""
        with self._changed:
            mine = [run for run in self._runs.values() if self._is_of(run, owner, sha256)]
            for run in mine:
                del self._runs[run.task.key]
                run.cancel()
                if run in self._waiting:
                    self._waiting.remove(run)
                    run.end({"cancelled": True})
            self._changed.wait_for(lambda: not any(self._is_of(run, owner, sha256) for run in self._active))

    def close(self) -> None:
        """End all runs."""
        with self._changed:
            self._is_closed = True
            for run in [*self._waiting, *self._active]:
                run.cancel()
            self._dispatch()

    @staticmethod
    def _is_of(run: ImportRun, owner: str, sha256: str) -> bool:
        return run.task.owner == owner and sha256 in run.task.pins

    def _dispatch(self) -> None:
        """Start what may start; called with the lock."""
        if self._is_closed:
            while self._waiting:
                self._waiting.popleft().end({"cancelled": True})
        for run in list(self._waiting):
            beside = [one for one in self._active if one.task.is_slow == run.task.is_slow]
            if len(beside) < AT_ONCE and all(one.task.owner != run.task.owner for one in beside):
                self._waiting.remove(run)
                self._active.append(run)
                threading.Thread(target=self._work, args=(run,), name="import", daemon=True).start()

    def _work(self, run: ImportRun) -> None:
        task = run.task
        try:
            with ExitStack() as files:
                paths = {pin: str(files.enter_context(self._artifacts.local_path(pin))) for pin in task.pins}
                about = files.enter_context(self._prepare(task))
                run.perform(COMMAND, {"paths": paths, **task.asked, **about})
        except Exception as error:  # such as a file that was deleted a moment ago
            log.warning("a file could not be read: %s", type(error).__name__)
            is_full = isinstance(error, OSError) and error.errno in FULL
            run.end({"disk": True} if is_full else {"cancelled": True})
        finally:
            with self._changed:
                self._active.remove(run)
                is_there = self._is_there(task.owner, task.pins)
                if not is_there:  # it was deleted between the request and now
                    self.drop(run)
                    for pin in task.pins:
                        self._discard(task.owner, pin)
                self._dispatch()
                self._changed.notify_all()


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.upper() in PASSED}
