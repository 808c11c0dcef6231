"""What is PostgreSQL's own: addresses and passwords, migrations, locks, clocks, outages, odd values."""

import os
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DataError

from job_examples import DATABASES, HOLDER, Jobs, new, opened, progress
from postgres_process import PASSWORD, USER, Postgres, emptied, needs_postgres, shared
from quickml.errors import FencedError, QueueFullError, StoreError
from quickml.events import Status
from quickml.jobs import jobs as job_store
from quickml.jobs.hosts import Hosts
from quickml.jobs.job import Limits
from quickml.jobs.values import LARGEST
from quickml.storage.addresses import Addresses, databases
from quickml.storage.database import migrations, tables
from quickml.storage.database.postgres import DatabaseClock, PostgresDatabase
from waiting import until

pytestmark = needs_postgres
ODD = (
    "a\0b",
    "\0",
    "\ufdd0",
    "\ufdd00",
    "\ufdd0.\0",
    "é数\U0001f600",
    "'; DROP TABLE jobs --",
    "%s %(a)s",
    "",
)


@pytest.fixture
def database():
    database = PostgresDatabase(emptied())
    yield database
    database.close()


@pytest.fixture(params=DATABASES)
def store(tmp_path, request):
    database = opened(tmp_path / "quickml.db", request.param)
    yield Jobs(database)
    database.close()


def plain(name="postgres", user=USER):
    return f"postgresql://{user}@127.0.0.1:{shared().port}/{name}"


# Tables


def test_a_new_database_has_the_tables_of_today():
    database = PostgresDatabase(shared().new())
    with database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": False, "compare_server_default": True}
        )
        assert compare_metadata(context, tables.metadata) == []
        assert migrations.version(connection) == migrations.HEAD
        for table in tables.metadata.sorted_tables:
            for column in inspect(connection).get_columns(table.name):
                told = str(column["type"])
                place = f"{table.name}.{column['name']}: {told}"
                assert told in ('TEXT COLLATE "C"', "BIGINT", "BOOLEAN", "DOUBLE PRECISION", "BYTEA"), place
        sequence = "SELECT data_type FROM information_schema.sequences"
        assert connection.exec_driver_sql(sequence).scalar() == "bigint"
    database.close()


def test_servers_that_open_a_new_database_at_once():
    address, found = shared().new(), []
    threads = [threading.Thread(target=lambda: found.append(PostgresDatabase(address))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for database in found:
        database.close()


def test_tables_of_another_release_are_refused():
    address = shared().new()
    database = PostgresDatabase(address)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(StoreError, match=r"a version from 0001 to [0-9]+, found '9999'; another release"):
        PostgresDatabase(address)


def test_who_may_make_no_tables_is_told():
    address = shared().new()
    secret = "'" + PASSWORD.replace("'", "''") + "'"
    shared().sql(f"CREATE ROLE reader LOGIN PASSWORD {secret}")
    name = address.partition("?")[0].rpartition("/")[2]
    with pytest.raises(StoreError, match=r"the tables cannot be made .permission denied"):
        PostgresDatabase(shared().address(name, user="reader"))


# Addresses


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://quickml:s3cret@127.0.0.1/x", "postgresql://127.0.0.1/x?password=s3cret",
        "postgresql://quickml:s3%zzcret@127.0.0.1/x", "postgresql://quickml:s3cret@[::1/x",
        "postgresql://127.0.0.1/x?user=a&sslpassword=s3cret", "postgresql://127.0.0.1/x?unknown=s3cret&password=s3cret",
        "postgres://quickml:s3cret@127.0.0.1/x", "postgresql://127.0.0.1/x?p%61ssword=s3cret", "postgresql://127.0.0.1:s3cret/x",
    ],
)  # fmt: skip
def test_a_password_in_an_address_is_refused_and_not_told(address):
    with pytest.raises(StoreError, match="expected ") as error:
        databases.open(address)
    assert "s3cret" not in repr(error.value)
    assert error.value.__cause__ is None


