"""The services of `deploy/compose.many.yaml` without Docker: each process by hand, with the command and the
environment of the file. Every container has an address of its own on loopback, so ports are those of the file;
names of services become these addresses, and paths of containers become folders.
"""

import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from graphlib import TopologicalSorter
from itertools import count
from pathlib import Path

import pytest
import yaml

import postgres_process
import s3_process
from nginx_process import CONFIGURATION, needs_nginx, proxying
from server_process import QUICKML, ROOT
from waiting import until

FILE = ROOT / "deploy" / "compose.many.yaml"
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="all of 127.0.0.0/8 is of Linux")
MARKS = [postgres_process.needs_postgres, s3_process.needs_s3, needs_nginx, needs_linux]


class Container:
    """One process that stands for a container of a service."""

    def __init__(self, composed, service, number):
        self.address = f"{composed.network}.{next(composed.numbers)}"
        self.name, self.folder = f"{service}-{number}", composed.folder / f"{service}-{number}"
        self.folder.mkdir()
        self.log = composed.folder / f"{self.name}.log"
        self._composed, self._service = composed, service
        self.process = None

    def text(self, value):
        """A value of the file, for here."""
        places = {
            "/run/secrets": self._composed.secrets, "/var/lib/quickml": self.folder,
            "/var/lib/postgresql/data": self.folder / "data", "/data": self.folder,
        }  # fmt: skip
        for place, folder in places.items():
            value = re.sub(rf"(?<![\w/]){place}\b", str(folder), value)
        names = "|".join(self._composed.containers)
        value = re.sub(
            rf"(?<![\w.-])({names})(?=[:/])|(?<==)({names})$",
            lambda name: self._composed.containers[name[1] or name[2]][0].address,
            value,
        )
        return value.replace("0.0.0.0", self.address)

    def command(self, program, words=None):
        given = self._composed.services[self._service]["command"] if words is None else words
        return [*program, *map(self.text, given)]

    @property
    def environment(self):
        own = {
            key: self.text(value)
            for key, value in self._composed.services[self._service].get("environment", {}).items()
        }
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("QUICKML")}
        return {**inherited, **own}

    def start(self, program, **options):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(program), cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True, **options,
            )  # fmt: skip
        return self

    def run(self, program, words, **options):
        return subprocess.run(
            self.command(program, words), cwd=self.folder, env=self.environment, capture_output=True, text=True,
            check=False, timeout=240, **options,
        )  # fmt: skip

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Composed:
    """All services, in the order of `depends_on`."""

    def __init__(self, folder):
        services = yaml.safe_load(FILE.read_text())["services"]
        self.services = {name: one for name, one in services.items() if "profiles" not in one}
        self.folder = folder
        self.network, self.numbers = f"127.89.{os.getpid() % 250 + 1}", count(2)
        shutil.copy(ROOT / "deploy" / "make-secrets.sh", folder)
        subprocess.run(["sh", folder / "make-secrets.sh"], check=True, timeout=60)
        self.secrets = folder / "secrets"
        self.containers = {
            name: [
                Container(self, name, number + 1)
                for number in range(service.get("deploy", {}).get("replicas", 1))
            ]
            for name, service in self.services.items()
        }
        self.nginx, self._ends = None, ExitStack()

    def start(self):
        order = TopologicalSorter({name: one.get("depends_on", ()) for name, one in self.services.items()})
        for name in order.static_order():
            getattr(self, f"_start_{name}")()

    def run(self, line):
        """A line of the documentation: `docker compose -f ... run --rm SERVICE WORD...`."""
        service, *words = shlex.split(line.partition(" run --rm ")[2])
        return self.containers[service][0].run(QUICKML, words)

    def secret_words(self):
        """All that nobody may see."""
        found = [(self.secrets / "database_password").read_text().strip()]
        return [
            *found,
            re.search(r"secret_access_key = (\S+)", (self.secrets / "files_credentials").read_text())[1],
        ]

    def close(self):
        self._ends.close()
        for containers in reversed(self.containers.values()):
            for one in containers:
                one.kill()

    def _start_database(self):
        (one,) = self.containers["database"]
        environment, account = one.environment, {}
        if os.geteuid() == 0:  # it refuses to be run by root, as the image does not
            user = pwd.getpwnam("nobody")
            account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        password = one.folder / "password"
        shutil.copy(environment["POSTGRES_PASSWORD_FILE"], password)
        for path in (one.folder, password) if account else ():
            shutil.chown(path, account["user"], account["group"])
        bin = postgres_process.program("initdb").removesuffix("initdb")
        words = [
            "-D",
            str(one.folder / "data"),
            f"--username={environment['POSTGRES_USER']}",
            f"--pwfile={password}",
        ]
        made = one.run(
            [f"{bin}initdb"], [*words, *shlex.split(environment["POSTGRES_INITDB_ARGS"])], **account
        )
        assert made.returncode == 0, made.stderr
        with (one.folder / "data" / "pg_hba.conf").open("a") as rules:  # as the image does
            rules.write("host all all all scram-sha-256\n")
        postgres, *words = self.services["database"]["command"]
        assert postgres == "postgres"
        self.services["database"]["command"] = words
        here = [
            "-D",
            one.folder / "data",
            "-c",
            f"listen_addresses={one.address}",
            "-c",
            "unix_socket_directories=",
        ]
        one.start([f"{bin}{postgres}", *map(str, here)], **account)
        check, program, *words = self.services["database"]["healthcheck"]["test"]
        assert check == "CMD"
        words = [word.replace("127.0.0.1", one.address) for word in words]
        until(lambda: one.run([f"{bin}{program}"], words).returncode == 0, "the database to be healthy")
        import psycopg

        address = f"postgresql://{environment['POSTGRES_USER']}@{one.address}/postgres"
        with psycopg.connect(address, password=password.read_text().strip(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {environment['POSTGRES_DB']}")

    def _start_files(self):
        self.containers["files"][0].start([s3_process.program(), "-logtostderr"])

    def _start_bucket(self):
        (one,) = self.containers["bucket"]
        words = [
            word.replace("weed ", f"{s3_process.program()} ") for word in self.services["bucket"]["command"]
        ]
        program = self.services["bucket"]["entrypoint"]
        assert self.services["bucket"]["restart"] == "on-failure"
        until(lambda: self._made(one, program, words), "the bucket")

    def _made(self, bucket, program, words):
        (files,) = self.containers["files"]
        assert files.process.poll() is None, files.log.read_text()
        return bucket.run(program, words).returncode == 0

    def _start_server(self):
        for one in self.containers["server"]:
            one.start(QUICKML)
        for one in self.containers["server"]:
            until(
                lambda one=one: "QuickML" in one.log.read_text() or one.process.poll() is not None, "a server"
            )
            assert one.process.poll() is None, one.log.read_text()

    def _start_worker(self):
        self.containers["worker"][0].start(QUICKML)  # of two: each takes a while to be warm

    def _start_nginx(self):
        name, _, port = self.services["nginx"]["environment"]["UPSTREAM"].partition(":")
        (line,) = re.findall(r"^ *server \$\{UPSTREAM\}.*$", CONFIGURATION.read_text(), re.MULTILINE)
        addresses = [f"{one.address}:{port}" for one in self.containers[name]]  # what Docker's DNS answers
        lines = "\n".join(line.replace("${UPSTREAM}", address) for address in addresses)
        text = CONFIGURATION.read_text().replace(line, lines)
        self.nginx = self._ends.enter_context(proxying("none", self.folder, configuration=text))


@contextmanager
def composed():
    """The services, until the end of the context, in a folder into which other users can look."""
    with tempfile.TemporaryDirectory(prefix="quickml-compose-") as name:
        Path(name).chmod(0o755)
        found = Composed(Path(name))
        try:
            found.start()
            yield found
        finally:
            found.close()
