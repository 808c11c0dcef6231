"""A real PostgreSQL on loopback for the tests of this process, in a folder of its own.

`quickml serve` and the stores are given its address, and read the password from a file.
"""

import atexit
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from waiting import until

USER, PASSWORD = "quickml", "a password: 100% secret?"
AT_ONCE = 4
"""Databases that one test may have open."""


def program(name):
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    return str(found[-1]) if found else shutil.which(name)


needs_postgres = pytest.mark.skipif(
    os.name == "nt"
    or program("initdb") is None
    or program("postgres") is None
    or importlib.util.find_spec("psycopg") is None,
    reason="PostgreSQL's initdb and postgres, or the extra [postgres], are not installed here",
)


class Postgres:
    """A server, made by `initdb`, which refuses to be run by root."""

    def __init__(self, *, fsync=False):
        self.folder = Path(tempfile.mkdtemp(prefix="quickml-postgres-"))
        self.data, self.log = self.folder / "data", self.folder / "log"
        self.password_file = self.folder / "password"
        self.password_file.write_text(f"{PASSWORD}\n")
        self._account = {}
        if os.geteuid() == 0:
            account = next(pwd.getpwnam(name) for name in ("postgres", "nobody") if _exists(name))
            self._account = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
            for path in (self.folder, self.password_file):
                os.chown(path, account.pw_uid, account.pw_gid)
        command = [program("initdb"), "-D", self.data, "-U", USER, "-A", "scram-sha-256", "--no-sync"]
        # A language that sorts texts otherwise than by characters.
        command += [f"--pwfile={self.password_file}", "-E", "UTF8", "--locale=C.UTF-8"]
        self._run([*command, "--locale-provider=icu", "--icu-locale=en"])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._fsync = "on" if fsync else "off"
        self._numbers = count()
        self.process = None
        self.start()

    def options(self, name):
        """Options of the commands that use a database of this server."""
        address = f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"
        return ["--database", address, "--database-password-file", str(self.password_file)]

    def _run(self, command):
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False, **self._account
        )
        assert done.returncode == 0, done.stderr

    def start(self):
        settings = {
            "listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "fsync": self._fsync,
            "max_connections": 200, "log_lock_waits": "on", "deadlock_timeout": "1s", "shared_buffers": "64MB",
            "logging_collector": "off",
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [program("postgres"), "-D", self.data, *options],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._account,
            )  # fmt: skip
        until(self._answers, "PostgreSQL to answer")

    def _answers(self):
        import psycopg

        assert self.process.poll() is None, self.log.read_text()
        try:
            self.sql("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, how=signal.SIGINT):
        """SIGINT ends all connections; SIGQUIT does not clean up, as in a crash."""
        self.process.send_signal(how)
        self.process.wait()

    @contextmanager
    def frozen(self):
        """All of its processes stand still, and their connections stay open."""
        root = psutil.Process(self.process.pid)
        processes = [root, *root.children()]
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in processes:
                process.resume()

    def close(self):
        if self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder)

    def sql(self, statement, database="postgres"):
        import psycopg

        address = f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"
        with psycopg.connect(address, password=PASSWORD, autocommit=True) as connection:
            found = connection.execute(statement)
            return found.fetchall() if found.description else []

    def new(self):
        """The address of a new database, without tables."""
        name = f"quickml_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name}")
        return self.address(name)

    def address(self, name, user=USER):
        secret = quote(str(self.password_file), safe="")
        return f"postgresql://{user}@127.0.0.1:{self.port}/{name}?password_file={secret}"


class Meter:
    """CPU time of a server and all of its processes, those that have ended included."""

    def __init__(self, server: Postgres):
        self._root = psutil.Process(server.process.pid)

    def seconds(self) -> float:
        times = self._root.cpu_times()
        total = times.user + times.system + times.children_user + times.children_system
        for process in self._root.children():
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def ms_each(self, call, times: int) -> float:
        """Milliseconds of a call. The kernel counts in steps of 10 ms, so there have to be many."""
        before = self.seconds()
        for _ in range(times):
            call()
        return (self.seconds() - before) * 1000 / times


def _exists(name):
    try:
        return bool(pwd.getpwnam(name))
    except KeyError:
        return False


@cache
def shared():
    """The server of this test process, which ends with it."""
    server = Postgres()
    atexit.register(server.close)
    return server


@cache
def _migrated(number):
    """A database with all tables, and a connection that empties them."""
    import psycopg

    from quickml.storage.database.postgres import PostgresDatabase

    address = shared().new()
    PostgresDatabase(address).close()
    plain = address.partition("?")[0]
    connection = psycopg.connect(plain, password=PASSWORD, autocommit=True, application_name="emptier")
    atexit.register(connection.close)
    return address, connection


_turns = count()


def alone_in(address):
    """Wait until this process alone uses the database of an address.

    A server goes on with a statement whose client was killed, and notices afterwards.
    """
    name = address.partition("?")[0].rpartition("/")[2]
    others = f"FROM pg_stat_activity WHERE datname = '{name}' AND backend_type = 'client backend'"
    until(
        lambda: not shared().sql(f"SELECT pid {others} AND application_name != 'emptier'"),
        "the others to be gone",
    )


def emptied():
    """The address of a database with empty tables: making one takes longer than most tests."""
    from quickml.storage.database.tables import metadata

    address, connection = _migrated(next(_turns) % AT_ONCE)
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid != pg_backend_pid()"
    connection.execute(f"SELECT pg_terminate_backend(pid, 5000) {others} AND backend_type = 'client backend'")
    for table in metadata.sorted_tables:
        connection.execute(f"DELETE FROM {table.name}")
    connection.execute("ALTER SEQUENCE events_position_seq RESTART")
    return address
