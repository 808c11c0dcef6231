"""Jobs that were kept for long enough are found by an index, however many there are, and lose their files."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event, text

from job_examples import DATABASES, Clock, Jobs, artifact, finish, new, opened
from quickml.errors import FilesDeletedError, JobNotFoundError
from quickml.jobs.finished import FinishedJobs
from quickml.jobs.owners import FOREVER, Keeping, OwnerStore

SHA256 = "cd" * 32
DAY = Keeping(keep_jobs_s=86400.0, keep_files_s=86400.0)


@pytest.fixture(params=DATABASES)
def database(tmp_path, request):
    database = opened(tmp_path / "quickml.db", request.param)
    yield database
    database.close()


class Site:
    def __init__(self, database):
        self.clock, self.database = Clock(), database
        self.store, self.done = Jobs(database, self.clock), FinishedJobs(database)
        self.owners = OwnerStore(database)

    def ready(self, owner="ada", *names):
        job, _ = self.store.submit(new(owner))
        files = [artifact(job.id, name, SHA256) for name in names or ("model.mlmodel", "report.json")]
        finish(self.store, self.store.claim(), *files)
        self.clock.put_on()
        return job.id

    def after(self, seconds):
        return self.clock() + timedelta(seconds=seconds)


@pytest.fixture
def site(database):
    return Site(database)


def plan_of(database, call):
    """How the database does what a call asks of it."""
    asked = []

    @event.listens_for(database._engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, parameters, *_):
        if "FROM jobs" in statement:
            asked.append((statement, parameters))

    found = call()
    event.remove(database._engine, "before_cursor_execute", note)
    ((statement, parameters),) = asked
    explain = "EXPLAIN QUERY PLAN" if database._engine.dialect.name == "sqlite" else "EXPLAIN"
    with database.read() as connection:
        if explain == "EXPLAIN":
            for way in ("seqscan", "bitmapscan"):  # which it prefers while there are few rows
                connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        rows = connection.exec_driver_sql(f"{explain} {statement}", parameters).all()
    return found, "\n".join(str(row[-1]) for row in rows)


def make_again(database, *names):
    """Of two indexes that it thinks equally good, SQLite chooses by the order in which they were made."""
    with database.write() as connection:
        for name in names:
            asked = {"name": name}
            made = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = :name"), asked)
            connection.execute(text(f"DROP INDEX {name}"))
            connection.execute(text(made))


@pytest.mark.parametrize("made", [("jobs_by_end", "jobs_with_files"), ("jobs_with_files", "jobs_by_end")])
@pytest.mark.parametrize(("due", "index"), [("jobs_due", "jobs_by_end"), ("files_due", "jobs_with_files")])
def test_those_that_are_due_are_found_by_an_index_in_their_order(site, due, index, made):
    if site.database._engine.dialect.name == "sqlite":
        make_again(site.database, *made)
    ids = [site.ready() for _ in range(3)]
    site.store.submit(new())
    find = getattr(site.done, due)
    found, plan = plan_of(site.database, lambda: find(DAY, site.after(86400.0), 2))
    assert found == ids[:2]
    assert find(DAY, site.after(86400.0 - 2), 9) == ids[:1]
    assert index in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


def test_each_owner_has_its_own_time(site):
    ada, bob, eve, joe = (site.ready(owner) for owner in ("ada", "bob", "eve", "joe"))
    site.owners.keep("bob", {"keep_jobs_s": 60.0})
    site.owners.keep("eve", {"keep_jobs_s": FOREVER, "keep_files_s": 10.0})
    site.owners.keep("joe", {"keep_jobs_s": 60.0})

    def due(what, seconds, others=DAY, limit=9):
        return getattr(site.done, what)(others, site.after(seconds), limit)

    assert due("jobs_due", 30) == []
    assert due("jobs_due", 61) == [bob, joe]
    assert due("jobs_due", 86401) == [ada, bob, joe]
    assert due("jobs_due", 86401, limit=2) == [ada, bob]
    assert due("jobs_due", 86401, others=Keeping()) == [bob, joe]
    assert due("files_due", 11) == [eve]
    assert set(due("files_due", 86401)) == {ada, bob, eve, joe}
    site.owners.keep("eve", {"keep_jobs_s": None, "keep_files_s": None})
    assert due("files_due", 11) == []


def test_deleted_files_are_remembered_until_their_job_is_deleted(site):
    job_id = site.ready()
    other = site.ready("bob")
    assert site.done.delete_files(job_id, ("report.json",))
    assert not site.done.delete_files(job_id, ())
    assert [file.name for file in site.store.artifacts(job_id)] == ["report.json"]
    assert site.store.job(job_id).files_deleted_at is not None
    with pytest.raises(FilesDeletedError) as raised:
        site.store.artifact(SHA256, "model.mlmodel", "ada")
    assert (raised.value.job_id, raised.value.deleted_at) == (job_id, site.store.job(job_id).files_deleted_at)
    with pytest.raises(JobNotFoundError):
        site.store.artifact(SHA256, "other.mlmodel", "ada")
    assert site.store.artifact(SHA256, "model.mlmodel").job_id == other
    assert site.store.names(job_id, SHA256) == {"model.mlmodel", "report.json"}
    site.store.delete(job_id)
    with pytest.raises(JobNotFoundError):
        site.store.artifact(SHA256, "model.mlmodel", "ada")
    assert site.store.names(job_id, SHA256) == set()
    assert site.store.referenced() == {SHA256}


def test_files_of_unfinished_jobs_cannot_be_deleted(site):
    job, _ = site.store.submit(new())
    assert not site.done.delete_files(job.id, ())
    assert not site.done.delete_files("job_" + "0" * 26, ())


def test_of_two_servers_one_deletes_the_files_of_each_job(site):
    ids = [site.ready() for _ in range(12)]
    with ThreadPoolExecutor(4) as pool:
        done = [*pool.map(lambda job_id: site.done.delete_files(job_id, ()), ids * 4)]
    assert sum(done) == len(ids)
    assert site.store.referenced() == set()
    assert site.done.files_due(DAY, site.after(2 * 86400.0), 99) == []
