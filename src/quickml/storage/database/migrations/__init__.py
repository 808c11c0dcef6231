"""Migrations of the tables (Alembic).

A change of the tables is a new file in `versions/`, which is never edited later, and its number here.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from quickml.storage.database.tables import metadata

VERSIONS = tuple(f"{number:04}" for number in range(1, 17))
HEAD = VERSIONS[-1]


def version(connection: Connection) -> str | None:
    """The version of the tables in a database; None if it has none. Does not load Alembic."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def create(connection: Connection) -> None:
    """Make the tables of `HEAD` in a new database of SQLite, as all migrations together would make them.

    A new database of PostgreSQL needs them: they say how texts are sorted there, and where rows have room.
    """
    metadata.create_all(connection)
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


def upgrade(connection: Connection) -> None:
    """Bring the tables to `HEAD`, in the transaction of the connection."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
