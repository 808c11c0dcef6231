"""What a store of jobs keeps, on every database."""

import json
import math
import threading
from collections import deque
from dataclasses import replace
from datetime import timedelta

import pytest

from job_examples import (
    BEGINNING,
    DATABASES,
    HOLDER,
    Clock,
    Jobs,
    artifact,
    epoch_ended,
    finish,
    new,
    opened,
    progress,
    started,
    to_verifying,
    trained,
    verified,
)
from quickml import events
from quickml.errors import (
    EventsLostError,
    FencedError,
    IdempotencyError,
    JobError,
    JobNotFoundError,
    QueueFullError,
    StoreError,
    TransitionError,
)
from quickml.events import RUNNING, TERMINAL, Status
from quickml.jobs import counters
from quickml.jobs.hosts import LEASE_S, SERVER, Host, Hosts, Orphan
from quickml.jobs.job import GPU, TRANSITIONS, Attempt, Limits
from quickml.jobs.seats import ANY_SEAT, Seat
from quickml.storage.database.migrations import HEAD
from quickml.storage.database.sqlite import SqliteDatabase

UNKNOWN = "job_01KG9YS7G0Q039FC6AD8V7QK6P"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=DATABASES)
def database(request, tmp_path):
    database = opened(tmp_path / "quickml.db", request.param)
    yield database
    database.close()


@pytest.fixture
def store(database, clock):
    return Jobs(database, clock)


@pytest.fixture
def hosts(database, clock):
    return Hosts(database, clock)


def release_all(hosts):
    """What a server does with the attempts of one that is dead; the jobs."""
    return [one.job_id for one in hosts.leases()[1] if hosts.release(one, "the server was restarted")]


def all_events(store):
    return {job.id: store.events(job.id) for job in store.jobs(limit=1000)}


def told(store, job_id):
    return [(event.sequence, event.type) for event in store.events(job_id)]


# Submitting and reading


def test_a_new_job_waits(store, clock):
    job, is_new = store.submit(new(document='{"a": 1}', max_seconds=5.0))
    assert is_new
    assert (job.status, job.attempt, job.last_event, job.progress) == (Status.QUEUED, 0, 0, 0.0)
    assert (job.created_at, job.updated_at, job.started_at, job.finished_at) == (
        clock.time,
        clock.time,
        None,
        None,
    )
    assert (job.document, job.max_seconds, job.epochs) == ('{"a": 1}', 5.0, 10)
    assert store.job(job.id) == job


def test_times_come_back_as_they_were(store, clock):
    clock.put_on(0.123456)
    job, _ = store.submit(new())
    assert store.job(job.id).created_at == BEGINNING + timedelta(microseconds=123456)
    assert store.job(job.id).created_at.utcoffset() == timedelta(0)


def test_ids_sort_by_submission_also_when_the_clock_stands_or_goes_back(store, clock):
    ids = []
    for seconds in (0, 0, 0, 1, -3600, 0, 7200):
        clock.put_on(seconds)
        ids.append(store.submit(new())[0].id)
    assert ids == sorted(set(ids))


def test_another_owner_finds_nothing(store):
    job, _ = store.submit(new("ada"))
    assert store.job(job.id, "ada") == job
    for call in (store.job, store.stop, store.cancel, store.delete):
        with pytest.raises(JobNotFoundError):
            call(job.id, "bob")
    assert store.job(job.id).status is Status.QUEUED


@pytest.mark.parametrize(
    "job_id", [UNKNOWN, "", "job_", "../../etc/passwd", "job_\ud800", UNKNOWN.lower(), "\0", UNKNOWN + "\n"]
)
def test_a_job_that_is_not_there(store, job_id):
    for call in (store.job, store.stop, store.cancel, store.delete):
        with pytest.raises(JobNotFoundError):
            call(job_id)


def test_jobs_newest_first_by_pages(store):
    ids = [store.submit(new(owner))[0].id for owner in ("ada", "bob", "ada", "ada")]
    assert [job.id for job in store.jobs()] == ids[::-1]
    assert [job.id for job in store.jobs(owner="ada")] == [ids[3], ids[2], ids[0]]
    assert [job.id for job in store.jobs(owner="ada", limit=2)] == [ids[3], ids[2]]
    assert [job.id for job in store.jobs(owner="ada", limit=2, before=ids[2])] == [ids[0]]
    store.cancel(ids[2])
    assert [job.id for job in store.jobs(statuses=[Status.CANCELLED])] == [ids[2]]
    store.delete(ids[2])
    assert [job.id for job in store.jobs(owner="ada", before=ids[2])] == [ids[0]]
    with pytest.raises(JobNotFoundError):
        store.jobs(before="' OR 1=1")


def test_jobs_of_a_name(store):
    named = [replace(new(owner), name=name) for owner, name in (("ada", "x"), ("ada", "y"), ("bob", "x"))]
    ids = [store.submit(one)[0].id for one in named]
    assert [job.id for job in store.jobs(name="x")] == [ids[2], ids[0]]
    assert [job.id for job in store.jobs(name="x", owner="ada", limit=1)] == [ids[0]]
    assert store.jobs(name="X") == []


def test_texts_are_kept_to_the_letter(store):
    text = json.dumps({"name": "näme\u0000'; DROP TABLE jobs; --", "emoji": "🦊"}, ensure_ascii=False)
    job, _ = store.submit(replace(new(owner="o'Brien 🦊", document=text), name='"x"; --'))
    found = store.job(job.id, "o'Brien 🦊")
    assert (found.document, found.name) == (text, '"x"; --')


# The same request again


def test_the_same_key_gives_the_first_job(store):
    first, _ = store.submit(new(key="k"))
    again, is_new = store.submit(new(key="k"), Limits(queued_per_owner=1))
    assert (again, is_new) == (first, False)
    finish(store, store.claim())
    assert store.submit(new(key="k"))[0].status is Status.READY


