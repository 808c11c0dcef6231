"""One SQLite file that many threads and processes write at once."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.exc import DatabaseError, IntegrityError, ProgrammingError

from quickml.errors import StoreError
from quickml.storage.database import migrations

BUSY_TIMEOUT_S = 30.0
"""How long a writer waits for the others; each writes for milliseconds."""


class Database:
    """Opens the file, makes or migrates it, and hands out transactions.

    What a transaction wrote is there for everybody when its `with` ends; when it raises, or the process is
    killed, none of it is.

    Raises:
        StoreError: here and in every transaction, when the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._gate = _Gate()
        url = URL.create("sqlite", database=str(path))
        engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S}, max_overflow=-1)
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        self._reader = engine.execution_options(quickml_begin=("NORMAL", "BEGIN"))
        self._writer = engine.execution_options(quickml_begin=("NORMAL", "BEGIN IMMEDIATE"))
        self._durable_writer = engine.execution_options(quickml_begin=("FULL", "BEGIN IMMEDIATE"))
        # Closed with this object, not when the collector comes by: a fork could come first (see before_fork).
        weakref.finalize(self, engine.dispose)
        _open.add(self)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{path}: the folder cannot be made ({error.strerror})") from error
        with self.read() as connection:
            version = migrations.version(connection)
        if version != migrations.HEAD:
            self._migrate()

    def _migrate(self) -> None:
        with self.write() as connection:  # one process migrates; the others wait here, and find it done
            version = migrations.version(connection)
            if version is not None and version > migrations.HEAD:
                raise StoreError(
                    f"{self.path}: expected tables of version {migrations.HEAD} or older, found {version};"
                    " a newer QuickML made them"
                )
            migrations.upgrade(connection)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """All reads in here see the same moment. Waits for nobody."""
        with self._gate.inside(), self._translated(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        """Nobody else writes meanwhile.

        Args:
            durable: it outlives a loss of power too, as then does all that was written before. That costs a
                wait for the disk. Otherwise the newest transactions may be lost, and the file stays sound.
        """
        engine = self._durable_writer if durable else self._writer
        with self._gate.inside(), self._translated(), engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close the connections; the next transaction opens new ones."""
        self._reader.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (IntegrityError, ProgrammingError):
            raise  # a mistake of ours
        except DatabaseError as error:
            raise StoreError(f"{self.path}: the database cannot be used ({error.orig})") from error

    def before_fork(self) -> None:
        """Wait for transactions to end, let no other begin, and close the connections.

        SQLite's locks belong to a process, but its record of them is memory, which a child copies: with a
        connection open across a fork, a child believes that it holds locks which it does not, and spoils the
        file (sqlite.org/howtocorrupt.html, 2.6).
        """
        self._gate.shut()
        self.close()

    def after_fork(self) -> None:
        """Let transactions begin again, in parent and child."""
        self._gate.open()


class _Gate:
    """Many may be inside at once, and nobody while it is shut."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())  # no RLock, which a child could not release
        self._count = 0

    @contextmanager
    def inside(self) -> Iterator[None]:
        with self._changed:
            self._count += 1
        try:
            yield
        finally:
            with self._changed:
                self._count -= 1
                self._changed.notify_all()

    def shut(self) -> None:
        self._changed.acquire()
        while self._count:
            self._changed.wait()

    def open(self) -> None:
        self._changed.release()


def _prepare(connection: Any, _: object) -> None:
    connection.isolation_level = None  # otherwise the sqlite3 module begins transactions when it sees fit
    connection.execute("PRAGMA journal_mode=WAL")


def _begin(connection: Connection) -> None:
    # IMMEDIATE for writers: one that read first would be refused, not made to wait, when another wrote since.
    synchronous, begin = connection.get_execution_options()["quickml_begin"]
    connection.exec_driver_sql(f"PRAGMA synchronous={synchronous}")
    connection.exec_driver_sql(begin)


_open: weakref.WeakSet[Database] = weakref.WeakSet()
_forking: list[Database] = []


def _before_fork() -> None:
    _forking.extend(_open)
    for database in _forking:
        database.before_fork()


def _after_fork() -> None:
    while _forking:
        _forking.pop().after_fork()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