def test_the_password_is_read_again_for_every_connection(tmp_path):
    file = tmp_path / "a password?&%.txt"
    addresses = Addresses(database="", files="").with_database(plain(), password_file=file)
    with pytest.raises(StoreError, match=r"the password of the database cannot be read .No such file"):
        databases.open(addresses.database)
    file.write_text("")
    with pytest.raises(StoreError, match="expected the password of the database, found none"):
        databases.open(addresses.database)
    file.write_text("wrong")
    with pytest.raises(StoreError, match="authentication failed") as error:
        databases.open(addresses.database)
    assert "wrong" not in str(error.value)
    file.write_text(f"{PASSWORD}\n")
    name = emptied().partition("?")[0].rpartition("/")[2]
    address = plain(name).replace("postgresql://", "postgres://")
    addresses = Addresses(database="", files="").with_database(address, password_file=file)
    database = databases.open(addresses.database)
    assert PASSWORD not in repr(addresses) + repr(vars(database)) + str(database._engine.url) + database.name
    database.close()


def test_parameters_of_libpq_are_passed_on():
    name = emptied().partition("?")[0].rpartition("/")[2]
    address = shared().address(name) + "&application_name=a%20b&options=-c%20lock_timeout%3D7s"
    database = databases.open(address)
    with database.read() as connection:
        asked = "SELECT current_setting('application_name'), current_setting('lock_timeout')"
        assert connection.exec_driver_sql(asked).one() == ("a b", "7s")
    database.close()


def test_a_server_that_is_not_there_is_told():
    with pytest.raises(
        StoreError, match=r"^postgresql://ada@127.0.0.1:1/x: the database cannot be used .*refused"
    ):
        databases.open("postgresql://ada@127.0.0.1:1/x")


def test_without_psycopg_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"pip install 'quickml-coreml\[postgres\]'"):
        databases.open("postgresql://ada@127.0.0.1:1/x")


# Values


@pytest.mark.parametrize("odd", ODD)
def test_odd_texts_come_back_as_they_were(store, odd):
    job, _ = store.submit(new(document=odd, key=odd))
    assert store.job(job.id).document == odd
    assert store.submit(new(document=odd, key=odd)) == (job, False)
    attempt = store.claim()
    store.fail(attempt, odd, retry=False)
    assert store.job(job.id).error == odd
    assert store.jobs(name=odd) == []
    assert store.jobs(owner=odd) == []


def test_half_a_character_is_refused_alike(store):
    with pytest.raises(UnicodeEncodeError):
        store.submit(new(document="\ud800"))
    assert store.submit(new())[1]


def test_large_numbers(store):
    job, _ = store.submit(new(epochs=LARGEST))
    assert store.job(job.id).epochs == LARGEST
    attempt = store.claim()
    store.append(attempt, [progress()])
    for after in (2**31, LARGEST, 10**30):
        assert store.events(job.id, after=after) == []
        assert store.feed.changes("ada", after, 10) == []
    assert store.file_bytes() == 0
    with pytest.raises((OverflowError, DataError)):  # no StoreError, for which a worker would wait
        store.submit(new(epochs=2**63))


def test_jobs_sort_by_characters():
    """The server of these tests sorts texts by a language, in which B follows a, and _ precedes both."""
    assert shared().sql("SELECT string_agg(x, '' ORDER BY x) FROM (VALUES ('a'), ('B'), ('_')) AS t (x)") == [
        ("_aB",)
    ]
    database = PostgresDatabase(emptied())
    with database.write() as connection:
        for owner in ("a", "B", "_", "é", "Z"):
            connection.execute(text("INSERT INTO turns VALUES (:owner, 1)"), {"owner": owner})
        assert connection.scalar(text("SELECT string_agg(owner, '' ORDER BY owner) FROM turns")) == "BZ_aé"
    database.close()


# Transactions


def test_a_reader_sees_one_moment_and_cannot_write(database):
    store = Jobs(database)
    with database.read() as connection:
        count = "SELECT count(*) FROM jobs"
        assert connection.exec_driver_sql(count).scalar() == 0
        store.submit(new())
        assert connection.exec_driver_sql(count).scalar() == 0
    with pytest.raises(StoreError, match="read-only transaction"), database.read() as connection:
        connection.exec_driver_sql("DELETE FROM jobs")


def test_what_is_promised_waits_for_the_disk(database):
    modes = {}
    for durable in (True, False, True):
        with database.write(durable=durable) as connection:
            modes[durable] = connection.exec_driver_sql("SHOW synchronous_commit").scalar()
    assert modes == {True: "on", False: "off"}


