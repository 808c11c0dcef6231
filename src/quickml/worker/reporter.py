"""Stores the events and the film of an attempt, a few times a second."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from time import monotonic
from types import TracebackType
from typing import Self

from quickml.events import Batches, EpochEnded, Event, Progress, Snapshot
from quickml.jobs.frames import HEAD, UNCHANGED, FilmChange
from quickml.jobs.job import Attempt
from quickml.jobs.jobs import JobStore
from quickml.worker.patience import Patience

STORE_EVERY_S = 0.1
"""Least time between two transactions; an event after a silence is stored at once."""

_REPLACED: Mapping[type, type] = {Progress: Progress, EpochEnded: Progress, Snapshot: Snapshot}
"""The type of the events that an event of a type replaces. What comes between them stays as it is."""


class Reporter:
    """Collects an attempt's events and frames and stores them from a thread of its own: training never waits.

    A small network has more epochs in a second than a database has transactions: they are stored together.
    No frame is stored later than the event that tells of it. The thread waits patiently for a database that
    fails. Another error in it is raised by the next call here, in the thread that works.
    """

    def __init__(
        self, jobs: JobStore, attempt: Attempt, *, progress_every_s: float, patience_s: float = 0.0
    ) -> None:
        self._jobs, self._attempt, self._patience = jobs, attempt, Patience(patience_s)
        self._sequence = attempt.last_event
        self._progress_every_s, self._progress_at = progress_every_s, float("-inf")
        self._waiting: list[Event] = []
        self._film = UNCHANGED
        """What waits of the film."""
        self._unconfirmed: list[Event] = []
        """Perhaps stored: a commit may succeed and its answer be lost. Sent again, unchanged and first."""
        self._unconfirmed_film = UNCHANGED
        """The same of the film. Sent again together with later changes."""
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
        if self._error is None and self._has_news:  # what was told before the error
            self._patience(self.flush)

    @property
    def _has_news(self) -> bool:
        return bool(self._unconfirmed or self._waiting or self._unconfirmed_film or self._film)

    def tell(self, event: Event) -> None:
        """Store an event soon. What waits is replaced by what says more, see `_REPLACED`.

        Raises:
            FencedError: the attempt does not hold its job any more.
            StoreError: the database cannot be written.
        """
        self._raise()
        with self._lock:
            if (replaced := _REPLACED.get(type(event))) is not None:
                self._waiting = [one for one in self._waiting if not isinstance(one, replaced)]
            self._waiting.append(event)
        self._news.set()

    # The film: a `FrameSink`

    def start(self, head: bytes) -> None:
        """A film begins, and replaces the one before. Raises as `tell` does."""
        self._change(FilmChange(head=head))

    def note(self, head: bytes) -> None:
        """The film has another head. Raises as `tell` does."""
        self._change(FilmChange(added={HEAD: head}))

    def add(self, number: int, body: bytes) -> None:
        """A frame was recorded. Raises as `tell` does."""
        self._change(FilmChange(added={number: body}))

    def drop(self, numbers: Sequence[int]) -> None:
        """Frames were dropped. Raises as `tell` does."""
        self._change(FilmChange(dropped=frozenset(numbers)))

    def _change(self, change: FilmChange) -> None:
        self._raise()
        with self._lock:
            self._film = self._film.then(change)  # an event follows, and takes it along

    # Storing

    def flush(self) -> None:
        """Store what waits, now. Raises as `tell` does."""
        self._store(alone=True)

    def _store_due(self) -> None:
        self._store(alone=False)

    def _store(self, *, alone: bool) -> None:
        self._raise()
        with self._turn:
            told, change = self._taken(alone)
            self._unconfirmed += told
            self._unconfirmed_film = self._unconfirmed_film.then(change)
            if self._unconfirmed or self._unconfirmed_film:
                self._sequence = self._jobs.append(
                    self._attempt, self._unconfirmed, after=self._sequence, film=self._unconfirmed_film
                )
                self._unconfirmed, self._unconfirmed_film = [], UNCHANGED

    def _taken(self, alone: bool) -> tuple[list[Event], FilmChange]:
        """What waits, except for progress that is not due yet.

        Frames wait for an event, unless they are to be stored `alone`.
        """
        with self._lock:
            told, self._waiting = self._waiting, []
            if (place := _last_progress(told)) is not None:
                now = monotonic()
                if now - self._progress_at < self._progress_every_s:
                    self._waiting.append(told.pop(place))
                else:
                    self._progress_at = now
            change = UNCHANGED
            if told or alone:
                change, self._film = self._film, UNCHANGED
        return told, change

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            while not self._over.wait(STORE_EVERY_S):
                self._news.wait()
                self._news.clear()
                self._patience(self._store_due)
                if self._waiting:  # progress that is not due yet
                    self._news.set()
        except BaseException as error:
            self._error = error


def _last_progress(told: Sequence[Event]) -> int | None:
    """The place of the progress at the end, behind which there is only what does not replace it."""
    for place in range(len(told) - 1, -1, -1):
        if isinstance(told[place], Progress):
            return place
        if not isinstance(told[place], Snapshot | Batches):
            return None
    return None
