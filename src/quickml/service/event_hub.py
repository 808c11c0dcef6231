"""The event streams of a server: one reader of the database feeds all subscriptions.

Everything here runs in one event loop; only reading the database happens in a thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from quickml.errors import CrowdedError, StoreError
from quickml.events import meaning
from quickml.jobs.job import StoredEvent
from quickml.jobs.jobs import JobStore

log = logging.getLogger(__name__)

POLL_S = 0.05
"""How often the database is asked for new events of the jobs that are watched."""
PAGE = 500
"""Events of a job that are read at a time."""


@dataclass(frozen=True, slots=True)
class EncodedEvent:
    """An event as all of its subscriptions send it: the same bytes, made once."""

    sequence: int
    is_last: bool
    content: bytes


class Subscription:
    """The events of one job that follow a sequence number, in order, each once."""

    __slots__ = ("_capacity", "_last", "_waiting", "_woken", "is_closed", "secret")

    def __init__(self, capacity: int, secret: str) -> None:
        self._capacity, self.secret = capacity, secret
        self._last: int | None = None
        self._waiting: list[EncodedEvent] = []
        self._woken = asyncio.Event()
        self.is_closed = False

    @property
    def last(self) -> int | None:
        """Sequence number of the last event that was given or came before; None unless it is started."""
        return self._last

    def start(self, after: int) -> None:
        """Receive the events that follow this sequence number."""
        self._last = after

    def give(self, event: EncodedEvent) -> None:
        """Queue an event. A subscription that leaves too many queued has to be started again."""
        if self._last is None or event.sequence <= self._last or self.is_closed:
            return
        if len(self._waiting) >= self._capacity:
            self._waiting.clear()
            self._last = None
            self._woken.set()
            return
        self._last = event.sequence
        self._waiting.append(event)
        self._woken.set()

    def close(self) -> None:
        """End it: there will be no more events."""
        self.is_closed = True
        self._woken.set()

    async def take(self) -> list[EncodedEvent]:
        """All queued events, at least one; empty if it is closed or has to be started again."""
        while not self._waiting and not self.is_closed and self._last is not None:
            self._woken.clear()
            await self._woken.wait()
        taken, self._waiting = self._waiting, []
        return taken


class EventHub:
    """All subscriptions. `run` is the reader, to be run as a task while there may be any.

    Each job has a sequence number of its own. A number that counts the events of all jobs could not be used:
    on a database that lets several writers commit at once, an event may become visible after a later one.
    """

    def __init__(
        self, jobs: JobStore, encode: Callable[[StoredEvent], bytes], *, most: int, capacity: int
    ) -> None:
        """Allow `most` subscriptions, each with at most `capacity` queued events, as `encode` writes them."""
        self._jobs, self._encode, self._most, self._capacity = jobs, encode, most, capacity
        self._by_job: dict[str, set[Subscription]] = {}
        self._wanted = asyncio.Event()
        self._is_closed = False
        self.count = 0

    @contextmanager
    def watch(self, job_id: str, secret: str = "") -> Iterator[Subscription]:
        """A subscription to a job, which receives nothing before it is started.

        `secret` is that of the token that it needs, if any; see `check_tokens`.

        Raises:
            CrowdedError: there are too many.
        """
        if self.count >= self._most:
            raise CrowdedError(self._most)
        subscription = Subscription(self._capacity, secret)
        if self._is_closed:
            subscription.close()
        self._by_job.setdefault(job_id, set()).add(subscription)
        self.count += 1
        self._wanted.set()
        try:
            yield subscription
        finally:
            self.count -= 1
            self._by_job[job_id].discard(subscription)
            if not self._by_job[job_id]:
                del self._by_job[job_id]

    async def run(self) -> None:
        """Read new events, and hand them out, until cancelled."""
        while True:
            if not self.count:
                self._wanted.clear()
                await self._wanted.wait()
            try:
                is_more = await self._read()
            except StoreError as error:
                log.error("events cannot be read: %s", error)
                is_more = False
            except Exception:  # a bug must not end the streams of all jobs
                log.exception("unexpected error in the reader of events")
                is_more = False
            if not is_more:
                await asyncio.sleep(POLL_S)

    async def check_tokens(self, is_valid: Callable[[str], bool]) -> None:
        """Close the subscriptions whose token is not valid any more."""
        found = [one for subscriptions in self._by_job.values() for one in subscriptions if one.secret]
        for secret in {one.secret for one in found}:
            if not await asyncio.to_thread(is_valid, secret):
                _close(one for one in found if one.secret == secret)

    def close(self) -> None:
        """End all subscriptions, and every later one."""
        self._is_closed = True
        for subscriptions in self._by_job.values():
            _close(subscriptions)

    async def _read(self) -> bool:
        """Whether there may be more."""
        started = {
            job_id: some
            for job_id, subscriptions in self._by_job.items()
            if (some := [one for one in subscriptions if one.last is not None and not one.is_closed])
        }
        if not started:
            return False
        known = {job_id: min(one.last or 0 for one in some) for job_id, some in started.items()}
        page = min(PAGE, self._capacity)  # whoever has taken everything before a read can queue it
        news = await asyncio.to_thread(self._jobs.news, known, page)
        for job_id, found in news.items():
            if not found:
                _close(self._by_job.get(job_id, ()))  # the job was deleted
            for event in found:
                encoded = self.encoded(event)
                for subscription in started[job_id]:  # one that started meanwhile may lack earlier events
                    subscription.give(encoded)
        return any(len(found) == page for found in news.values())

    def encoded(self, event: StoredEvent) -> EncodedEvent:
        """An event as subscriptions send it."""
        return EncodedEvent(event.sequence, meaning(event.type).is_last, self._encode(event))


def _close(subscriptions: Iterable[Subscription]) -> None:
    for subscription in subscriptions:
        subscription.close()
