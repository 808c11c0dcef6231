"""The reader that feeds all subscriptions: what happens between a read and what it finds."""

import asyncio
import threading

from job_examples import Jobs, epoch_ended, new, opened
from quickml.http.routes.events import encode
from quickml.service import EventHub

PATIENCE_S = 60


class Gated(Jobs):
    """A store whose reads of news wait until the test lets them begin."""

    def __init__(self, database):
        super().__init__(database)
        self.asked, self.go = threading.Semaphore(0), threading.Semaphore(0)

    def news(self, after, limit=500):
        self.asked.release()
        assert self.go.acquire(timeout=PATIENCE_S)
        return super().news(after, limit)


class Failing(Jobs):
    failures = 1

    def news(self, after, limit=500):
        if self.failures:
            self.failures -= 1
            raise ZeroDivisionError("a bug")
        return super().news(after, limit)


def watched(store, scenario, capacity=1000):
    """Run a scenario with a hub on the store, whose reader runs meanwhile."""
    store.submit(new())
    attempt = store.claim()

    async def run():
        hub = EventHub(store, encode, most=10, capacity=capacity)
        reader = asyncio.create_task(hub.run())
        try:
            await scenario(hub, attempt)
        finally:
            reader.cancel()
            if isinstance(store, Gated):
                store.go.release(100)

    asyncio.run(run())


async def take(subscription, count):
    taken = []
    while len(taken) < count:
        found = await asyncio.wait_for(subscription.take(), PATIENCE_S)
        assert found, f"it was closed after {len(taken)} events"
        taken += found
    return [event.sequence for event in taken]


async def asked(store):
    assert await asyncio.to_thread(store.asked.acquire, timeout=PATIENCE_S)


def test_a_subscription_that_starts_during_a_read_misses_nothing(tmp_path):
    """The read asks for what follows the others' last event, which may be ahead of its own."""
    store = Gated(opened(tmp_path / "quickml.db"))

    async def scenario(hub, attempt):
        store.append(attempt, [epoch_ended(number) for number in range(1, 4)])
        with hub.watch(attempt.job_id) as ahead, hub.watch(attempt.job_id) as behind:
            ahead.start(after=3)
            await asked(store)  # with 3
            behind.start(after=1)
            store.append(attempt, [epoch_ended(4)])
            store.go.release(100)
            assert await take(ahead, 1) == [4]
            assert await take(behind, 3) == [2, 3, 4]

    watched(store, scenario)


def test_a_bug_does_not_end_the_reader(tmp_path, caplog):
    store = Failing(opened(tmp_path / "quickml.db"))

    async def scenario(hub, attempt):
        with hub.watch(attempt.job_id) as subscription:
            subscription.start(after=0)
            store.append(attempt, [epoch_ended(1)])
            assert await take(subscription, 1) == [1]

    watched(store, scenario)
    assert "ZeroDivisionError" in caplog.text


def test_a_burst_closes_no_subscription_that_keeps_up(tmp_path):
    """A small network has hundreds of epochs between two reads, more than a subscription may leave queued."""
    store = Jobs(opened(tmp_path / "quickml.db"))

    async def scenario(hub, attempt):
        with hub.watch(attempt.job_id) as subscription:
            subscription.start(after=0)
            store.append(attempt, [epoch_ended(number) for number in range(1, 41)])
            assert await take(subscription, 40) == list(range(1, 41))

    watched(store, scenario, capacity=10)
