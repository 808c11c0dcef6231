"""The event streams of a server: one reader of the database feeds all subscriptions.

Everything here runs in one event loop; only reading the database happens in a thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from quickml.errors import CrowdedError, StoreError
from quickml.events import meaning
from quickml.jobs.job import Change, StoredEvent
from quickml.jobs.jobs import JobStore
from quickml.service.import_run import ImportEvent

log = logging.getLogger(__name__)

POLL_S = 0.05
"""How often the database is asked for new events of the jobs that are watched."""
PAGE = 500
"""Events of a job that are read at a time."""


@dataclass(frozen=True, slots=True)
class EncodedEvent:
    """An event as all of its subscriptions send it: the same bytes, made once."""

    sequence: int
    """Number in the job; of a change, its position."""
    is_last: bool
    content: bytes


class Subscription:
    """The events of one job, or all changes of an owner, that follow a number, in order, each once."""

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


class _Channel:
    """Subscriptions by what they are to, and the news of it."""

    def __init__(self, read: Callable[[Mapping[str, int], int], dict[str, list[EncodedEvent]]]) -> None:
        """`read` takes the last known numbers by name, and the most events of each.

        It returns those that follow; an empty list for what does not exist any more.
        """
        self._read = read
        self._by_name: dict[str, set[Subscription]] = {}

    def add(self, name: str, subscription: Subscription) -> None:
        self._by_name.setdefault(name, set()).add(subscription)

    def remove(self, name: str, subscription: Subscription) -> None:
        self._by_name[name].discard(subscription)
        if not self._by_name[name]:
            del self._by_name[name]

    def all(self) -> Iterator[Subscription]:
        return (one for subscriptions in self._by_name.values() for one in subscriptions)

    async def hand_out(self, page: int) -> bool:
        """Read what is new, and give it to the subscriptions. Whether there may be more."""
        started = {
            name: some
            for name, subscriptions in self._by_name.items()
            if (some := [one for one in subscriptions if one.last is not None and not one.is_closed])
        }
        if not started:
            return False
        known = {name: min(one.last or 0 for one in some) for name, some in started.items()}
        news = await asyncio.to_thread(self._read, known, page)
        for name, found in news.items():
            if not found:
                _close(self._by_name.get(name, ()))
            for event in found:
                for subscription in started[name]:  # one that started meanwhile may lack earlier events
                    subscription.give(event)
        return any(len(found) == page for found in news.values())


AnyEvent = StoredEvent | Change | ImportEvent


class EventHub:
    """All subscriptions. `run` is the reader, to be run as a task while there may be any.

    Each job has a sequence number of its own, and each owner one for all changes; see `jobs.feed`.
    """

    def __init__(
        self,
        jobs: JobStore,
        encode: Callable[[AnyEvent], bytes],
        *,
        most: int,
        capacity: int,
        imports: Callable[[Mapping[str, int], int], dict[str, list[ImportEvent]]] = lambda *_: {},
    ) -> None:
        """Create the hub of a server.

        Args:
            jobs: the events of jobs.
            encode: writes an event.
            most: subscriptions at once.
            capacity: queued events of a subscription.
            imports: the events of runs that read files; see `ImportRuns.news`.
        """
        self._imports = imports
        self._jobs, self._encode, self._most, self._capacity = jobs, encode, most, capacity
        self._of_jobs, self._of_owners = _Channel(self._news_of_jobs), _Channel(self._news_of_owners)
        self._of_imports = _Channel(self._news_of_imports)
        self._channels = (self._of_jobs, self._of_owners, self._of_imports)
        self._wanted = asyncio.Event()
        self._is_closed = False
        self.count = 0

    def watch(self, job_id: str, secret: str = "") -> AbstractContextManager[Subscription]:
        """A subscription to a job, which receives nothing before it is started.

        `secret` is that of the token that it needs, if any; see `check_tokens`.

        Raises:
            CrowdedError: there are too many.
        """
        return self._subscribed(self._of_jobs, job_id, secret)

    def watch_owner(self, owner: str, secret: str = "") -> AbstractContextManager[Subscription]:
        """A subscription to all changes of an owner's jobs. As `watch`."""
        return self._subscribed(self._of_owners, owner, secret)

    def watch_import(self, run_id: str, secret: str = "") -> AbstractContextManager[Subscription]:
        """A subscription to the events of a run that reads a file. As `watch`."""
        return self._subscribed(self._of_imports, run_id, secret)

    @contextmanager
    def _subscribed(self, channel: _Channel, name: str, secret: str) -> Iterator[Subscription]:
        if self.count >= self._most:
            raise CrowdedError(self._most)
        subscription = Subscription(self._capacity, secret)
        if self._is_closed:
            subscription.close()
        channel.add(name, subscription)
        self.count += 1
        self._wanted.set()
        try:
            yield subscription
        finally:
            self.count -= 1
            channel.remove(name, subscription)

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
        found = [one for channel in self._channels for one in channel.all() if one.secret]
        for secret in {one.secret for one in found}:
            if not await asyncio.to_thread(is_valid, secret):
                _close(one for one in found if one.secret == secret)

    def close(self) -> None:
        """End all subscriptions, and every later one."""
        self._is_closed = True
        for channel in self._channels:
            _close(channel.all())

    async def _read(self) -> bool:
        """Whether there may be more."""
        page = min(PAGE, self._capacity)  # whoever has taken everything before a read can queue it
        return any([await channel.hand_out(page) for channel in self._channels])

    def _news_of_jobs(self, known: Mapping[str, int], page: int) -> dict[str, list[EncodedEvent]]:
        news = self._jobs.news(known, page)
        return {job_id: [self.encoded(event) for event in found] for job_id, found in news.items()}

    def _news_of_owners(self, known: Mapping[str, int], page: int) -> dict[str, list[EncodedEvent]]:
        news = self._jobs.feed.news(known, page)
        return {owner: [self.encoded_change(change) for change in found] for owner, found in news.items()}

    def _news_of_imports(self, known: Mapping[str, int], page: int) -> dict[str, list[EncodedEvent]]:
        news = self._imports(known, page)
        return {run_id: [self.encoded_import(event) for event in found] for run_id, found in news.items()}

    def encoded_import(self, event: ImportEvent) -> EncodedEvent:
        """An event of a run as its subscriptions send it."""
        return EncodedEvent(event.sequence, event.is_last, self._encode(event))

    def encoded(self, event: StoredEvent) -> EncodedEvent:
        """An event as subscriptions to its job send it."""
        return EncodedEvent(event.sequence, meaning(event.type).is_last, self._encode(event))

    def encoded_change(self, change: Change) -> EncodedEvent:
        """A change as subscriptions to its owner send it. None is the last."""
        return EncodedEvent(change.position, False, self._encode(change))


def _close(subscriptions: Iterable[Subscription]) -> None:
    for subscription in list(subscriptions):
        subscription.close()
