"""Which files of users are read when: a few at once, the owners in turn; and what came of it."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from weakref import WeakValueDictionary

from quickml.imports.places import FULL
from quickml.service.import_run import Answer, ImportEvent, ImportRun, ImportTask, Pins
from quickml.storage.artifacts.store import ArtifactStore

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-P", "-m", "quickml.imports")
KEPT, KEPT_BYTES = 64, 32 << 20
"""Finished runs that are kept with their answers: the studio checks a document at every change. In memory,
an answer takes several times its length."""
MOST_WAITING = 16
"""Slow runs of an owner that wait. The oldest makes way for another one: nobody waits for it within a
request, and whoever still needs it asks again."""
AT_ONCE = 2
"""Slow runs at once, and quick ones beside them; one of each for an owner."""
PASSING = frozenset({"disk", "cancelled", "killed"})
"""Answers that may be others the next time, once somebody was told."""


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
        self._spent_s: dict[str, float] = {}
        """How long slow runs of owners went on who have others that wait."""
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
                self._share()
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
        for run in sorted(self._waiting, key=lambda one: self._spent_s.get(one.task.owner, 0.0)):
            beside = [one for one in self._active if one.task.is_slow == run.task.is_slow]
            if len(beside) < AT_ONCE and all(one.task.owner != run.task.owner for one in beside):
                self._waiting.remove(run)
                self._active.append(run)
                run.began = time.monotonic()
                threading.Thread(target=self._work, args=(run,), name="import", daemon=True).start()

    def _share(self) -> None:
        """Have a slow run give way that has had its share, if another owner waits."""
        with self._changed:
            slow = [run for run in self._active if run.task.is_slow]
            waiting = {run.task.owner for run in self._waiting if run.task.is_slow}
            if len(slow) == AT_ONCE and waiting - {run.task.owner for run in slow}:
                served = [run for run in slow if run.has_had_its_share]
                for run in sorted(served, key=lambda run: run.began)[:1]:
                    run.give_way()

    def _work(self, run: ImportRun) -> None:
        task, gave_way = run.task, False
        timer = threading.Timer(run.share_s, self._share)
        timer.daemon = True
        if task.is_slow:
            timer.start()
        try:
            with ExitStack() as files:
                paths = {pin: str(files.enter_context(self._artifacts.local_path(pin))) for pin in task.pins}
                about = files.enter_context(self._prepare(task))
                gave_way = run.perform(COMMAND, {"paths": paths, **task.asked, **about})
        except Exception as error:  # such as a file that was deleted a moment ago
            log.warning("a file could not be read: %s", type(error).__name__)
            is_full = isinstance(error, OSError) and error.errno in FULL
            run.end({"disk": True} if is_full else {"cancelled": True})
        finally:
            timer.cancel()
            with self._changed:
                self._active.remove(run)
                if gave_way:
                    self._waiting.append(run)
                self._count(run)
                is_there = self._is_there(task.owner, task.pins)
                if not is_there:  # it was deleted between the request and now
                    self.drop(run)
                    for pin in task.pins:
                        self._discard(task.owner, pin)
                self._dispatch()
                self._changed.notify_all()

    def _count(self, run: ImportRun) -> None:
        """Note how long a run went on. Who has nothing that waits begins anew."""
        owner, waiting = run.task.owner, {one.task.owner for one in self._waiting}
        if run.task.is_slow:
            self._spent_s[owner] = self._spent_s.get(owner, 0.0) + time.monotonic() - run.began
        self._spent_s = {name: spent for name, spent in self._spent_s.items() if name in waiting}