def test_a_key_belongs_to_an_owner(store):
    first, _ = store.submit(new("ada", key="k"))
    other, is_new = store.submit(new("bob", key="k"))
    assert is_new
    assert other.id != first.id
    assert store.submit(new("ada"))[1]
    assert store.submit(new("ada", key=""))[1]
    assert not store.submit(new("ada", key=""))[1]


def test_a_key_with_another_document_is_refused(store):
    first, _ = store.submit(new(key="k", document="1"))
    with pytest.raises(IdempotencyError) as caught:
        store.submit(new(key="k", document="2"))
    assert (caught.value.key, caught.value.job_id) == ("k", first.id)
    store.cancel(first.id)
    store.delete(first.id)
    assert store.submit(new(key="k", document="2"))[1]


# Limits


def test_an_owner_may_have_so_many_waiting(store):
    limits = Limits(queued_per_owner=2)
    for _ in range(2):
        store.submit(new("ada"), limits)
    with pytest.raises(QueueFullError) as caught:
        store.submit(new("ada"), limits)
    assert (caught.value.limit, caught.value.allowed, caught.value.found) == ("queued_per_owner", 2, 2)
    store.submit(new("bob"), limits)
    store.claim()
    store.submit(new("ada"), limits)


def test_the_queue_may_be_so_long(store):
    limits = Limits(queue_length=2)
    store.submit(new("ada"), limits)
    store.submit(new("bob"), limits)
    with pytest.raises(QueueFullError) as caught:
        store.submit(new("eve"), limits)
    assert (caught.value.limit, caught.value.allowed, caught.value.found) == ("queue_length", 2, 2)
    assert len(store.jobs()) == 2


def test_the_seats_that_jobs_could_use_are_no_more_than_their_owners_may(store):
    assert (store.waiting().count, store.waiting().seats) == (0, 0)
    for owner in ("ada", "ada", "ada", "bob"):
        store.submit(new(owner))
    store.claim()
    assert (store.waiting().count, store.waiting().seats) == (3, 4)
    assert store.waiting(Limits(running_per_owner=2)).seats == 3
    assert store.waiting(Limits(running_per_owner=1)).seats == 2


def test_an_owner_may_have_so_many_running(store):
    for owner in ("ada", "ada", "ada", "bob"):
        store.submit(new(owner))
    limits = Limits(running_per_owner=1)
    first, second = store.claim(limits), store.claim(limits)
    assert {store.job(attempt.job_id).owner for attempt in (first, second)} == {"ada", "bob"}
    assert store.claim(limits) is None
    finish(store, second)
    assert store.claim(limits) is None
    finish(store, first)
    assert store.job(store.claim(limits).job_id).owner == "ada"


# Turns


def claimed_owners(store, count):
    return [store.job(store.claim().job_id).owner for _ in range(count)]


def test_nothing_to_claim(store):
    assert store.claim() is None


def test_an_owner_with_a_hundred_jobs_delays_nobody(store):
    for _ in range(100):
        store.submit(new("ada"))
    assert claimed_owners(store, 3) == ["ada"] * 3
    for owner in ("bob", "eve", "bob"):
        store.submit(new(owner))
    assert claimed_owners(store, 6) == ["bob", "eve", "ada", "bob", "ada", "ada"]


def test_owners_take_turns_in_the_order_they_came(store):
    for owner in ("ada", "ada", "bob", "bob", "eve", "eve"):
        store.submit(new(owner))
    assert claimed_owners(store, 6) == ["ada", "bob", "eve"] * 2


def test_a_job_knows_how_many_have_their_turn_before_it(store):
    for owner in ("ada", "bob", "ada"):
        store.submit(new(owner))
    store.claim()  # so that ada's next turn is the last
    for owner in ("ada", "ada", "bob", "eve", "eve", "bob", "ada", "joe"):
        store.submit(new(owner))
    ahead = {job.id: store.ahead(job) for job in store.jobs(limit=100) if job.status is Status.QUEUED}
    in_turn = [store.claim().job_id for _ in ahead]
    assert in_turn == sorted(ahead, key=ahead.get)
    assert sorted(ahead.values()) == list(range(len(ahead)))
    assert store.ahead(store.job(in_turn[0])) == 0


@pytest.mark.parametrize("limit", [1, 2])
def test_owners_at_their_limit_are_passed_over(store, limit):
    limits = Limits(running_per_owner=limit)
    for owner in ("ada", "ada", "ada", "bob", "ada", "ada", "eve", "eve", "bob", "ada"):
        store.submit(new(owner))
    attempts = deque(filter(None, (store.claim(limits) for _ in range(3))))
    ahead = {job.id: store.ahead(job, limits) for job in store.jobs() if job.status is Status.QUEUED}
    assert sorted(ahead.values()) == list(range(len(ahead)))
    began = []
    while len(began) < len(ahead):
        finish(store, attempts.popleft())  # in the order in which they began
        while len(attempts) < 3 and (attempt := store.claim(limits)):
            began.append(attempt.job_id)
            attempts.append(attempt)
    assert began == sorted(ahead, key=ahead.get)


def test_the_next_job_waits_for_no_queued_one_if_only_its_owner_is_busy(store):
    first, second = store.submit(new("ada"))[0], store.submit(new("ada"))[0]
    bob = store.submit(new("bob"))[0]
    limits = Limits(running_per_owner=1)
    assert store.claim(limits).job_id == first.id
    assert [store.ahead(store.job(job.id), limits) for job in (second, bob)] == [1, 0]
    assert store.claim(limits).job_id == bob.id
    assert store.ahead(store.job(second.id), limits) == 0


