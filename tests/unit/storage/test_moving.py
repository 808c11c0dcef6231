"""A data folder moves to PostgreSQL: everything, compared, and only if nobody uses it."""

import pytest

from job_examples import Jobs, artifact, finish, new, progress
from postgres_process import PASSWORD, emptied, needs_postgres
from quickml import composition
from quickml.errors import StoreError
from quickml.jobs.tokens import TokenStore
from quickml.settings import Settings
from quickml.storage.database.postgres import PostgresDatabase
from quickml.storage.database.sqlite import SqliteDatabase

pytestmark = needs_postgres
ODD = 'a\0b \ufdd0 é数\U0001f600 "'


@pytest.fixture
def folder(tmp_path):
    database = SqliteDatabase(tmp_path / "quickml.db")
    store = Jobs(database)
    store.submit(new(document=ODD, key=ODD))
    store.append(store.claim(), [progress(loss=float("nan"))])
    store.submit(new("bob"))
    attempt = store.claim()
    finish(store, attempt, artifact(attempt.job_id, "a b.bin"))
    store.submit(new("eve"))
    database.secret = TokenStore(database).create("ada")[1]
    yield database
    database.close()


def moved(folder, address):
    return composition.move(Settings.of(data=folder.path.parent, database=address))


def seen(database):
    store = Jobs(database)
    jobs = [(job, store.events(job.id), store.artifacts(job.id)) for job in store.jobs()]
    return repr((jobs, store.counts(), store.counters(), store.feed.changes("ada", 0, 100)))


def test_everything_moves_and_goes_on(folder):
    before, address = seen(folder), emptied()
    assert moved(folder, address) > 10
    assert not folder.path.exists()
    assert folder.path.with_name("quickml.db.moved").exists()
    database = PostgresDatabase(address)
    assert seen(database) == before
    assert TokenStore(database).verify(folder.secret)
    store = Jobs(database)
    assert store.submit(new(document=ODD, key=ODD))[1] is False
    attempt = store.claim()
    assert attempt.owner == "eve"
    assert store.append(attempt, [progress()]) == 1  # its position follows those that were moved
    database.close()


def test_what_is_there_is_not_overwritten(folder):
    address = emptied()
    database = PostgresDatabase(address)
    Jobs(database).submit(new())
    with pytest.raises(StoreError, match=r"expected an empty database, found .*1 jobs") as error:
        moved(folder, address)
    assert PASSWORD not in str(error.value)
    assert len(Jobs(database).jobs()) == 1
    assert folder.path.exists()
    database.close()


def test_a_move_that_was_cut_off_is_repeated(folder, monkeypatch):
    address = emptied()
    with monkeypatch.context() as patched:
        patched.setattr(composition, "copy", lambda *given: [copied(*given), 1 / 0])
        from quickml.storage.moving import copy as copied

        with pytest.raises(ZeroDivisionError):
            moved(folder, address)
    assert folder.path.exists()
    assert moved(folder, address) > 10


def test_a_folder_in_use_and_one_without_a_database_are_refused(folder, tmp_path):
    settings = Settings.of(data=folder.path.parent)
    with pytest.raises(StoreError, match=r"expected the address of the new database"):
        composition.move(settings)
    with composition.service(settings), pytest.raises(StoreError, match=r"expected no other server"):
        moved(folder, emptied())
    with pytest.raises(StoreError, match=r"expected a database to move, found none"):
        composition.move(Settings.of(data=tmp_path / "other", database=emptied()))
