"""Films in the store of jobs, on every database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_examples import DATABASES, Jobs, finish, new, opened, to_verifying, verified
from quickml.errors import FencedError, JobNotFoundError, StoreError
from quickml.jobs import jobs as jobs_module
from quickml.jobs.frames import HEAD, PAGE, PAGE_BYTES, UNCHANGED, FilmChange
from quickml.storage.database.tables import frames


@pytest.fixture(params=DATABASES)
def database(request, tmp_path):
    database = opened(tmp_path / "quickml.db", request.param)
    yield database
    database.close()


@pytest.fixture
def store(database):
    return Jobs(database)


@pytest.fixture
def attempt(store):
    store.submit(new())
    return store.claim()


def change(*added, head=None, dropped=()):
    return FilmChange(
        head=head, added={number: b"body %d" % number for number in added}, dropped=frozenset(dropped)
    )


def rows(database):
    with database.read() as connection:
        return sorted(map(tuple, connection.execute(frames.select())))


def test_a_film_by_pages(store, attempt):
    found = store.frames(attempt.job_id)
    assert (found.job.id, found.head, found.frames) == (attempt.job_id, None, {})
    numbers = [7 * place for place in range(PAGE + 3)]
    store.append(attempt, [], film=change(*numbers, head=b"head"))
    first = store.frames(attempt.job_id)
    assert (first.head, list(first.frames)) == (b"head", numbers[:PAGE])
    assert first.frames[14] == b"body 14"
    assert list(store.frames(attempt.job_id, after=numbers[PAGE - 1]).frames) == numbers[PAGE:]
    for after in (numbers[-1], 2**63 - 1, 2**70):
        assert store.frames(attempt.job_id, after=after).frames == {}
    assert list(store.frames(attempt.job_id, after=-5).frames) == numbers[:PAGE]  # never the head


def test_a_page_of_large_frames_is_shorter(store, attempt):
    added = {number: bytes(PAGE_BYTES // 2) for number in range(3)} | {3: bytes(2 * PAGE_BYTES)}
    store.append(attempt, [], film=FilmChange(head=b"head", added=added))
    assert [list(store.frames(attempt.job_id, after=after).frames) for after in (-1, 1, 2, 3)] == [
        *([0, 1], [2, 3], [3], [])
    ]


def test_numbers_may_be_larger_than_32_bits(store, attempt):
    store.append(attempt, [], film=change(2**40, head=b"head"))
    assert list(store.frames(attempt.job_id, after=2**39).frames) == [2**40]


def test_frames_come_and_go(store, attempt):
    store.append(attempt, [], film=change(0, 1, 2, 3, head=b"head"))
    store.append(attempt, [], film=change(4, dropped=(1, 3)))
    assert list(store.frames(attempt.job_id).frames) == [0, 2, 4]
    store.append(attempt, [], film=change(dropped=range(2000)))
    assert (store.frames(attempt.job_id).head, store.frames(attempt.job_id).frames) == (b"head", {})


def test_a_new_film_replaces_the_old_one(store, attempt):
    store.append(attempt, [], film=change(0, 1, 2, head=b"old"))
    store.append(attempt, [], film=change(1, head=b"new"))
    found = store.frames(attempt.job_id)
    assert (found.head, found.frames) == (b"new", {1: b"body 1"})


CHANGES = st.builds(
    FilmChange,
    head=st.sampled_from([None, None, None, b"a", b"b"]),
    added=st.dictionaries(st.integers(HEAD, 6), st.binary(max_size=2), max_size=4),
    dropped=st.frozensets(st.integers(0, 6), max_size=4),
).map(lambda made: FilmChange(head=made.head, added=made.added, dropped=made.dropped - made.added.keys()))


def applied(film, made):
    """What a change makes of a film, which is a dictionary with its head as number -1."""
    film = dict(film) if made.head is None else {HEAD: made.head}
    return {number: body for number, body in film.items() if number not in made.dropped} | dict(made.added)


@given(st.lists(CHANGES, max_size=5))
def test_changes_together_are_the_same_as_one_after_the_other_also_when_repeated(changes):
    one_by_one, together = {HEAD: b"first", 3: b"x"}, UNCHANGED
    first = one_by_one
    for made in changes:
        one_by_one, together = applied(one_by_one, made), together.then(made)
    assert applied(first, together) == applied(applied(first, together), together) == one_by_one


def test_changes_are_stored_as_they_are_meant(store, attempt, database):
    film = {}
    steps = [
        change(0, 1, head=b"a"), change(2, dropped=(1,)), change(2, 3), change(0, head=b"b"), change(dropped=(0, 9)),
        change(4, HEAD), change(5, HEAD, head=b"c"),
    ]  # fmt: skip
    for made in steps:
        film = applied(film, made)
        for _ in "ab":  # a commit may succeed and its answer be lost
            store.append(attempt, [], film=made)
        assert rows(database) == [(attempt.job_id, number, body) for number, body in sorted(film.items())]


def test_an_attempt_that_was_given_up_on_changes_no_film(store, attempt, database):
    store.append(attempt, [], film=change(0, head=b"head"))
    store.release(attempt, "the server ends")
    second = store.claim()
    with pytest.raises(FencedError):
        store.append(attempt, [], film=change(1, head=b"late"))
    assert store.frames(attempt.job_id).frames == {0: b"body 0"}  # visible until the next attempt has its own
    store.append(second, [], film=change(0, 5, head=b"again"))
    assert [row[1] for row in rows(database)] == [HEAD, 0, 5]


def test_the_rows_of_a_ready_job_are_gone_and_no_others(store, database):
    attempts = []
    for owner in ("ada", "bob"):
        store.submit(new(owner))
        attempts.append(store.claim())
        store.append(attempts[-1], [], film=change(0, 1, head=b"head"))
    finish(store, attempts[0])
    assert {row[0] for row in rows(database)} == {attempts[1].job_id}
    assert store.frames(attempts[0].job_id).head is None


def test_the_film_is_still_there_if_the_job_does_not_become_ready(store, attempt, database, monkeypatch):
    store.append(attempt, [], film=change(0, head=b"head"))
    to_verifying(store, attempt)

    def broken(*_):
        raise StoreError("the disk is full")

    with monkeypatch.context() as patched, pytest.raises(StoreError):
        patched.setattr(jobs_module, "write", broken)
        store.complete(attempt, (), verified())
    assert len(rows(database)) == 2
    store.complete(attempt, (), verified())
    assert rows(database) == []


@pytest.mark.parametrize("ending", ["fail", "cancel"])
def test_the_film_of_a_job_that_ends_otherwise_is_kept_as_long_as_the_job(store, attempt, database, ending):
    store.append(attempt, [], film=change(0, head=b"head"))
    if ending == "fail":
        store.fail(attempt, "no memory", retry=False)
    else:
        store.cancel(attempt.job_id)
    assert list(store.frames(attempt.job_id).frames) == [0]
    store.delete(attempt.job_id)
    assert rows(database) == []


def test_the_film_of_another_owner_is_not_there(store, attempt):
    store.append(attempt, [], film=change(0, head=b"head"))
    assert store.frames(attempt.job_id, "ada").head == b"head"
    for job_id, owner in ((attempt.job_id, "bob"), ("job_01KG9YS7G0Q039FC6AD8V7QK6P", "ada"), ("x", "ada")):
        with pytest.raises(JobNotFoundError):
            store.frames(job_id, owner)