def test_turns_of_more_owners_than_are_looked_at_one_by_one(store):
    """Those who have as many running jobs as they may, and those who had a turn, come last."""
    ids = [store.submit(new(f"owner {number:03}"))[0].id for number in reversed(range(100 + 3))]
    again = store.submit(new(f"owner {100 + 2:03}"))[0].id
    limits = Limits(running_per_owner=1)
    assert [store.claim(limits).job_id for _ in ids] == ids
    assert store.claim(limits) is None
    assert store.claim().job_id == again


def test_a_turn_is_remembered_when_the_job_is_gone(store):
    store.submit(new("ada"))
    attempt = store.claim()
    finish(store, attempt)
    store.delete(attempt.job_id)
    store.submit(new("ada"))
    store.submit(new("bob"))
    assert claimed_owners(store, 2) == ["bob", "ada"]


def test_an_owners_jobs_run_in_their_order_and_a_retry_comes_first(store):
    first, second = store.submit(new())[0], store.submit(new())[0]
    attempt = store.claim()
    assert attempt.job_id == first.id
    store.fail(attempt, "killed", retry=True)
    assert [store.claim().job_id for _ in range(2)] == [first.id, second.id]


def test_claims_from_many_threads_never_meet(store):
    for number in range(40):
        store.submit(new(f"owner {number % 3}"))
    claimed = []

    def take():
        while attempt := store.claim():
            claimed.append(attempt.job_id)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(job.id for job in store.jobs())


# An attempt


def test_an_attempt_begins(store, clock):
    job, _ = store.submit(new(document='{"a": 1}', max_seconds=9.0))
    clock.put_on()
    attempt = store.claim()
    assert attempt == Attempt(job_id=job.id, owner="ada", number=1, document='{"a": 1}', max_seconds=9.0)
    found = store.job(job.id)
    assert (found.status, found.attempt, found.started_at) == (Status.BUILDING, 1, clock.time)
    assert store.job(job.id).holder == HOLDER
    assert store.job(job.id).begun_at == clock.time


def test_a_job_from_submit_to_ready(store, clock):
    job, _ = store.submit(new())
    attempt = store.claim()
    assert store.append(attempt, [started(epochs=4)]) == 1
    store.advance(attempt, Status.TRAINING)
    assert store.append(attempt, [progress(epoch=2, step=5, epochs=4, loss=0.75)]) == 2
    found = store.job(job.id)
    assert (found.epoch, found.epochs, found.progress, found.metrics) == (2, 4, 0.375, {"loss": 0.75})
    assert store.append(attempt, [epoch_ended(2, 4, 0.5), trained(3, "early_stopping")]) == 4
    found = store.job(job.id)
    assert (found.epoch, found.epochs, found.progress) == (3, 4, 1.0)
    assert found.metrics == {"loss": 0.25, "accuracy": 1.0}
    assert found.stopped_early
    store.advance(attempt, Status.COMPILING)
    store.advance(attempt, Status.VERIFYING)
    clock.put_on()
    files = [artifact(job.id, "model.mlmodel"), artifact(job.id, "a report.html", sha256="cd" * 32)]
    store.complete(attempt, files, verified())
    found = store.job(job.id)
    assert (found.status, found.finished_at, found.last_event) == (Status.READY, clock.time, 5)
    assert store.artifacts(job.id) == files
    assert told(store, job.id) == [
        (1, "started"),
        (2, "progress"),
        (3, "epoch"),
        (4, "trained"),
        (5, "verified"),
    ]
    assert events.from_json(store.events(job.id)[1].body) == progress(epoch=2, step=5, epochs=4, loss=0.75)
    assert (job.holder, job.begun_at) == (None, None)


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_metric_that_is_no_number(store, loss):
    job, _ = store.submit(new())
    store.append(store.claim(), [progress(loss=loss)])
    assert math.isnan(store.job(job.id).metrics["loss"])


def test_progress_stays_between_nothing_and_all(store):
    job, _ = store.submit(new())
    attempt = store.claim()
    store.append(attempt, [progress(epoch=11, epochs=10)])
    assert store.job(job.id).progress == 1.0
    store.append(attempt, [progress(epoch=1, epochs=0)])
    assert 0.0 <= store.job(job.id).progress <= 1.0


def test_no_events_are_no_change(store, clock):
    store.submit(new())
    attempt = store.claim()
    before = store.job(attempt.job_id)
    clock.put_on()
    assert store.append(attempt, []) == 0
    assert store.job(attempt.job_id) == before


def test_every_step_is_legal_or_refused(store):
    store.submit(new())
    attempt = store.claim()
    status, stages = Status.BUILDING, {Status.BUILDING}
    while following := TRANSITIONS[status] & RUNNING:
        store.advance(attempt, status)  # a repeated call, whose first answer was lost
        for wanted in set(Status) - following - {status}:
            with pytest.raises(TransitionError) as caught:
                store.advance(attempt, wanted)
            assert (caught.value.status, caught.value.wanted) == (status, wanted)
            assert store.job(attempt.job_id).status is status
        (status,) = following
        store.advance(attempt, status)
        assert store.job(attempt.job_id).status is status
        stages.add(status)
    assert stages == RUNNING


def test_only_a_verifying_job_completes(store):
    job, _ = store.submit(new())
    attempt = store.claim()
    with pytest.raises(TransitionError):
        store.complete(attempt, [artifact(job.id)], verified())
    assert store.artifacts(job.id) == []
    assert told(store, job.id) == []


def test_artifacts_are_the_jobs_own_each_with_a_name(store):
    job, _ = store.submit(new())
    attempt = store.claim()
    to_verifying(store, attempt)
    for files in ([artifact(UNKNOWN)], [artifact(job.id), artifact(job.id, sha256="cd" * 32)]):
        with pytest.raises(JobError, match="expected artifacts"):
            store.complete(attempt, files, verified())
    assert store.job(job.id).status is Status.VERIFYING
    assert store.artifacts(job.id) == []


