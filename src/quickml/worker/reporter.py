"""Stores the events of an attempt, a few times a second."""

from __future__ import annotations

import threading
from time import monotonic
from types import TracebackType
from typing import Self

from quickml.events import EpochEnded, Event, Progress
from quickml.jobs.job import Attempt
from quickml.jobs.jobs import JobStore
from quickml.worker.patience import Patience

STORE_EVERY_S = 0.1
"""Least time between two transactions; an event after a silence is stored at once."""


class Reporter:
    """Collects an attempt's events and stores them from a thread of its own, so that training never waits.

    A small network has more epochs in a second than a database has transactions: they are stored together.
    The thread waits patiently for a database that fails. Another error in it is raised by the next call here,
    in the thread that works.
    """

    def __init__(
        self, jobs: JobStore, attempt: Attempt, *, progress_every_s: float, patience_s: float = 0.0
    ) -> None:
        self._jobs, self._attempt, self._patience = jobs, attempt, Patience(patience_s)
        self._sequence = attempt.last_event
        self._progress_every_s, self._progress_at = progress_every_s, float("-inf")
        self._waiting: list[Event] = []
        self._unconfirmed: list[Event] = []
        """Perhaps stored: a commit may succeed and its answer be lost. Sent again, unchanged and first."""
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
        if self._error is None and (self._unconfirmed or self._waiting):  # the events before the error
            self._patience(self.flush)

    def tell(self, event: Event) -> None:
        """Store an event soon. Progress is replaced by later progress and by the end of its epoch.

        Raises:
            FencedError: the attempt does not hold its job any more.
            StoreError: the database cannot be written.
        """
        self._raise()
        with self._lock:
            if isinstance(event, Progress | EpochEnded):
                self._waiting = [one for one in self._waiting if not isinstance(one, Progress)]
            self._waiting.append(event)
        self._news.set()

    def flush(self) -> None:
        """Store what waits, now. Raises as `tell` does."""
        self._raise()
        with self._turn:
            self._unconfirmed += self._taken()
            if self._unconfirmed:
                self._sequence = self._jobs.append(self._attempt, self._unconfirmed, after=self._sequence)
                self._unconfirmed = []

    def _taken(self) -> list[Event]:
        """What waits, except for progress that is not due yet."""
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
        try:
            while not self._over.wait(STORE_EVERY_S):
                self._news.wait()
                self._news.clear()
                self._patience(self.flush)
                if self._waiting:  # progress that is not due yet
                    self._news.set()
        except BaseException as error:
            self._error = error
