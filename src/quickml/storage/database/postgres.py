"""A PostgreSQL database, which processes on many machines use at once.

`postgresql://` addresses are those of libpq. A password is in none of them, since workers receive addresses
on their command line: it is read from a file for every connection, or comes from where libpq finds one
itself (`~/.pgpass`, a client certificate).
"""

from __future__ import annotations

import hashlib
import os
import select
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import DatabaseError, DataError, DisconnectionError, InterfaceError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from quickml.errors import StoreError
from quickml.storage.addresses import PASSWORD_FILE, databases
from quickml.storage.database.engine import MIGRATIONS, Database, Mode
from quickml.text import masked

POOL, MOST_CONNECTIONS, POOL_TIMEOUT_S = 5, 20, 10.0
"""Connections that a process keeps, and may have; how long a thread waits for one."""
CLOCK_EVERY_S = 60.0
"""How often the clock of the database is compared with that of this machine."""
_DEFAULTS = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "20000",
    "application_name": "quickml",
    "client_encoding": "UTF8",
}
"""Without these, a machine that was cut off would be waited for until TCP gives up, after many minutes."""
_OPTIONS = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "lock_timeout": "15s",
        "statement_timeout": "20s",  # nobody waits longer, see `postgres_patience`
        "idle_in_transaction_session_timeout": "10s",  # who is frozen in a claim must not hold up all others
        "synchronous_commit": "off",  # of single statements; what is promised sets it in its transaction
    }.items()
)
_UNHURRIED = "; ".join(
    f"SET LOCAL {name} TO 0"
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
)
_BEGIN = {
    Mode.READ: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    Mode.WRITE: "BEGIN ISOLATION LEVEL READ COMMITTED",
    Mode.DURABLE_WRITE: "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit TO on",
    Mode.ERASE: "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit TO on",
}
_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(:key)")
_IDLE = "SET LOCAL idle_in_transaction_session_timeout TO '{}s'"
_NOW = "SELECT extract(epoch FROM clock_timestamp())::float8"
_NO_RIGHT = "42501"
_VACUUM = "VACUUM files, file_names, uploads"
"""The tables with names that users gave to files."""


@databases.opens("postgresql", "postgres")
def opened(address: str) -> Database:
    """The database at `postgresql://user@host:port/name`; `postgres://` is the same."""
    return PostgresDatabase(address)


class PostgresDatabase(Database):
    """Writers of different rows do not wait for each other; those of the same `lock` do."""

    bugs = (*Database.bugs, DataError)
    failures = (DatabaseError, InterfaceError, PoolTimeoutError)
    writes_at_once = is_server = True

    def __init__(self, address: str) -> None:
        """Connect; create or migrate the tables."""
        connect = _connector(address)
        engine = create_engine(
            "postgresql+psycopg://",
            creator=connect,
            pool_size=POOL,
            max_overflow=MOST_CONNECTIONS - POOL,
            pool_timeout=POOL_TIMEOUT_S,
            hide_parameters=True,
        )
        super().__init__(engine, _without_parameters(masked(address)))
        self._clock = DatabaseClock()
        event.listen(engine, "begin", self._begin)
        event.listen(engine, "checkout", _check_open)
        _open.add(self)
        try:
            self.migrate()
        except ProgrammingError as error:
            if getattr(error.orig, "sqlstate", None) != _NO_RIGHT:
                raise
            raise StoreError(f"{self.name}: the tables cannot be made ({self.told(error)})") from error

    @contextmanager
    def _transaction(self, mode: Mode, lock: str = "") -> Iterator[Connection]:
        with super()._transaction(mode) as connection, _limits(connection, lock):
            if lock:
                self.lock(connection, lock)
            yield connection

    def lock(self, connection: Connection, lock: str) -> None:
        """See `Database`."""
        connection.execute(_LOCK, {"key": _key(lock)})

    @contextmanager
    def statement(self) -> Iterator[Connection]:
        """See `Database`."""
        with super()._transaction(Mode.STATEMENT) as connection:
            yield connection

    @contextmanager
    def alone(self, lock: str, *, at_most_s: float = 10.0) -> Iterator[bool]:
        """See `Database`."""
        with self.write(durable=False) as connection:
            connection.exec_driver_sql(_IDLE.format(round(at_most_s)))
            yield bool(connection.scalar(_TRY_LOCK, {"key": _key(lock)}))

    def now(self) -> datetime:
        """See `Database`."""
        return self._clock.now()

    def purge(self) -> bool:
        """See `Database`. Deleted rows are overwritten later; what the log has of them, when it is reused."""
        with self._reported(), closing(self._engine.raw_connection()) as connection:
            connection.cursor().execute(_VACUUM)
        return True

    def told(self, error: Exception) -> str:
        """See `Database`."""
        return super().told(error).strip().partition("\n")[0]

    def after_fork(self) -> None:
        """In the child: leave the parent's connections alone."""
        self._engine.dispose(close=False)

    def _begin(self, connection: Connection) -> None:
        if self._clock.is_due():
            self._clock.compare(lambda: connection.exec_driver_sql(_NOW).scalar_one())
        if (begin := _BEGIN.get(Mode.of(connection))) is not None:  # a single statement needs none
            connection.exec_driver_sql(begin)