# The fence


def give_up(store, hosts, attempt, way):
    if way == "cancel":
        store.cancel(attempt.job_id)
    elif way == "retry":
        store.fail(attempt, "killed", retry=True)
    elif way == "again":
        store.fail(attempt, "killed", retry=True)
        store.claim()
    elif way == "lost host":
        release_all(hosts)
    elif way == "release":
        store.release(attempt, "drained")
    elif way == "failed":
        store.fail(attempt, "bad", retry=False)
    elif way == "ready":
        finish(store, attempt)
    elif way == "deleted":
        store.cancel(attempt.job_id)
        store.delete(attempt.job_id)


@pytest.mark.parametrize(
    "way", ["cancel", "retry", "again", "lost host", "release", "failed", "ready", "deleted", "another"]
)
def test_an_attempt_that_was_given_up_on_writes_nothing(store, hosts, way):
    store.submit(new())
    attempt = store.claim()
    if way == "another":
        attempt = replace(attempt, number=2)
    give_up(store, hosts, attempt, way)
    before = store.jobs(), all_events(store), store.referenced()
    for call in (
        lambda: store.append(attempt, [progress()]),
        lambda: store.append(attempt, []),
        lambda: store.advance(attempt, Status.TRAINING),
        lambda: store.complete(attempt, [artifact(attempt.job_id)], verified()),
        lambda: store.fail(attempt, "x", retry=True),
        lambda: store.lose(attempt, "x"),
        lambda: store.release(attempt, "x"),
        lambda: store.keep_checkpoint(attempt, "cc" * 32),
    ):
        with pytest.raises(FencedError) as caught:
            call()
        assert (caught.value.job_id, caught.value.attempt) == (attempt.job_id, attempt.number)
    assert (store.jobs(), all_events(store), store.referenced()) == before


# Failing


def test_a_fault_is_forgiven_once(store, clock):
    job, _ = store.submit(new())
    assert store.fail(store.claim(), "killed (SIGKILL)", retry=True) is Status.QUEUED
    assert store.job(job.id).error == ""
    second = store.claim()
    assert (second.number, second.last_event) == (2, 1)
    clock.put_on()
    assert store.fail(second, "out of memory", retry=True) is Status.FAILED
    found = store.job(job.id)
    assert (found.error, found.finished_at, found.failures) == ("out of memory", clock.time, 2)
    assert told(store, job.id) == [(1, "interrupted"), (2, "failed")]
    interrupted, failed = (events.from_json(event.body) for event in store.events(job.id))
    assert interrupted == events.Interrupted(time=BEGINNING, attempt=1, reason="killed (SIGKILL)")
    assert (failed.error, failed.message) == ("JobError", "out of memory")
    assert store.claim() is None


def test_a_fault_of_the_document_is_not_tried_again(store):
    job, _ = store.submit(new())
    last = events.Failed(
        error="SpecError", message="/: bad", problems=({"pointer": "", "expected": "a", "found": "b"},)
    )
    assert store.fail(store.claim(), "/: bad", retry=False, last=last) is Status.FAILED
    assert store.job(job.id).error == "/: bad"
    assert events.from_json(store.events(job.id)[0].body) == last


def test_attempts_that_were_given_back_do_not_count(store):
    job, _ = store.submit(new())
    for number in range(1, 9):
        attempt = store.claim()
        assert attempt.number == number
        store.release(attempt, "the server ends")
    found = store.job(job.id)
    assert (found.status, found.failures, found.lost) == (Status.QUEUED, 0, 0)


@pytest.mark.parametrize("way", ["lose", "lease"])
def test_attempts_that_were_lost_count_as_no_failure_but_not_for_ever(store, hosts, way):
    job, _ = store.submit(new())

    def lose():
        attempt = store.claim()
        store.lose(attempt, "killed") if way == "lose" else release_all(hosts)
        return store.job(job.id).status

    assert lose() is Status.QUEUED
    assert store.fail(store.claim(), "a bug", retry=True) is Status.QUEUED
    assert lose() is Status.QUEUED
    assert lose() is Status.FAILED
    found = store.job(job.id)
    assert (found.failures, found.lost) == (1, 3)
    assert found.error.endswith("; 3 attempts were lost without progress")
    assert [kind for _, kind in told(store, job.id)] == [*["interrupted"] * 3, "failed"]


@pytest.mark.parametrize("way", ["lose", "fail"])
def test_attempts_between_which_the_job_advanced_do_not_add_up(store, way):
    job, _ = store.submit(new())
    for epoch in range(1, 10):
        attempt = store.claim()
        store.append(attempt, [epoch_ended(epoch)])
        store.keep_checkpoint(attempt, f"{epoch:02}" * 32)
        if way == "lose":
            assert store.lose(attempt, "killed") is Status.QUEUED
        else:
            assert store.fail(attempt, "a bug", retry=True) is Status.QUEUED
    found = store.job(job.id)
    assert (found.failures, found.lost) == ((0, 1) if way == "lose" else (1, 0))


def test_a_checkpoint_of_a_training_that_began_anew_is_no_advance(store):
    """Otherwise a job whose checkpoint cannot be read would be tried for ever."""
    job, _ = store.submit(new())
    ends = []
    while not ends or ends[-1] is Status.QUEUED:
        attempt = store.claim()
        for epoch in (1, 2):
            store.append(attempt, [epoch_ended(epoch)])
            store.keep_checkpoint(attempt, f"{epoch}{attempt.number}" * 32)
        ends.append(store.lose(attempt, "killed"))
    assert ends == [Status.QUEUED, Status.QUEUED, Status.FAILED]
    assert store.job(job.id).checkpoint_progress == 0.2


