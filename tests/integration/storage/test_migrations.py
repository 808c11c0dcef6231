"""Databases that older versions made: opened, brought up to date, and nothing in them lost."""

import re
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from job_examples import Jobs, finish, new
from quickml.errors import StoreError
from quickml.events import Status
from quickml.jobs.job import Artifact, Job
from quickml.jobs.tokens import TokenStore
from quickml.storage.database import migrations, tables
from quickml.storage.database.sqlite import SqliteDatabase

FIRST = (Path(__file__).parent / "first_schema.sql").read_text(encoding="utf-8")
"""What `sqlite3 quickml.db .dump` printed of a database of version 0001. Never changes."""
READY, FAILED, QUEUED = (f"job_01KGA0M5R0000000000000000{digit}" for digit in "123")


def dumped(path):
    connection = sqlite3.connect(path)
    connection.executescript(FIRST)
    connection.close()
    return path


def test_a_new_database_has_the_tables_of_today(tmp_path):
    database = SqliteDatabase(tmp_path / "quickml.db")
    with database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, tables.metadata) == []
        assert migrations.version(connection) == migrations.HEAD


def test_the_first_schema_comes_to_the_tables_of_today(tmp_path):
    database = SqliteDatabase(dumped(tmp_path / "quickml.db"))
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
        assert migrations.version(connection) == migrations.HEAD


def described(path):
    """All that a database has, whatever the order of columns; without lengths of texts, which mean nothing."""
    connection = sqlite3.connect(path)
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    columns = {
        name: {
            (row[1], row[2].partition("(")[0], *row[3:])
            for row in connection.execute(f"PRAGMA table_info({name})")
        }
        for name in tables
    }
    statements = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    indexes = {
        name: re.sub(r"\s+", " ", sql).replace('"', "") for name, sql in connection.execute(statements)
    }
    unique = {
        name: sorted(
            sorted(row[2] for row in connection.execute(f"PRAGMA index_info({index[1]!r})"))
            for index in connection.execute(f"PRAGMA index_list({name})")
            if index[2]
        )
        for name in tables
    }
    connection.close()
    return columns, indexes, unique


def test_a_new_database_is_what_all_migrations_together_make(tmp_path, monkeypatch):
    SqliteDatabase(tmp_path / "new.db").close()
    monkeypatch.setattr(migrations, "create", migrations.upgrade)
    SqliteDatabase(tmp_path / "migrated.db").close()
    assert described(tmp_path / "new.db") == described(tmp_path / "migrated.db")


def test_positions_are_never_given_twice_in_any_schema(tmp_path):
    """AUTOINCREMENT, which no comparison of tables sees."""
    for path in (tmp_path / "new.db", dumped(tmp_path / "first.db")):
        with SqliteDatabase(path).read() as connection:
            made = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'events'").scalar()
        assert "AUTOINCREMENT" in made
    assert tables.events.dialect_options["sqlite"]["autoincrement"]


def test_jobs_of_the_first_schema_are_all_there(tmp_path):
    store = Jobs(SqliteDatabase(dumped(tmp_path / "quickml.db")))
    queued, failed, ready = store.jobs()
    assert [ready.id, failed.id, queued.id] == [READY, FAILED, QUEUED]
    assert ready == Job(
        id=READY, owner="ada", name="iris", document='{"name": "iris"}', status=Status.READY,
        created_at=datetime(2026, 1, 31, 12, 0, tzinfo=UTC), updated_at=datetime(2026, 1, 31, 12, 0, 9, 500, tzinfo=UTC),
        started_at=datetime(2026, 1, 31, 12, 0, 1, tzinfo=UTC), finished_at=datetime(2026, 1, 31, 12, 0, 9, 500, tzinfo=UTC),
        max_seconds=60.0, attempt=2, failures=1, stop_requested=True, stopped_early=True, epoch=3, epochs=10,
        progress=1.0, metrics={"loss": 0.25}, error="", last_event=2,
    )  # fmt: skip
    assert [(event.sequence, event.type) for event in store.events(READY)] == [
        (1, "interrupted"),
        (2, "verified"),
    ]
    assert store.artifacts(READY) == [
        Artifact(
            job_id=READY, name="model.mlmodel", kind="mlmodel", size_bytes=5121, sha256="ab" * 32,
            media_type="application/octet-stream",
        )
    ]  # fmt: skip
    assert (failed.status, failed.error) == (Status.FAILED, "out of memory")
    assert not store.submit(new("bob", document='{"name": "mnist"}', key="k"))[1]


