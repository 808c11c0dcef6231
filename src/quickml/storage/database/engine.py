"""A database: transactions on a SQLAlchemy engine. Each dialect has a module of its own."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import Enum
from typing import ClassVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DatabaseError, IntegrityError, ProgrammingError

from quickml.errors import StoreError
from quickml.storage.database import migrations

_PROBE = text(
    "INSERT INTO counters (name, label, value) VALUES ('probe', '', 1)"
    " ON CONFLICT (name, label) DO UPDATE SET value = counters.value + excluded.value"
)  # the same in SQLite and PostgreSQL

_TABLES = text("SELECT version_num FROM alembic_version")

MIGRATIONS = "migrations"
"""The lock of a transaction that may take long."""


_may_migrate: ContextVar[bool] = ContextVar("_may_migrate", default=True)


@contextmanager
def unchanged_tables() -> Iterator[None]:
    """Databases that are opened in this block are refused where they would have to be migrated."""
    token = _may_migrate.set(False)
    try:
        yield
    finally:
        _may_migrate.reset(token)


class Mode(Enum):
    """What a transaction is for; a dialect's module begins each kind in its own way."""

    READ = "read"
    WRITE = "write"
    DURABLE_WRITE = "durable write"
    ERASE = "durable write that overwrites what it deletes"
    STATEMENT = "single statement"

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

    bugs: ClassVar[tuple[type[Exception], ...]] = (IntegrityError, ProgrammingError)
    """Errors that are no problem of the database."""
    failures: ClassVar[tuple[type[Exception], ...]] = (DatabaseError,)
    """All other errors that become `StoreError`."""

    writes_at_once: ClassVar[bool] = False
    """Whether one statement can write to several tables; see `statement`."""
    is_server: ClassVar[bool] = False
    """Whether it may crash while the processes that use it go on."""

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
    def statement(self) -> Iterator[Connection]:
        """A connection for single statements, where each round trip to begin and to commit would count.

        Each sees a moment of its own. Only where `writes_at_once` it may write, without waiting for the disk.
        """
        with self._transaction(Mode.READ) as connection:
            yield connection

    @contextmanager
    def brief_write(self) -> Iterator[Connection]:
        """A connection for one statement that writes, without waiting for the disk."""
        with self.statement() if self.writes_at_once else self.write(durable=False) as connection:
            yield connection

    @contextmanager
    def write(self, *, durable: bool = True, lock: str = "") -> Iterator[Connection]:
        """A transaction that writes.

        Args:
            durable: it survives a power failure, together with all that was written before. That costs a
                wait for the disk. Without it, the newest transactions may be lost; the database stays sound.
            lock: a name. Transactions of the same one run one after the other, and each sees all that those
                before it wrote. In SQLite, all transactions that write do.
        """
        mode = Mode.DURABLE_WRITE if durable else Mode.WRITE
        with self._transaction(mode, lock) as connection:
            yield connection

    @contextmanager
    def erase(self, lock: str = "") -> Iterator[Connection]:
        """A durable transaction that writes to rows of which nothing may be left when they are deleted.

        Everything that changes such rows has to use it: a row may be moved when its neighbours change. After
        a deletion, call `purge`. `lock`: see `write`.
        """
        with self._transaction(Mode.ERASE, lock) as connection:
            yield connection

    @contextmanager
    def alone(self, lock: str, *, at_most_s: float = 10.0) -> Iterator[bool]:  # noqa: ARG002
        """Whether nobody else is in a block of this name; does not wait.

        Whoever is in it for longer than `at_most_s`, such as a frozen process, no longer counts.

        Always true where transactions that write come one after the other anyway.
        """
        yield True

    def lock(self, connection: Connection, lock: str) -> None:
        """Take another lock of a transaction that writes; see `write`."""

    def now(self) -> datetime:
        """The time, the same on every machine that uses the database."""
        return datetime.now(UTC)

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

    def check_tables(self) -> None:
        """Check that no other release has changed the tables since this process opened the database.

        Raises:
            StoreError: one has, or they cannot be read.
        """
        with self.statement() as connection:
            found = connection.scalar(_TABLES)
        if found != migrations.HEAD:
            expected = f"expected tables of version {migrations.HEAD}, found {found!r:.40}"
            raise StoreError(f"{self.name}: {expected}; another release has changed them: install that one")

    def close(self) -> None:
        """Close the connections; the next transaction opens new ones."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, mode: Mode, lock: str = "") -> Iterator[Connection]:  # noqa: ARG002
        with self._reported(), self._engines[mode].begin() as connection:
            yield connection

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except self.bugs:
            raise
        except self.failures as error:
            raise StoreError(f"{self.name}: the database cannot be used ({self.told(error)})") from error

    def told(self, error: Exception) -> str:
        """What an error of the database says, without statements and values."""
        return str(getattr(error, "orig", error))

    def migrate(self) -> None:
        """Bring the tables to the current version.

        Raises:
            StoreError: another release made them, or they may not be changed; see `unchanged_tables`.
        """
        with self.read() as connection:
            found = migrations.version(connection)
            if found == migrations.HEAD:
                return
        if not _may_migrate.get():
            hint = "another release made them" if found else "start `quickml serve` of this release first"
            expected = f"expected tables of version {migrations.HEAD}, found {found!r:.40}"
            raise StoreError(f"{self.name}: {expected}; {hint}")
        with self.write(lock=MIGRATIONS) as connection:  # one process migrates while the others wait here
            version = migrations.version(connection)
            if version is not None and version not in migrations.VERSIONS:
                raise StoreError(
                    f"{self.name}: expected tables of a version from {migrations.VERSIONS[0]}"
                    f" to {migrations.HEAD}, found {version!r:.40}; another release of QuickML made them"
                )
            is_new = version is None and not self.is_server
            (migrations.create if is_new else migrations.upgrade)(connection)