def test_releasing_leases_touches_running_jobs_alone(store, hosts):
    ids = [store.submit(new())[0].id for _ in range(4)]
    ready, cancelled, running = (store.claim() for _ in range(3))
    finish(store, ready)
    store.cancel(cancelled.job_id)
    assert release_all(hosts) == [running.job_id]
    assert [store.job(job_id).status for job_id in ids] == [
        Status.READY,
        Status.CANCELLED,
        Status.QUEUED,
        Status.QUEUED,
    ]
    assert release_all(hosts) == []


def test_the_first_start_is_remembered(store, hosts, clock):
    job, _ = store.submit(new())
    store.claim()
    first = clock.time
    clock.put_on()
    release_all(hosts)
    store.claim()
    assert store.job(job.id).started_at == first


# Stopping, cancelling, deleting


def test_stopping_a_running_job_asks_its_attempt(store, hosts):
    store.submit(new())
    attempt = store.claim()
    held = attempt.job_id, attempt.number
    assert hosts.look(HOLDER).held == {held: False}
    assert store.stop(attempt.job_id).stop_requested
    assert hosts.look(HOLDER).held == {held: True}
    assert store.stop(attempt.job_id) == store.job(attempt.job_id)
    finish(store, attempt)
    assert store.stop(attempt.job_id).status is Status.READY


def test_stopping_a_job_that_never_ran_cancels_it(store):
    job, _ = store.submit(new())
    assert store.stop(job.id).status is Status.CANCELLED
    assert told(store, job.id) == [(1, "cancelled")]
    assert store.claim() is None


def test_stopping_a_job_that_waits_for_its_retry_keeps_what_it_learned(store, hosts):
    job, _ = store.submit(new())
    store.fail(store.claim(), "killed", retry=True)
    assert store.stop(job.id).status is Status.QUEUED
    store.claim()
    assert hosts.look(HOLDER).held == {(job.id, 2): True}


def test_cancelling(store, clock):
    waiting, running = store.submit(new())[0], store.submit(new("bob"))[0]
    attempts = [store.claim(), store.claim()]
    store.fail(attempts[0], "killed", retry=True)
    clock.put_on()
    for job in (waiting, running):
        found = store.cancel(job.id)
        assert (found.status, found.finished_at) == (Status.CANCELLED, clock.time)
        assert store.cancel(job.id) == store.stop(job.id) == found
    assert told(store, running.id) == [(1, "cancelled")]


def ready(store, attempt):
    finish(store, attempt)


def failed(store, attempt):
    store.fail(attempt, "broken", retry=False)


def cancelled(store, attempt):
    store.cancel(attempt.job_id)


@pytest.mark.parametrize("end", [ready, failed, cancelled])
@pytest.mark.parametrize("when", ["claim", "stop", "append", "end"])
def test_the_times_of_a_job_are_in_order_also_if_the_clock_is_set_back(store, clock, end, when):
    job, _ = store.submit(new())
    steps = {
        "claim": lambda: None,
        "stop": lambda: store.stop(job.id),
        "append": lambda: store.append(attempt, [started(), progress()]),
        "end": lambda: end(store, attempt),
    }
    attempt = None
    for name, step in steps.items():
        clock.put_on(-3600 if name == when else 1)
        if name == "claim":
            attempt = store.claim()
        step()
        found = store.job(job.id)
        times = (found.created_at, found.started_at, found.finished_at or found.updated_at)
        assert list(times) == sorted(times), name
    assert found.finished_at == found.updated_at


def test_a_finished_job_stays_as_it_is(store):
    store.submit(new())
    attempt = store.claim()
    finish(store, attempt)
    found = store.job(attempt.job_id)
    assert store.cancel(found.id) == store.stop(found.id) == found
    assert told(store, found.id) == [(1, "verified")]


def test_files_are_referred_to_until_the_last_job_that_has_them_is_deleted(store):
    attempts = []
    for _ in range(2):
        store.submit(new())
        attempts.append(store.claim())
    first, second = (attempt.job_id for attempt in attempts)
    shared, own = "aa" * 32, "bb" * 32
    finish(
        store, attempts[0], artifact(first, "a", shared), artifact(first, "b", own), artifact(first, "c", own)
    )
    finish(store, attempts[1], artifact(second, "z", shared))
    assert store.referenced() == {shared, own}
    store.delete(first)
    assert store.referenced() == {shared}
    assert (store.artifacts(first), store.events(first)) == ([], [])
    with pytest.raises(JobNotFoundError):
        store.job(first)
    store.delete(second)
    assert store.referenced() == set()
    assert store.jobs() == []


def test_an_unfinished_job_is_not_deleted(store):
    waiting, running = store.submit(new())[0], store.submit(new())[0]
    store.claim()
    for job in (waiting, running):
        with pytest.raises(TransitionError):
            store.delete(job.id)
    assert len(store.jobs()) == 2


# Watching


def test_events_by_their_number(store):
    job, _ = store.submit(new())
    attempt = store.claim()
    store.append(attempt, [progress(step=step) for step in range(1, 11)])
    assert [event.sequence for event in store.events(job.id)] == list(range(1, 11))
    assert [event.sequence for event in store.events(job.id, after=7)] == [8, 9, 10]
    assert [event.sequence for event in store.events(job.id, after=2, limit=3)] == [3, 4, 5]
    assert store.events(job.id, after=10**30) == []