def test_a_number_of_an_attempt_that_was_given_out_is_on_disk(database, monkeypatch):
    """A crash of the database must not give it out again; see `JobStore.claim`."""
    modes, write = [], job_store.write

    def spied(connection, *given):
        modes.append(connection.exec_driver_sql("SHOW synchronous_commit").scalar())
        return write(connection, *given)

    store = Jobs(database)
    store.submit(new())
    monkeypatch.setattr(job_store, "write", spied)
    store.advance(store.claim(), Status.TRAINING)
    assert modes == ["on", "on"]


def test_transactions_of_one_lock_come_one_after_the_other(database):
    order = []

    def write():
        with database.write(lock="a") as connection:
            order.append(connection.exec_driver_sql("SELECT count(*) FROM turns").scalar())
            connection.execute(text("INSERT INTO turns SELECT 'x' || count(*), 1 FROM turns"))
            time.sleep(0.01)

    threads = [threading.Thread(target=write) for _ in range(6)]
    with database.write(lock="a"), database.write(lock="b"):
        for thread in threads:
            thread.start()
        assert order == []
    for thread in threads:
        thread.join()
    assert order == list(range(6))
    with database.alone("a") as first, database.alone("a") as second, database.alone("b") as other:
        assert (first, second, other) == (True, False, True)


def test_a_job_that_is_cancelled_while_it_is_claimed_is_left_out(database):
    store = Jobs(database)
    jobs = [store.submit(new())[0].id for _ in range(2)]
    claimed = []
    claimer = threading.Thread(target=lambda: claimed.append(store.claim()))
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with database.write() as connection:
        connection.execute(text("UPDATE jobs SET status = 'cancelled' WHERE id = :id"), {"id": jobs[0]})
        claimer.start()
        until(lambda: shared().sql(waiting), "the claim to wait")
    claimer.join()
    assert [attempt.job_id for attempt in claimed] == [jobs[1]]


def test_no_more_jobs_than_the_limit_of_their_owner(database):
    """Also if they are submitted at once; and a key is used once."""
    store, refused, keyed = Jobs(database), [], set()

    def submit(number):
        try:
            store.submit(new(key=f"{number}"), Limits(queued_per_owner=5))
        except QueueFullError:
            refused.append(number)
        keyed.add(store.submit(new("bob", key="same"))[0].id)

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7
    assert len(keyed) == 1
    assert store.counts()[Status.QUEUED] == 6


def test_the_queue_is_as_long_as_it_may_be_whoever_submits(database):
    store, full = Jobs(database), []

    def submit(owner):
        try:
            store.submit(new(owner), Limits(queue_length=5))
        except QueueFullError as error:
            full.append(error.found)

    threads = [threading.Thread(target=submit, args=(f"owner {number}",)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert full == [5] * 7
    assert store.counts()[Status.QUEUED] == 5


def test_only_one_sweeps_at_a_time_and_not_for_ever(database):
    store = Jobs(database)
    with store.sweeping() as first, store.sweeping() as second:
        assert (first, second) == (True, False)
    with pytest.raises(StoreError, match="idle-in-transaction"), database.alone("x", at_most_s=1):
        until(lambda: _is_free(database, "x"), "the lock of a process that hangs")


def _is_free(database, lock):
    with database.alone(lock) as is_free:
        return is_free


def test_only_one_reaps_at_a_time(database):
    hosts = Hosts(database)
    with hosts.reaping() as first, hosts.reaping() as second:
        assert (first, second) == (True, False)
    with hosts.reaping() as again:
        assert again


# Clocks


def test_times_are_those_of_the_database():
    behind = timedelta(days=400)
    clock = DatabaseClock(wall=lambda: time.time() - behind.total_seconds())
    assert clock.is_due()
    clock.compare(time.time)
    assert not clock.is_due()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_jobs_of_a_machine_whose_clock_is_wrong(database):
    database._clock._wall = lambda: time.time() + 10**7
    database._clock._compared_at = float("-inf")
    Hosts(database).renew(HOLDER)
    job, _ = Jobs(database).submit(new())
    assert abs(job.created_at - datetime.now(UTC)) < timedelta(seconds=30)


# Outages


@pytest.fixture(scope="module")
def own():
    server = Postgres()
    yield server
    server.close()


def test_a_database_that_was_gone_is_used_again(own, caplog):
    database = PostgresDatabase(own.new())
    store = Jobs(database)
    job, _ = store.submit(new())
    attempt = store.claim()
    store.append(attempt, [progress()], after=0)
    own.stop()
    for call in (
        lambda: store.job(job.id),
        lambda: store.append(attempt, [progress()], after=1),
        lambda: store.submit(new()),
    ):
        with pytest.raises(StoreError, match="the database cannot be used"):
            call()
    own.start()
    assert store.append(attempt, [progress()], after=1) == 2
    assert store.job(job.id).attempt == 1
    database.close()
    assert PASSWORD not in caplog.text + own.log.read_text()


def test_a_connection_that_was_ended_while_idle_is_replaced_unseen(own):
    database = PostgresDatabase(own.new())
    store = Jobs(database)
    store.submit(new())
    own.stop()
    own.start()
    assert len(store.jobs()) == 1
    database.close()


def test_an_answer_that_was_lost_doubles_nothing(database, monkeypatch):
    """The connection ends while the commit is on its way, and nobody knows whether it arrived."""
    import psycopg

    store = Jobs(database)
    store.submit(new())
    attempt, commit = store.claim(), database._engine.dialect.do_commit

    def lose(connection):
        commit(connection)
        raise psycopg.OperationalError("the answer was lost")

    def lost(call, *arguments, **named):
        with monkeypatch.context() as patched, pytest.raises(StoreError, match="the answer was lost"):
            patched.setattr(database._engine.dialect, "do_commit", lose)
            call(*arguments, **named)
        return call(*arguments, **named)

    assert lost(store.append, attempt, [progress()], after=0) == 1
    assert lost(store.append, attempt, [progress(), progress(2)], after=0) == 2
    assert [event.sequence for event in store.events(attempt.job_id)] == [1, 2]
    lost(store.advance, attempt, Status.TRAINING)
    assert lost(store.keep_checkpoint, attempt, "ab" * 32) == "ab" * 32  # which the worker does not delete
    with pytest.raises(FencedError):
        lost(store.lose, attempt, "x")
    assert [event.type for event in store.events(attempt.job_id)] == ["progress", "progress", "interrupted"]
    assert lost(store.submit, new(key="k"))[1] is False
    assert len(store.jobs()) == 2


def test_a_frozen_server_is_not_waited_for_for_ever(own, monkeypatch):
    from quickml.storage.postgres_patience import BoundedConnection  # needs psycopg

    database = PostgresDatabase(own.new() + "&connect_timeout=2")
    store = Jobs(database)
    job, _ = store.submit(new())
    monkeypatch.setattr(BoundedConnection, "answer_s", 1.0)
    database._engine.dispose()  # new connections wait no longer
    until(lambda: _is_there(store, job), "such a connection")
    with own.frozen():
        with pytest.raises(StoreError, match="no answer within 1 s"):
            store.job(job.id)
        for call in (lambda: store.job(job.id), lambda: store.submit(new())):  # on new connections
            with pytest.raises(StoreError, match=r"the database cannot be used .*timeout"):
                call()
    until(lambda: _is_there(store, job), "the server")
    assert len(store.jobs()) == 1
    database.close()


def _is_there(store, job):
    try:
        return store.job(job.id)
    except StoreError:  # it still ends the connections that were given up
        return None


def test_a_process_that_hangs_in_a_transaction_is_ended(database):
    with (
        pytest.raises(StoreError, match="the database cannot be used"),
        database.write(lock="claim") as connection,
    ):
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout TO '100ms'")
        until(lambda: not shared().sql(f"SELECT 1 FROM pg_stat_activity WHERE pid = {pid}"), "its end")
        connection.exec_driver_sql("SELECT 1")
    Jobs(database).submit(new())
    assert Jobs(database).claim()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows does not fork")
def test_a_fork_leaves_the_connections_alone(database):
    import multiprocessing

    store = Jobs(database)
    store.submit(new())
    child = multiprocessing.get_context("fork").Process(target=store.submit, args=(new(),))
    child.start()
    child.join()
    assert child.exitcode == 0
    assert len(store.jobs()) == 2


def test_the_server_of_the_tests_has_seen_no_deadlock():
    assert "deadlock detected" not in shared().log.read_text()
    assert PASSWORD not in shared().log.read_text()
