"""All changes of an owner's jobs in one order."""

import threading
from datetime import timedelta

import pytest

from job_examples import BEGINNING, DATABASES, Clock, Jobs, epoch_ended, finish, new, opened, started


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=DATABASES)
def store(tmp_path, clock, request):
    database = opened(tmp_path / "quickml.db", request.param)
    yield Jobs(database, clock)
    database.close()


def told(store, owner="ada", after=0):
    return [(change.job_id, change.sequence, change.type) for change in store.feed.changes(owner, after, 100)]


def positions(store, owner="ada"):
    return [change.position for change in store.feed.changes(owner, 0, 10**6)]


def test_events_of_all_jobs_are_in_one_order(store):
    first, second = store.submit(new())[0].id, store.submit(new())[0].id
    attempt, other = store.claim(), store.claim()
    store.append(attempt, [started()])
    store.append(other, [started(), epoch_ended(1)])
    store.append(attempt, [epoch_ended(1)])
    assert told(store) == [
        (first, 0, "submitted"),
        (second, 0, "submitted"),
        (first, 1, "started"),
        (second, 1, "started"),
        (second, 2, "epoch"),
        (first, 2, "epoch"),
    ]
    assert positions(store) == [1, 2, 3, 4, 5, 6]
    assert store.feed.position("ada") == 6
    assert told(store, after=4) == told(store)[4:]
    assert told(store, after=10**30) == []
    assert [event.sequence for event in store.events(first)] == [1, 2], "marks are no events of the job"


def test_owners_have_positions_of_their_own(store):
    job = store.submit(new("ada"))[0]
    store.submit(new("bob"))
    store.cancel(job.id)
    assert (positions(store, "ada"), positions(store, "bob")) == ([1, 2], [1])
    assert told(store, "eve") == []
    assert store.feed.position("eve") == 0
    assert store.feed.news({"ada": 1, "bob": 1, "eve": 0}, 10).keys() == {"ada"}


def test_a_job_that_is_submitted_again_with_its_key_is_no_change(store):
    for _ in range(2):
        store.submit(new(key="k"))
    assert positions(store) == [1]


def test_a_deletion_takes_the_events_and_leaves_a_mark(store, clock):
    job_id = store.submit(new())[0].id
    finish(store, store.claim())
    store.delete(job_id)
    assert told(store) == [(job_id, -1, "deleted")]
    (change,) = store.feed.changes("ada", 0, 10)
    assert change.position == 3 == store.feed.position("ada")
    assert change.body == BEGINNING.isoformat(timespec="microseconds")
    store.feed.forget_deletions(clock())
    assert told(store), "it is not older than that"
    store.feed.forget_deletions(clock() + timedelta(seconds=1))
    assert told(store) == []
    store.submit(new())
    assert positions(store) == [4], "no position is given twice"


def test_writers_beside_each_other_leave_no_gap(store):
    """A reader that goes on from the last position it saw, while others write, misses nothing."""
    for _ in range(3):
        store.submit(new())
    attempts = [store.claim() for _ in range(3)]
    seen, writing = [], True

    def write(attempt):
        for number in range(1, 21):
            store.append(attempt, [epoch_ended(number)], after=number - 1)

    def read():
        last = 0
        while True:
            is_last_look = not writing
            for change in store.feed.news({"ada": last}, 7).get("ada", ()):
                seen.append(change.position)
                last = change.position
            if is_last_look and last == store.feed.position("ada"):
                return

    threads = [threading.Thread(target=write, args=(attempt,)) for attempt in attempts]
    reader = threading.Thread(target=read)
    for thread in (*threads, reader):
        thread.start()
    for thread in threads:
        thread.join()
    writing = False
    reader.join(60)
    assert seen == list(range(1, 3 + 60 + 1))