def test_news_of_many_jobs_at_once(store):
    attempts = []
    for owner in ("ada", "bob", "eve"):
        store.submit(new(owner))
        attempts.append(store.claim())
    ada, bob, eve = (attempt.job_id for attempt in attempts)
    assert store.news({}) == store.news({ada: 0, bob: 0}) == {}
    for attempt, count in zip(attempts, (3, 5, 1), strict=True):
        store.append(attempt, [progress(step=step) for step in range(count)])
    found = store.news({ada: 1, bob: 0, eve: 1, UNKNOWN: 7}, limit=4)
    assert {job_id: [event.sequence for event in some] for job_id, some in found.items()} == {
        ada: [2, 3],
        bob: [1, 2, 3, 4],
        UNKNOWN: [],
    }
    assert found[ada] == store.events(ada, after=1)
    assert store.news({ada: 10**30, bob: 5}) == {}


def test_thousands_of_jobs_are_watched_at_once(store):
    job, _ = store.submit(new())
    store.append(store.claim(), [started()])
    others = {f"{UNKNOWN[:-4]}{number:04}": 0 for number in range(2500)}
    found = store.news({**others, job.id: 0})
    assert len(found) == 2501
    assert [event.type for event in found[job.id]] == ["started"]


def test_what_is_stored_already_is_not_stored_again(store):
    """A commit may succeed and its answer be lost: the call is repeated, perhaps with more events."""
    store.submit(new())
    attempt = store.claim()
    assert attempt.last_event == 0
    first, more = [started(), progress(step=1)], [progress(step=2), progress(step=3)]
    assert store.append(attempt, first, after=0) == 2
    assert store.append(attempt, first, after=0) == 2
    assert store.append(attempt, first + more, after=0) == 4
    assert store.append(attempt, more, after=2) == 4
    assert [event.body for event in store.events(attempt.job_id)] == [e.to_json() for e in first + more]
    assert store.job(attempt.job_id).progress == 0.03
    with pytest.raises(EventsLostError, match="expected events that follow number 4, found 6"):
        store.append(attempt, more, after=5)


def test_events_add_up_over_all_jobs_also_deleted_ones(store):
    assert store.counters() == {}
    for ending in ("ready", "cancelled", "ready", "failed"):
        job, _ = store.submit(new())
        attempt = store.claim()
        store.append(attempt, [trained()])
        if ending == "ready":
            finish(store, attempt)
        elif ending == "cancelled":
            store.cancel(job.id)
        else:
            store.release(attempt, "server ends")
            store.fail(store.claim(), "why", retry=False)
        store.delete(job.id)
    assert store.counters() == {
        (counters.FINISHED, "ready"): 2, (counters.FINISHED, "cancelled"): 1, (counters.FINISHED, "failed"): 1,
        (counters.INTERRUPTED, ""): 1,
        (counters.STAGE_SECONDS, "train"): 4.0, counters.bucket(events.Stage.TRAIN, 1.0): 4,
        (counters.STAGE_SECONDS, "verify"): 2.0, counters.bucket(events.Stage.VERIFY, 1.0): 2,
    }  # fmt: skip


# Hosts


def test_a_host_renews_its_lease_and_is_given_up_when_it_does_not(store, hosts, clock):
    hosts.join(Host(id=HOLDER, name="room-1", seats=2))
    job, _ = store.submit(new())
    store.claim()
    ((first,), orphans) = hosts.leases()
    assert (first.host_id, first.lease_s, orphans) == (HOLDER, LEASE_S, [])
    clock.put_on(5)
    assert not hosts.renew("host_of_another")
    assert hosts.renew(HOLDER)
    ((renewed,), _) = hosts.leases()
    assert renewed != first
    assert not hosts.give_up(first), "renewed in the last moment"
    held = Orphan(job_id=job.id, attempt=1, holder=HOLDER)
    assert not hosts.release(held, "it looked dead"), "its host lives"
    assert hosts.give_up(renewed)
    assert not hosts.give_up(renewed)
    assert hosts.leases() == ([], [held])
    assert hosts.release(held, "it looked dead")
    assert not hosts.release(held, "it looked dead")
    assert not hosts.renew(HOLDER), "it learns that it was given up"
    job = store.job(job.id)
    assert (job.status, job.failures, job.lost) == (Status.QUEUED, 0, 1)
    assert (job.holder, job.begun_at) == (None, None)


def test_a_host_that_joins_again_keeps_what_was_not_released_yet(store, hosts):
    hosts.join(Host(id=HOLDER, name="room-1"))
    job, _ = store.submit(new())
    attempt = store.claim()
    hosts.give_up(hosts.leases()[0][0])
    (orphan,) = hosts.leases()[1]
    hosts.join(Host(id=HOLDER, name="room-1"))
    assert not hosts.release(orphan, "it looked dead")
    assert hosts.look(HOLDER).held == {(job.id, 1): False}
    store.advance(attempt, Status.TRAINING)


def test_what_a_host_has_not_given_back_when_it_leaves_is_released(store, hosts):
    hosts.join(Host(id=HOLDER, name="room-1"))
    job, _ = store.submit(new())
    store.claim()
    hosts.leave(HOLDER)
    assert release_all(hosts) == [job.id]


def test_a_host_learns_what_became_of_its_attempts(store, hosts):
    attempts = [(store.submit(new()), store.claim())[1] for _ in range(4)]
    assert not hosts.look(HOLDER).is_any_queued
    store.stop(attempts[0].job_id)
    store.cancel(attempts[1].job_id)
    store.release(attempts[2], "server ends")
    assert hosts.look("host_of_another").is_any_queued
    again = store.claim(holder="host_of_another")
    assert hosts.look(HOLDER).held == {(attempts[0].job_id, 1): True, (attempts[3].job_id, 1): False}
    assert hosts.look("host_of_another").held == {(again.job_id, 2): False}


