"""Many watchers of jobs, and one reader of the database that feeds them all.

Everything here runs in one event loop; only reading the store happens in a thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from quickml.errors import CrowdedError, StoreError
from quickml.events import meaning
from quickml.jobs.job import StoredEvent
from quickml.jobs.store import JobStore

log = logging.getLogger(__name__)

NEWS_EVERY_S = 0.05
"""How often the store is asked for news while somebody watches."""
IDLE_EVERY_S = 1.0
"""And while nobody does: what is told is counted all the same."""
PAGE = 500
"""Events that are read at a time."""


@dataclass(frozen=True, slots=True)
class EncodedEvent:
    """An event as all of its watchers are sent it: the same bytes, made once."""

    sequence: int
    is_last: bool
    content: bytes


class Subscription:
    """The events of one job from a moment on, in order; some may come twice, after older ones."""

    __slots__ = ("_capacity", "_waiting", "_woken", "is_closed")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._waiting: list[EncodedEvent] = []
        self._woken = asyncio.Event()
        self.is_closed = False

    def tell(self, told: EncodedEvent) -> None:
        """Have it wait to be taken; a watcher that leaves too many waiting is cut off."""
        if len(self._waiting) >= self._capacity:
            self._waiting.clear()  # it comes back with the last it has seen; what waits here is only memory
            self.close()
        elif not self.is_closed:
            self._waiting.append(told)
            self._woken.set()

    def close(self) -> None:
        """There will be no more."""
        self.is_closed = True
        self._woken.set()

    async def take(self) -> list[EncodedEvent]:
        """All that waits, and at least one; nothing when there will be none any more."""
        while not self._waiting and not self.is_closed:
            self._woken.clear()
            await self._woken.wait()
        taken, self._waiting = self._waiting, []
        return taken


class EventHub:
    """All watchers. `run` is the reader, to be run as a task for as long as there may be any."""

    def __init__(
        self, store: JobStore, encode: Callable[[StoredEvent], bytes], *, most: int, capacity: int
    ) -> None:
        """Take `most` watchers, each with at most `capacity` events waiting, sent as `encode` writes them."""
        self._store, self._encode, self._most, self._capacity = store, encode, most, capacity
        self._by_job: dict[str, set[Subscription]] = {}
        self._listeners: list[Callable[[StoredEvent], None]] = []
        self._position = 0
        self._reads, self._wanted = asyncio.Event(), asyncio.Event()
        self._is_closed = False
        self.count = 0

    def listen(self, listener: Callable[[StoredEvent], None]) -> None:
        """Call `listener` with every event of every job from now on."""
        self._listeners.append(listener)

    @contextmanager
    def watch(self, job_id: str) -> Iterator[Subscription]:
        """A watcher of a job. Await `reading` first, and read what was told before inside.

        Raises:
            CrowdedError: there are too many.
        """
        if self.count >= self._most:
            raise CrowdedError(self._most)
        watcher = Subscription(self._capacity)
        if self._is_closed:
            watcher.close()
        self._by_job.setdefault(job_id, set()).add(watcher)
        self.count += 1
        self._wanted.set()
        try:
            yield watcher
        finally:
            self.count -= 1
            self._by_job[job_id].discard(watcher)
            if not self._by_job[job_id]:
                del self._by_job[job_id]

    async def reading(self) -> None:
        """Wait until the reader has begun: whatever is told from then on reaches every watcher."""
        await self._reads.wait()

    async def run(self) -> None:
        """Read what is new, and pass it on, until cancelled."""
        while True:
            try:
                is_more = await self._read()
            except StoreError as error:
                log.error("events cannot be read: %s", error)
                is_more = False
            if not is_more:
                await self._pause()

    def drop(self, job_id: str) -> None:
        """End all watchers of a job that was removed: its last event may be gone before it was read."""
        for watcher in self._by_job.get(job_id, ()):
            watcher.close()

    def close(self) -> None:
        """End all watchers, and every one that comes."""
        self._is_closed = True
        for job_id in self._by_job:
            self.drop(job_id)

    async def _read(self) -> bool:
        """Whether there may be more."""
        if not self._reads.is_set():
            self._position = await asyncio.to_thread(self._store.position)
            self._reads.set()
        news = await asyncio.to_thread(self._store.news, self._position, PAGE)
        for event in news:
            self._position = event.position
            self._pass_on(event)
        return len(news) == PAGE

    async def _pause(self) -> None:
        if self.count:
            await asyncio.sleep(NEWS_EVERY_S)
            return
        self._wanted.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wanted.wait(), IDLE_EVERY_S)

    def _pass_on(self, event: StoredEvent) -> None:
        for listener in self._listeners:
            listener(event)
        watchers = self._by_job.get(event.job_id)
        if watchers:
            told = self.told(event)
            for watcher in watchers:
                watcher.tell(told)

    def told(self, event: StoredEvent) -> EncodedEvent:
        """An event as watchers are sent it."""
        return EncodedEvent(event.sequence, meaning(event.type).is_last, self._encode(event))
