"""Jobs that were finished long ago are found by an index, however many there are."""

import pytest
from sqlalchemy import event

from job_examples import DATABASES, Clock, Jobs, finish, new, opened
from quickml.jobs.finished import FinishedJobs


@pytest.fixture(params=DATABASES)
def database(tmp_path, request):
    database = opened(tmp_path / "quickml.db", request.param)
    yield database
    database.close()


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


def test_those_before_a_moment_are_found_by_an_index_in_their_order(database):
    clock = Clock()
    store, done, ids = Jobs(database, clock), FinishedJobs(database), []
    for _ in range(3):
        job, _ = store.submit(new())
        finish(store, store.claim())
        clock.put_on()
        ids.append(job.id)
    store.submit(new())
    found, plan = plan_of(database, lambda: done.before(clock(), 2))
    assert found == ids[:2]
    assert "jobs_by_end" in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan
