"""Many writers of one SQLite file: everybody's turn comes."""

import os
import threading

import pytest
from sqlalchemy import text

from job_examples import opened
from quickml.errors import StoreError
from quickml.storage.database import sqlite
from quickml.storage.database.sqlite import SqliteDatabase
from waiting import until

COUNT = text(
    "INSERT INTO turns (owner, turn) VALUES (:who, 1) ON CONFLICT (owner) DO UPDATE SET turn = turn + 1"
)
COUNTED = text("SELECT coalesce(sum(turn), 0) FROM turns")


@pytest.fixture
def database(tmp_path):
    return opened(tmp_path / "quickml.db")


def in_thread(function, *arguments):
    thread = threading.Thread(target=function, args=arguments)
    thread.start()
    return thread


def test_writers_come_in_the_order_in_which_they_asked(database):
    order, waiting = [], database._turns._queue

    def write(number):
        with database.write() as connection:
            connection.execute(COUNT, {"who": "a"})
            order.append(number)

    threads = []
    with database.write():
        for number in range(20):
            threads.append(in_thread(write, number))
            until(lambda: len(waiting) == len(threads) + 1, "the writer to wait")
    for thread in threads:
        thread.join()
    assert order == list(range(20))


def test_readers_do_not_wait_for_writers(database):
    with database.write() as connection:
        connection.execute(COUNT, {"who": "a"})
        with database.read() as reader:
            assert reader.scalar(COUNTED) == 0


def test_a_writer_gives_up_when_others_write_too_long(database, tmp_path, monkeypatch):
    """In this process or in another one; the next writer is let in again."""
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.05)
    elsewhere = SqliteDatabase(tmp_path / "quickml.db")
    with database.write():
        failures = []

        def write(where):
            try:
                with where.write():
                    pass
            except StoreError as error:
                failures.append(str(error))

        for where in (database, elsewhere):
            in_thread(write, where).join()
    assert len(failures) == 2
    assert all(failure.startswith(f"{tmp_path / 'quickml.db'}: the database cannot") for failure in failures)
    for where in (database, elsewhere):
        with where.write() as connection:
            connection.execute(COUNT, {"who": "a"})


def test_a_writer_that_fails_lets_the_next_one_in(database):
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), database.write():
            1 / 0  # noqa: B018


def test_busy_writers_do_not_keep_those_of_other_processes_out(database, tmp_path):
    """Between one's question and one's turn, the others write some dozens of times."""
    elsewhere, is_over = SqliteDatabase(tmp_path / "quickml.db"), threading.Event()

    def write_always(who):
        while not is_over.is_set():
            with database.write(durable=False) as connection:
                connection.execute(COUNT, {"who": who})

    threads = [in_thread(write_always, str(number)) for number in range(4)]
    others = []
    for _ in range(10):
        with elsewhere.read() as connection:
            before = connection.scalar(COUNTED)
        with elsewhere.write(durable=False) as connection:
            others.append(connection.scalar(COUNTED) - before)
    is_over.set()
    for thread in threads:
        thread.join()
    assert max(others) < 2000, others


@pytest.mark.skipif(os.name == "nt", reason="no modes of files")
@pytest.mark.parametrize("umask", [0o022, 0o000])
def test_nobody_else_can_read_a_database_in_a_folder_made_before(tmp_path, umask):
    path, before = tmp_path / "folder" / "quickml.db", os.umask(umask)
    try:
        path.parent.mkdir(mode=0o755)
        for _ in range(2):
            database = SqliteDatabase(path)
            with database.write() as connection:
                connection.execute(COUNT, {"who": "a"})
            modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
            assert modes == dict.fromkeys(("quickml.db", "quickml.db-wal", "quickml.db-shm"), 384)
            for file in path.parent.iterdir():
                file.chmod(0o644)  # as an older release left them
    finally:
        os.umask(before)


@pytest.mark.parametrize("version", ["9999", "0001a", "", "abc", "0000", "\x1b[31m"])
def test_tables_of_an_unknown_version_are_refused(tmp_path, version):
    database = opened(tmp_path / "quickml.db")
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :new"), {"new": version})
    database.close()
    with pytest.raises(
        StoreError, match=r"expected tables of a version from 0001 to [0-9]+, found "
    ) as error:
        SqliteDatabase(tmp_path / "quickml.db")
    assert str(error.value).isprintable()
