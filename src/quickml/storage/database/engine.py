"""A database: transactions on a SQLAlchemy engine. Each dialect has a module of its own."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DatabaseError, IntegrityError, ProgrammingError

from quickml.errors import StoreError
from quickml.storage.database import migrations

_PROBE = text(
    "INSERT INTO counters (name, label, value) VALUES ('probe', '', 1)"
    " ON CONFLICT (name, label) DO UPDATE SET value = counters.value + excluded.value"
)  # the same in SQLite and PostgreSQL


class Mode(Enum):
    """What a transaction is for; a dialect's module begins each kind in its own way."""

    READ = "read"
    WRITE = "write"
    DURABLE_WRITE = "durable write"
    ERASE = "durable write that overwrites what it deletes"

    @classmethod
    def of(cls, connection: Connection) -> Mode:
        """The mode of a transaction that begins."""
        mode = connection.get_execution_options()["quickml_mode"]
        assert isinstance(mode, Mode)
        return mode


class Database:
    """Creates or migrates the tables, and hands out transactions.

    A transaction is committed when its `with` block ends. If the block raises, or the process is killed,
    nothing is written.

    Raises:
        StoreError: here and in every transaction, when the database cannot be used.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        """Use `engine`; `name` is the database's in error messages, and holds no password."""
        self.name = name
        self._engine = engine
        self._engines = {mode: engine.execution_options(quickml_mode=mode) for mode in Mode}
        # Disposed with this object, not by the garbage collector: a fork could come first (see sqlite.py).
        weakref.finalize(self, engine.dispose)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction whose reads all see the same moment. Does not wait for writers."""
        with self._transaction(Mode.READ) as connection:
            yield connection

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        """A transaction that writes.

        Args:
            durable: it survives a power failure, together with all that was written before. That costs a
                wait for the disk. Without it, the newest transactions may be lost; the database stays sound.
        """
        with self._transaction(Mode.DURABLE_WRITE if durable else Mode.WRITE) as connection:
            yield connection

    @contextmanager
    def erase(self) -> Iterator[Connection]:
        """A durable transaction that writes to rows of which nothing may be left when they are deleted.

        Everything that changes such rows has to use it: a row may be moved when its neighbours change. After
        a deletion, call `purge`.
        """
        with self._transaction(Mode.ERASE) as connection:
            yield connection

    def purge(self) -> bool:
        """Remove what journals of the database still have of deleted rows; whether nothing is left there."""
        return True

    def check_writable(self) -> None:
        """Change a row that nobody reads, since a full or read-only disk can still be read.

        Raises:
            StoreError: nothing can be written.
        """
        with self.write(durable=False) as connection:
            connection.execute(_PROBE)

    def close(self) -> None:
        """Close the connections; the next transaction opens new ones."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, mode: Mode) -> Iterator[Connection]:
        try:
            with self._engines[mode].begin() as connection:
                yield connection
        except (IntegrityError, ProgrammingError):
            raise  # a bug, not a problem of the database
        except DatabaseError as error:
            raise StoreError(f"{self.name}: the database cannot be used ({error.orig})") from error

    def migrate(self) -> None:
        """Bring the tables to the current version."""
        with self.read() as connection:
            if migrations.version(connection) == migrations.HEAD:
                return
        with self.write() as connection:  # one process migrates while the others wait here
            version = migrations.version(connection)
            if version is not None and version not in migrations.VERSIONS:
                raise StoreError(
                    f"{self.name}: expected tables of a version from {migrations.VERSIONS[0]}"
                    f" to {migrations.HEAD}, found {version!r:.40}; another release of QuickML made them"
                )
            migrations.upgrade(connection)
