"""What an attempt tells the store, a few times a second, and what the store tells it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Self

from quickml.events import EpochEnded, Event, Progress
from quickml.jobs.job import Attempt
from quickml.jobs.store import JobStore

STORE_EVERY_S = 0.1
"""The least time between two transactions; what is told after a silence is stored at once."""
ASK_EVERY_S = 0.5


class Reporter:
    """Collects an attempt's events and stores them from a thread of its own, so that training never waits.

    A small network has more epochs in a second than a database has transactions: they are stored together.
    The thread also asks whether somebody wants the job to stop, and calls `wants_stop` then. What goes wrong
    in it is raised by the next call here, in the thread that works.
    """

    def __init__(
        self, store: JobStore, attempt: Attempt, *, progress_every_s: float, wants_stop: Callable[[], None]
    ) -> None:
        self._store, self._attempt, self._wants_stop = store, attempt, wants_stop
        self._progress_every_s, self._progress_at = progress_every_s, float("-inf")
        self._waiting: list[Event] = []
        self._error: BaseException | None = None
        self._lock = threading.Lock()  # of what waits
        self._turn = threading.Lock()  # to write, so that events keep their order
        self._over, self._news = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="reporter", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._news.set()
        self._thread.join()
        if self._error is None and self._waiting:  # what was told before it broke off
            self.flush()

    def tell(self, event: Event) -> None:
        """Store an event soon. Progress gives way to what comes after it.

        Raises:
            FencedError: the attempt was given up on.
            StoreError: the store cannot be written.
        """
        self._raise()
        with self._lock:
            replaces = isinstance(event, Progress | EpochEnded)
            if replaces and self._waiting and isinstance(self._waiting[-1], Progress):
                self._waiting.pop()
            self._waiting.append(event)
        self._news.set()

    def flush(self) -> None:
        """Store what waits, now. Raises as `tell` does."""
        self._raise()
        with self._turn:
            if told := self._taken():
                self._store.append(self._attempt, told)

    def _taken(self) -> list[Event]:
        """What waits, but for progress whose time has not come."""
        with self._lock:
            told, self._waiting = self._waiting, []
            if told and isinstance(told[-1], Progress):
                now = monotonic()
                if now - self._progress_at < self._progress_every_s:
                    self._waiting.append(told.pop())
                else:
                    self._progress_at = now
        return told

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        asked_at = monotonic()
        try:
            while not self._over.wait(STORE_EVERY_S):
                if self._news.wait(ASK_EVERY_S):
                    self._news.clear()
                    self.flush()
                    if self._waiting:  # progress whose time has not come
                        self._news.set()
                if monotonic() - asked_at >= ASK_EVERY_S:
                    asked_at = monotonic()
                    if self._store.stop_requested(self._attempt):
                        self._wants_stop()
        except BaseException as error:
            self._error = error