@contextmanager
def _limits(connection: Connection, lock: str) -> Iterator[None]:
    """Let the statements of a migration take as long as they need."""
    if lock != MIGRATIONS:
        yield
        return
    connection.exec_driver_sql(_UNHURRIED)
    driver: Any = connection.connection.driver_connection
    limit, driver.answer_s = driver.answer_s, None
    try:
        yield
    finally:
        driver.answer_s = limit


def _check_open(connection: Any, *_: object) -> None:
    """Have a connection replaced that the server has ended while nobody used it.

    There is something to read then, and never otherwise. It costs the server nothing to find that out.
    """
    if not hasattr(select, "poll"):  # Windows: the first transaction after the end fails
        return
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        raise DisconnectionError("the server has ended this connection")


class DatabaseClock:
    """This machine's clock, corrected by how far that of the database is ahead."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._ahead_s, self._compared_at = 0.0, float("-inf")

    def now(self) -> datetime:
        """The time of the database."""
        return datetime.fromtimestamp(self._wall(), UTC) + timedelta(seconds=self._ahead_s)

    def is_due(self) -> bool:
        """Whether the clocks have not been compared for long."""
        return time.monotonic() - self._compared_at > CLOCK_EVERY_S

    def compare(self, ask: Callable[[], float]) -> None:
        """Compare them: `ask` asks the database for its time."""
        before = self._wall()
        theirs = ask()
        self._ahead_s = theirs - (before + self._wall()) / 2
        self._compared_at = time.monotonic()


def _connector(address: str) -> Callable[[], Any]:
    """A function that opens a connection.

    Raises:
        StoreError: psycopg is not installed, or the address cannot be used.
    """
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict, make_conninfo
    except ImportError as error:
        raise StoreError(
            "postgresql:// needs psycopg, which is not installed: pip install 'quickml-coreml[postgres]'"
        ) from error
    from quickml.storage import postgres_text
    from quickml.storage.postgres_patience import BoundedConnection

    address, password_file = _separated(address)
    try:
        parameters = conninfo_to_dict(address)
    except psycopg.Error:  # its text may have a part of a password
        name = _without_parameters(masked(address))
        raise StoreError(f"{name}: expected postgresql://user@host:port/name") from None
    if parameters.keys() & {"password", "sslpassword"} or masked(address) != address:
        hint = "expected an address without a password; put it into a file for `database_password_file`"
        raise StoreError(f"{_without_parameters(masked(address))}: {hint}")
    parameters = {**_DEFAULTS, **parameters}
    parameters["options"] = f"{_OPTIONS} {parameters.get('options', '')}".strip()

    def connect() -> psycopg.Connection:
        secret = {} if password_file is None else {"password": _password(password_file)}
        address = make_conninfo(**parameters, **secret)
        connection = BoundedConnection.connect(address, autocommit=True)  # see `_begin`
        postgres_text.adapt(connection)
        return connection

    return connect


def _separated(address: str) -> tuple[str, Path | None]:
    """The address as libpq takes it, and the file that has the password."""
    place, _, query = address.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    files = [value for name, value in pairs if name == PASSWORD_FILE]
    rest = urlencode([pair for pair in pairs if pair[0] != PASSWORD_FILE], quote_via=quote)
    return (f"{place}?{rest}" if rest else place), (Path(files[-1]) if files else None)


def _without_parameters(address: str) -> str:
    return address.partition("?")[0]


def _password(path: Path) -> str:
    try:
        password = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise StoreError(f"{path}: the password of the database cannot be read ({reason})") from error
    if not password or "\0" in password:
        raise StoreError(f"{path}: expected the password of the database, found none")
    return password


def _key(lock: str) -> int:
    """The number of a lock; 64 bits with a sign."""
    digest = hashlib.sha256(f"quickml {lock}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


_open: weakref.WeakSet[PostgresDatabase] = weakref.WeakSet()


def _after_fork() -> None:
    for database in list(_open):
        database.after_fork()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_after_fork)