def test_operators_see_every_host_what_it_runs_and_since_when(store, hosts, clock):
    hosts.join(Host(id=HOLDER, name="room-1", seats=3, express_seats=1))
    hosts.join(Host(id="host_gone", name="a-room", kind=SERVER, seats=0))
    hosts.leave("host_gone")
    clock.put_on(3)
    job, _ = store.submit(new())
    store.claim()
    first, last = hosts.states()
    assert (first.host.name, first.free, first.gone_at, last.gone_at) == ("room-1", 2, None, BEGINNING)
    (run,) = first.runs
    assert (run.job_id, run.owner, run.status, run.begun_at) == (job.id, "ada", Status.BUILDING, clock.time)
    clock.put_on(2 * 86400)
    hosts.join(Host(id="host_new", name="room-2"))
    assert [state.host.name for state in hosts.states()] == ["room-1", "room-2"], "forgotten after a day"


def test_a_worker_of_another_release_or_on_other_tables_does_not_fit(hosts, database):
    mine = Host(id=HOLDER, name="room-1")
    assert hosts.misfit(mine) == ""
    hosts.join(Host(id="host_server", name="web", kind=SERVER, version="9.9"))
    assert "expected version 9.9, as the servers have" in hosts.misfit(mine)
    assert hosts.misfit(replace(mine, kind=SERVER)) == "", "servers are replaced one after the other"
    hosts.join(Host(id="host_other", name="web", kind=SERVER))
    assert hosts.misfit(mine) == ""
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert "found '9999'" in hosts.misfit(mine)
    with database.write() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{HEAD}'")


def test_seats_for_short_jobs_take_them_in_turn_and_leave_long_ones(store):
    def submit(owner, cost_s):
        return store.submit(replace(new(owner), cost_s=cost_s))[0].id

    long, first, second = submit("ada", 900.0), submit("ada", 5.0), submit("ada", 5.0)
    other, unknown = submit("bob", 60.0), submit("cy", None)
    taken = [store.claim(seat=Seat(most_s=60.0)) for _ in range(4)]
    assert [one and one.job_id for one in taken] == [first, other, second, None], "owners take turns"
    assert store.claim(Limits(running_per_owner=2), seat=Seat(most_s=1e9)) is None, (
        "cost unknown, or too many run"
    )
    assert {store.claim().job_id, store.claim().job_id} == {long, unknown}
    assert (store.job(long).cost_s, store.job(unknown).cost_s) == (900.0, None)


# GPUs

ON_GPU = Seat(has_gpu=True)


def claimed(store, seat, *limits):
    attempt = store.claim(*limits, seat=seat)
    return attempt and attempt.job_id


def test_seats_without_a_gpu_leave_the_jobs_that_need_one_and_take_all_others(store, hosts):
    def submit(owner="ada", **fields):
        return store.submit(replace(new(owner), **fields))[0].id

    needy = [submit(needs=GPU), submit("bob", needs=GPU, cost_s=1.0)]
    assert claimed(store, ANY_SEAT) is None
    assert (store.is_any_queued(), store.is_any_queued(ON_GPU)) == (False, True)
    assert not hosts.look(HOLDER).is_any_queued
    assert hosts.look(HOLDER, has_gpu=True).is_any_queued
    other = submit(cost_s=2.0)
    assert claimed(store, Seat(most_s=60.0)) == other, "an express seat without a GPU"
    another = submit("bob")
    assert claimed(store, ANY_SEAT) == another
    assert claimed(store, ANY_SEAT) is None
    assert [store.job(one).needs for one in (*needy, another)] == [GPU, GPU, None]


def test_seats_with_a_gpu_prefer_jobs_that_need_one_in_turn_and_take_others_when_none_waits(store, hosts):
    def submit(owner, **fields):
        return store.submit(replace(new(owner), **fields))[0].id

    hosts.join(Host(id=HOLDER, name="room", seats=3, gpus=1, gpu_seats=1, express_seats=1))
    plain = submit("ada")
    ada, more = submit("ada", needs=GPU), submit("ada", needs=GPU)
    bob = submit("bob", needs=GPU)
    assert [claimed(store, ON_GPU) for _ in range(5)] == [ada, bob, more, plain, None]


@pytest.mark.parametrize(
    "plain", [None, Host(id="host_gone", name="room"), Host(id="short", name="room", express_seats=1)]
)
def test_where_all_seats_have_a_gpu_nobody_who_needs_none_waits_for_ever(store, hosts, plain):
    def submit(owner, **fields):
        return store.submit(replace(new(owner), **fields))[0].id

    hosts.join(Host(id=HOLDER, name="room", seats=2, gpus=1, gpu_seats=2))
    if plain is not None:
        hosts.join(plain)
    hosts.leave("host_gone")
    needy = [submit("ada", needs=GPU) for _ in range(3)]
    bob = [submit("bob") for _ in range(2)]
    last = submit("ada")
    assert [claimed(store, ON_GPU) for _ in range(7)] == [
        needy[0], bob[0], needy[1], bob[1], needy[2], last, None,
    ]  # fmt: skip


def test_turns_and_limits_hold_for_jobs_of_both_kinds(store):
    limits = Limits(running_per_owner=2)
    for needs in (GPU, None, GPU, None):
        store.submit(replace(new("ada"), needs=needs))
    bob = store.submit(replace(new("bob"), needs=GPU))[0].id
    assert claimed(store, ANY_SEAT, limits)
    assert claimed(store, ON_GPU, limits) == bob, "ada had the last turn"
    assert claimed(store, ON_GPU, limits)
    assert claimed(store, ANY_SEAT, limits) is None, "ada runs two"
    assert claimed(store, ON_GPU, limits) is None


