"""One SQLite file that many threads and processes of one machine use at once."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event

from quickml.errors import StoreError
from quickml.storage.addresses import databases, path_of
from quickml.storage.database.engine import Database, Mode

BUSY_TIMEOUT_S = 30.0
"""How long a writer waits for the others; each writes for milliseconds."""
RETRY_S = 0.002
"""How often a writer looks whether another process still writes. SQLite itself waits up to 0.1 s between two
looks, so a busy process would keep others out."""

_BEGIN = {
    # IMMEDIATE: a writer that read first would be refused, not made to wait, if another wrote since.
    Mode.WRITE: ("NORMAL", "FAST", "BEGIN IMMEDIATE"),
    Mode.DURABLE_WRITE: ("FULL", "FAST", "BEGIN IMMEDIATE"),
    Mode.ERASE: ("FULL", "ON", "BEGIN IMMEDIATE"),
}
"""`synchronous`, `secure_delete` and the statement. FAST overwrites deleted rows where that needs no further
writing; ON also overwrites pages that are not used any more."""
PURGE_TIMEOUT_S = 2.0


@databases.opens("sqlite")
def opened(address: str) -> Database:
    """The database at `sqlite:////absolute/path`."""
    return SqliteDatabase(path_of(address, "sqlite:///"))


class SqliteDatabase(Database):
    """Writers come one after the other, in the order in which they asked; readers do not wait (WAL)."""

    def __init__(self, path: Path) -> None:
        """Open the file; create or migrate it."""
        self.path = path
        self._gate, self._turns = _Gate(), _Turns(str(path))
        url = URL.create("sqlite", database=str(path))
        engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S}, max_overflow=-1)
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        super().__init__(engine, str(path))
        _open.add(self)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{path}: the folder cannot be made ({error.strerror})") from error
        with self.read():
            _keep_private(path)  # the connection has created it
        self.migrate()

    @contextmanager
    def _transaction(self, mode: Mode, lock: str = "") -> Iterator[Connection]:  # noqa: ARG002
        turn = nullcontext() if mode is Mode.READ else self._turns.next()
        with self._gate.inside(), turn, super()._transaction(mode) as connection:
            yield connection

    def purge(self) -> bool:
        """See `Database`. The write-ahead log has pages as they were before; it is emptied, unless read."""
        with self._gate.inside(), self._turns.next(), closing(self._engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout={round(PURGE_TIMEOUT_S * 1000)}")
            try:
                is_busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.OperationalError as error:
                raise StoreError(f"{self.path}: the database cannot be used ({error})") from error
            finally:
                cursor.execute(f"PRAGMA busy_timeout={round(BUSY_TIMEOUT_S * 1000)}")
        return not is_busy

    def before_fork(self) -> None:
        """Wait for transactions to end, let no other begin, and close the connections.

        SQLite's locks belong to a process, but its record of them is memory, which a child copies: with a
        connection open across a fork, a child believes that it holds locks which it does not, and corrupts
        the file (sqlite.org/howtocorrupt.html, 2.6).
        """
        self._gate.shut()
        self.close()

    def after_fork(self) -> None:
        """Let transactions begin again, in parent and child."""
        self._gate.open()


def _keep_private(path: Path) -> None:
    """Let only its user read the database, which has all documents. SQLite's later files get its mode."""
    for file in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        with suppress(OSError):  # it belongs to another user, or the file system has no modes
            file.chmod(0o600)


class _Gate:
    """Many threads may be inside at once, and none while it is shut."""

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


class _Turns:
    """Lets one thread in at a time, in the order in which they came.

    SQLite lets in whoever happens to look while nobody writes, so a few busy threads would keep others out.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._queue: deque[threading.Event] = deque()

    @contextmanager
    def next(self) -> Iterator[None]:
        """Wait for one's turn, which lasts until the `with` block ends.

        Raises:
            StoreError: it did not come within `BUSY_TIMEOUT_S`.
        """
        mine = threading.Event()
        with self._lock:
            self._queue.append(mine)
            self._queue[0].set()
        try:
            if not mine.wait(BUSY_TIMEOUT_S):
                raise StoreError(f"{self._name}: the database cannot be used (others are writing)")
            yield
        finally:
            with self._lock:
                self._queue.remove(mine)
                if self._queue:
                    self._queue[0].set()


def _prepare(connection: Any, _: object) -> None:
    connection.isolation_level = None  # otherwise the sqlite3 module begins transactions by itself
    connection.execute("PRAGMA journal_mode=WAL")


def _begin(connection: Connection) -> None:
    mode = Mode.of(connection)
    if mode is Mode.READ:
        connection.exec_driver_sql("BEGIN")
        return
    synchronous, erasing, begin = _BEGIN[mode]
    connection.exec_driver_sql(f"PRAGMA synchronous={synchronous}")
    connection.exec_driver_sql(f"PRAGMA secure_delete={erasing}")
    if not _begun_soon(connection, begin):
        connection.exec_driver_sql(begin)


def _begun_soon(connection: Connection, begin: str) -> bool:
    """Begin to write as soon as no other process does; False where others write all the time."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    connection.exec_driver_sql("PRAGMA busy_timeout=0")
    try:
        while time.monotonic() < deadline:
            try:
                connection.connection.execute(begin)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    return False  # it is raised by another try
                time.sleep(RETRY_S)
            else:
                return True
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={round(BUSY_TIMEOUT_S * 1000)}")
    return False


_open: weakref.WeakSet[SqliteDatabase] = weakref.WeakSet()
_forking: list[SqliteDatabase] = []


def _before_fork() -> None:
    _forking.extend(_open)
    for database in _forking:
        database.before_fork()


def _after_fork() -> None:
    while _forking:
        _forking.pop().after_fork()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
