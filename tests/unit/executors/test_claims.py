"""Claims: one look at the queue for all seats of a host."""

import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest

from job_examples import HOLDER, new, opened
from quickml.executors import claims as claiming
from quickml.executors.claims import FIRST_REST_S, LONGEST_REST_S, Claims
from quickml.jobs.job import GPU
from quickml.jobs.jobs import JobStore
from quickml.jobs.seats import Seat


class CountingStore(JobStore):
    """Counts what the database is asked, and the transactions of claims."""

    looks = transactions = 0

    def __init__(self, database):
        super().__init__(database)
        statement, write = database.statement, database.write

        def asked():
            self.looks += 1
            return statement()

        def begun(**how):
            self.transactions += how.get("lock") == "claim"
            return write(**how)

        database.statement, database.write = asked, begun


@pytest.fixture
def store(tmp_path):
    return CountingStore(opened(tmp_path / "quickml.db"))


def test_however_many_seats_are_free_the_database_is_asked_once(store):
    claims = Claims(store, lambda: HOLDER)
    for _ in range(10):
        assert claims.take() is None
    assert store.looks == 1
    store.submit(new())
    assert claims.take() is None, "nobody has said so"
    claims.offer()
    assert claims.take() is not None
    seen = store.looks
    for _ in range(10):
        assert claims.take() is None
    assert store.looks == seen + 1


def test_a_host_that_may_not_claim_takes_nothing_and_does_so_as_soon_as_it_may(store):
    may = [False]
    claims = Claims(store, lambda: HOLDER, may_claim=lambda: may[0])
    store.submit(new())
    assert claims.take() is None
    may[0] = True
    assert claims.take() is not None


def test_express_seats_take_short_jobs_only(store):
    claims, express = Claims(store, lambda: HOLDER), Seat(most_s=60.0)
    long = store.submit(replace(new(), cost_s=61.0))[0].id
    assert claims.take(express) is None
    short = store.submit(replace(new(), cost_s=60.0))[0].id
    claims.offer()
    assert claims.take(express).job_id == short
    assert claims.take().job_id == long


def test_a_job_that_waits_for_a_gpu_costs_hosts_without_one_no_transaction(store):
    claims, seat = Claims(store, lambda: HOLDER), Seat(has_gpu=True)
    job = store.submit(replace(new(), needs=GPU))[0].id
    assert claims.take() is None
    assert store.transactions == 0
    assert claims.take(seat).job_id == job
    assert claims.take(seat) is None


def test_the_storage_is_tried_only_when_a_job_waits_and_nothing_is_claimed_while_it_fails(store):
    tried = []
    claims = Claims(store, lambda: HOLDER, trouble=lambda: tried.append(1) or "the disk is full")
    assert claims.take() is None
    assert not tried
    store.submit(new())
    claims.offer()
    assert claims.take() is None
    assert (len(tried), store.looks, store.transactions) == (1, 2, 0)


def test_a_look_that_hangs_holds_up_one_seat_and_no_other(store, monkeypatch):
    monkeypatch.setattr(claiming, "TURN_S", 0.01)
    hangs, goes_on = threading.Event(), threading.Event()

    def trouble():
        hangs.set()
        goes_on.wait(60)
        return ""

    claims, taken = Claims(store, lambda: HOLDER, trouble=trouble), []
    store.submit(new())
    thread = threading.Thread(target=lambda: taken.append(claims.take()))
    thread.start()
    assert hangs.wait(60)
    assert claims.take() is None
    assert claims.take(Seat(has_gpu=True)) is None
    goes_on.set()
    thread.join()
    assert taken[0] is not None


def test_after_a_loss_jobs_are_left_to_others_for_a_while_that_grows(store, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(claiming, "time", SimpleNamespace(monotonic=lambda: now[0]))
    claims = Claims(store, lambda: HOLDER)
    for _ in range(9):
        store.submit(new())

    def taken():
        claims.offer()
        return claims.take()

    assert taken()
    for rest_s in (60.0, 120.0, 240.0):
        claims.rest()
        claims.rest()  # of another seat
        now[0] += rest_s - 1
        assert taken() is None
        now[0] += 1
        assert taken()
    now[0] += LONGEST_REST_S
    claims.rest()
    now[0] += FIRST_REST_S
    assert taken(), "it has worked for long"