def test_work_goes_on_after_a_migration(tmp_path):
    database = SqliteDatabase(dumped(tmp_path / "quickml.db"))
    store = Jobs(database)
    job, _ = store.submit(new("eve"))
    claimed = [store.claim(), store.claim()]
    assert [attempt.job_id for attempt in claimed] == [job.id, QUEUED]  # bob had a turn, eve had none
    finish(store, claimed[0])
    assert [event.type for event in store.events(job.id)] == ["verified"]
    with database.read() as connection:
        newest = "SELECT max(position) FROM events"
        assert (
            connection.exec_driver_sql(newest).scalar() == 9
        )  # 7 was given to a job that was deleted, 8 to the mark
    assert TokenStore(database).verify("qml_first").owner == "ada"


def test_events_of_the_first_schema_are_numbered_for_their_owners(tmp_path):
    feed = Jobs(SqliteDatabase(dumped(tmp_path / "quickml.db"))).feed
    owners = {"ada", "bob", "eve"}
    found = {owner: feed.changes(owner, 0, 100) for owner in owners}
    for owner, changes in found.items():
        assert [change.position for change in changes] == list(range(1, len(changes) + 1))
        assert feed.position(owner) == len(changes)
    numbers = [(change.job_id, change.sequence) for change in found["ada"]]
    assert numbers == [(READY, 1), (READY, 2), (FAILED, 1), (FAILED, 2)]


def test_opening_twice_changes_nothing(tmp_path):
    path = dumped(tmp_path / "quickml.db")
    SqliteDatabase(path).close()
    before = path.read_bytes()
    SqliteDatabase(path).close()
    assert path.read_bytes() == before


def test_a_database_of_a_newer_version_is_refused(tmp_path):
    path = dumped(tmp_path / "quickml.db")
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match=r"a version from 0001 to [0-9]+, found '9999'; another release"):
        SqliteDatabase(path)


def test_a_migration_that_breaks_leaves_the_database_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "quickml.db"
    create = migrations.create

    def broken(connection):
        create(connection)
        raise KeyboardInterrupt

    monkeypatch.setattr(migrations, "create", broken)
    with pytest.raises(KeyboardInterrupt):
        SqliteDatabase(path)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    connection.close()
    monkeypatch.undo()
    assert Jobs(SqliteDatabase(path)).jobs() == []


def test_threads_that_open_a_new_database_at_once(tmp_path):
    path = tmp_path / "quickml.db"
    opened = []
    threads = [threading.Thread(target=lambda: opened.append(SqliteDatabase(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 8


def test_versions_are_one_line_and_its_end_is_the_head():
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [migrations.HEAD]
    versions = [revision.revision for revision in script.walk_revisions()]
    assert versions == sorted(versions, reverse=True)
    assert all(re.fullmatch(r"\d{4}", version) for version in versions)


@pytest.mark.parametrize("is_new", [True, False])
def test_a_database_that_is_new_or_up_to_date_opens_without_alembic_and_drivers_of_others(tmp_path, is_new):
    path = tmp_path / "quickml.db"
    if not is_new:
        SqliteDatabase(path).close()
    script = (
        "import sys; from quickml.storage.addresses import databases;"
        " databases.open(f'sqlite:///{sys.argv[1]}'); print({'alembic', 'psycopg'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