def test_a_job_that_needs_a_gpu_waits_for_others_of_its_kind(store, hosts):
    jobs = [store.submit(replace(new(), needs=needs))[0] for needs in (None, GPU, None, GPU, GPU)]
    assert [store.ahead(job) for job in jobs] == [0, 0, 1, 1, 2]
    found = store.waiting(Limits(running_per_owner=3))
    assert (found.count, found.seats, found.gpu_seats) == (5, 2, 3), "ada may run three"
    store.submit(new("bob"))
    assert store.waiting().seats == 3
    hosts.join(Host(id=HOLDER, name="room", seats=4, gpus=1, gpu_seats=2))
    claimed(store, ON_GPU)
    claimed(store, ANY_SEAT)
    (state,) = hosts.states()
    assert (state.host.gpus, state.free, state.free_gpu_seats) == (1, 2, 1)
    assert {run.needs for run in state.runs} == {GPU, None}


def test_a_job_that_has_just_left_the_queue_has_none_ahead(store):
    """The queue is looked at a moment after the job was read."""
    jobs = [store.submit(new())[0] for _ in range(3)]
    assert store.ahead(jobs[2]) == 2
    store.cancel(jobs[2].id)
    assert store.ahead(jobs[2]) == 0


def test_running_jobs_keep_their_seats_whatever_else_their_owner_has_queued(store):
    """Otherwise a machine that runs a job would be taken away for one that may not begin."""
    limits = Limits(running_per_owner=2)

    def wanted():
        found = store.waiting(limits)
        return found.seats, found.gpu_seats

    for needs in (None, None, None, GPU, GPU):
        store.submit(replace(new(), needs=needs))
    assert wanted() == (2, 2), "no job waits for ever where no machine has what the others need"
    claimed(store, ANY_SEAT)
    assert wanted() == (2, 1)
    claimed(store, ANY_SEAT)
    assert wanted() == (2, 0)
    limits = Limits(running_per_owner=1)
    assert wanted() == (2, 0), "both run, although the limit was lowered"


# Checkpoints


def test_a_checkpoint_is_handed_to_the_next_attempt(store):
    job, _ = store.submit(new())
    attempt = store.claim()
    assert attempt.checkpoint is None
    assert store.keep_checkpoint(attempt, "aa" * 32) is None
    assert store.keep_checkpoint(attempt, "bb" * 32) == "aa" * 32
    assert store.referenced() == {"bb" * 32}
    store.release(attempt, "server ends")
    assert store.referenced() == {"bb" * 32}
    with pytest.raises(FencedError):
        store.keep_checkpoint(attempt, "cc" * 32)
    again = store.claim()
    assert again.checkpoint == "bb" * 32
    finish(store, again)
    assert store.job(job.id).checkpoint is None
    assert store.referenced() == {"ab" * 32}


@pytest.mark.parametrize("ending", ["cancel", "fail"])
def test_a_job_that_ends_gives_its_checkpoint_up(store, ending):
    job, _ = store.submit(new())
    attempt = store.claim()
    store.keep_checkpoint(attempt, "aa" * 32)
    store.cancel(job.id) if ending == "cancel" else store.fail(attempt, "why", retry=False)
    assert store.referenced() == set()


def test_a_plan_is_kept_for_every_attempt(store):
    job, _ = store.submit(replace(new(), plan='{"a": 1}'))
    assert job.plan == store.job(job.id).plan == store.claim().plan == '{"a": 1}'


def test_a_file_by_content_and_name(store):
    store.submit(new("ada"))
    attempt = store.claim()
    finish(
        store,
        attempt,
        artifact(attempt.job_id, "a b.html", "aa" * 32),
        artifact(attempt.job_id, "x", "aa" * 32),
    )
    for owner in (None, "ada"):
        assert store.artifact("aa" * 32, "a b.html", owner).name == "a b.html"
        assert store.artifact("aa" * 32, None, owner).sha256 == "aa" * 32
    for sha256, name, owner in (
        ("aa" * 32, "x", "bob"), ("aa" * 32, "y", None), ("bb" * 32, "x", None), ("../x", "x", None),
        ("aa" * 32, "\ud800", None), ("aa" * 32, None, "bob"), ("bb" * 32, None, None),
    ):  # fmt: skip
        with pytest.raises(JobNotFoundError):
            store.artifact(sha256, name, owner)


def test_two_owners_may_have_the_same_file(store):
    ids = {}
    for owner in ("ada", "bob"):
        store.submit(new(owner))
        attempt = store.claim()
        ids[owner] = attempt.job_id
        finish(store, attempt)
    for owner, job_id in ids.items():
        assert store.artifact("ab" * 32, "model.mlmodel", owner).job_id == job_id


def test_counts_name_every_status(store):
    assert store.counts() == dict.fromkeys(Status, 0)
    for _ in range(3):
        store.submit(new())
    store.claim()
    assert store.counts() == {**dict.fromkeys(Status, 0), Status.QUEUED: 2, Status.BUILDING: 1}


def test_finished_jobs_go_nowhere_and_all_others_may_end():
    for status, following in TRANSITIONS.items():
        assert bool(following) == (status not in TERMINAL)
        if following:
            assert {Status.FAILED, Status.CANCELLED} <= following


# On disk alone


def test_jobs_are_there_when_opened_again(tmp_path):
    path = tmp_path / "a folder%20" / "quickml.db"
    store = Jobs(SqliteDatabase(path))
    job, _ = store.submit(new())
    assert Jobs(SqliteDatabase(path)).job(job.id) == job


def test_what_is_no_database_is_told(tmp_path):
    path = tmp_path / "quickml.db"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match=r"quickml\.db: the database cannot be used"):
        SqliteDatabase(path)
    with pytest.raises(StoreError, match="folder cannot be made"):
        SqliteDatabase(path / "quickml.db")


def test_a_transaction_that_breaks_leaves_nothing(tmp_path):
    database = SqliteDatabase(tmp_path / "quickml.db")
    store = Jobs(database)
    store.submit(new())
    attempt = store.claim()
    with pytest.raises(AttributeError):
        store.append(attempt, [progress(), "no event"])
    assert store.events(attempt.job_id) == []
    assert store.append(attempt, [progress()]) == 1
