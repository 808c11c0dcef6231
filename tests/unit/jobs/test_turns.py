"""The first waiting job of each owner, which a claim goes by, is right whatever happens at once."""

import threading
from contextlib import suppress
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from job_examples import DATABASES, Jobs, new, opened
from quickml.errors import FencedError
from quickml.events import Status
from quickml.jobs.job import GPU
from quickml.jobs.seats import ANY_SEAT, Seat
from quickml.storage.database.tables import jobs, turns


@pytest.fixture(params=DATABASES)
def database(tmp_path, request):
    database = opened(tmp_path / "quickml.db", request.param)
    yield database
    database.close()


def expected(database, needs=None):
    is_so = (jobs.c.status == Status.QUEUED, jobs.c.needs.is_not_distinct_from(needs))
    first = select(jobs.c.owner, func.min(jobs.c.id)).where(*is_so)
    column = turns.c.waiting if needs is None else turns.c.waiting_gpu
    kept = select(turns.c.owner, column).where(column.is_not(None))
    with database.read() as connection:
        right = dict(connection.execute(first.group_by(jobs.c.owner)).all())
        assert dict(connection.execute(kept).all()) == right
    return right


def test_the_first_job_that_waits_through_all_that_happens_to_jobs(database):
    store = Jobs(database)
    first, second, third = (store.submit(new())[0].id for _ in range(3))
    assert expected(database) == {"ada": first}
    store.cancel(first)
    assert expected(database) == {"ada": second}
    attempt = store.claim()
    assert expected(database) == {"ada": third}
    store.lose(attempt, "x")
    assert expected(database) == {"ada": second}
    store.stop(second)
    assert expected(database) == {"ada": second}  # it goes on from its checkpoint
    store.fail(store.claim(), "x", retry=True)
    store.release(store.claim(), "x")
    assert expected(database) == {"ada": second}
    store.cancel(second)
    store.cancel(third)
    assert expected(database) == {}


def test_an_owner_who_submits_cancels_and_is_claimed_for_at_once(database):
    store, trouble = Jobs(database), []
    for _ in range(8):
        store.submit(new())

    def watched(work):
        try:
            for _ in range(6):
                work()
        except Exception as error:  # shown by the assertion
            trouble.append(error)

    def cancel():
        for job in store.jobs(statuses=[Status.QUEUED], limit=1):
            store.cancel(job.id)

    def claim(seat=ANY_SEAT):
        if (attempt := store.claim(seat=seat)) is not None:
            with suppress(FencedError):  # it was cancelled
                store.release(attempt, "x")

    on_gpu = Seat(has_gpu=True)
    works = [lambda: store.submit(new()), lambda: store.submit(new("bob")), cancel, claim, claim]
    works += [lambda: store.submit(replace(new(), needs=GPU)), lambda: claim(on_gpu)]
    threads = [threading.Thread(target=watched, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []
    expected(database, GPU)
    left = sum(1 for job in store.jobs(limit=100) if job.status is Status.QUEUED)
    assert expected(database)
    assert sum(store.claim(seat=on_gpu) is not None for _ in range(left)) == left
    assert store.claim(seat=on_gpu) is None
    assert expected(database) == expected(database, GPU) == {}
