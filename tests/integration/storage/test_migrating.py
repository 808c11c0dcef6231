"""Migrations in a process of their own: they leave nothing behind, and their errors arrive whole."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from job_examples import DATABASES
from postgres_process import shared
from quickml.errors import StoreError
from quickml.storage import migrating
from quickml.storage.addresses import Addresses, databases
from quickml.storage.database import migrations
from quickml.storage.database.engine import OutdatedError, unchanged_tables


@pytest.fixture(params=DATABASES)
def addresses(tmp_path, request):
    found = Addresses.of_paths(database=tmp_path / "quickml.db", files=tmp_path / "artifacts")
    return replace(found, database=shared().new()) if request.param == "postgres" else found


def changed(address, statement):
    database = databases.open(address)
    with database.write() as connection:
        connection.exec_driver_sql(statement)
    database.close()


def test_who_migrates_a_database_does_not_keep_what_that_takes(addresses):
    script = (
        "import sys; from quickml.storage.addresses import Addresses;"
        " from quickml.storage.migrating import migrated;"
        " migrated(Addresses(database=sys.argv[1], files=sys.argv[2])).database.check_writable();"
        " print({'alembic', 'mako'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", script, addresses.database, addresses.files]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "set()\n"


def test_several_that_migrate_a_database_at_once(addresses):
    with ThreadPoolExecutor(3) as threads:
        for backends in threads.map(migrating.migrated, [addresses] * 3):
            with backends.database.read() as connection:
                assert migrations.version(connection) == migrations.HEAD
            backends.close()


def test_a_current_database_is_opened_without_another_process(addresses, monkeypatch):
    migrating.migrated(addresses).close()
    monkeypatch.setattr(migrating, "COMMAND", ("/nowhere",))
    migrating.migrated(addresses).close()


def test_a_database_of_a_newer_release_is_refused_in_the_words_of_the_migration(addresses):
    migrating.migrated(addresses).close()
    changed(addresses.database, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(OutdatedError), unchanged_tables():
        databases.open(addresses.database)
    with pytest.raises(
        StoreError, match=r"a version from 0001 to [0-9]+, found '9999'; another release"
    ) as told:
        migrating.migrated(addresses)
    assert not isinstance(told.value, OutdatedError)


def test_a_migration_that_fails_says_what_the_database_said(tmp_path):
    addresses = Addresses.of_paths(database=tmp_path / "quickml.db", files=tmp_path / "artifacts")
    migrating.migrated(addresses).close()
    changed(addresses.database, "UPDATE alembic_version SET version_num = '0015'")
    with pytest.raises(
        StoreError, match=r"quickml\.db: the database cannot be used \(table owners already exists"
    ):
        migrating.migrated(addresses)


def test_the_traceback_of_a_bug_in_a_migration_is_in_its_error(tmp_path, monkeypatch):
    addresses = Addresses.of_paths(database=tmp_path / "quickml.db", files=tmp_path / "artifacts")
    monkeypatch.setattr(migrating, "COMMAND", (sys.executable, "-c", "raise ValueError('a bug')"))
    with pytest.raises(RuntimeError, match=r"(?s)ended with code 1\nTraceback.*ValueError: a bug"):
        migrating.migrated(addresses)
