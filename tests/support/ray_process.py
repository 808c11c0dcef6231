"""A real Ray cluster on loopback: each node has an address of its own, and its processes can be killed together."""

import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from host_process import LEASE_S
from server_process import QUICKML
from waiting import until

needs_ray = pytest.mark.skipif(
    sys.platform != "linux" or importlib.util.find_spec("ray") is None,
    reason="the extra [ray] is not installed, or nodes cannot have addresses of their own here",
)


class RayCluster:
    """A head without cores, on which nothing is placed, and a node with one seat."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="quickml-ray-", dir="/tmp"))  # paths of sockets are short
        self.token = secrets.token_hex(32)
        self.environment = {
            **os.environ,
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": self.token,
            "RAY_USAGE_STATS_ENABLED": "0",
            # How long nodes and drivers wait for the head before they end themselves, 60 by default.
            "RAY_gcs_rpc_server_reconnect_timeout_s": "5",
        }
        self._network = f"127.77.{os.getpid() % 250 + 1}"
        self._port, self._client_port = _free_ports()
        self.address, self.client_address = (
            f"{self._network}.2:{self._port}",
            f"ray://{self._network}.2:{self._client_port}",
        )
        self._processes = []

    def head(self):
        flags = [
            "--head",
            f"--port={self._port}",
            f"--ray-client-server-port={self._client_port}",
            "--num-cpus=0",
        ]
        flags += ["--include-dashboard=false", "--disable-usage-stats", f"--temp-dir={self.folder}/t"]
        return self._start("2", flags)

    def node(self):
        return self._start("3", [f"--address={self.address}", "--num-cpus=1"])

    def _start(self, host, flags):
        small = ["--object-store-memory=80000000", "--memory=2000000000", "--block"]
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", *flags, *small]
        path = self.folder / f"log{len(self._processes)}"
        with path.open("ab") as log:
            process = subprocess.Popen(
                [*command, f"--node-ip-address={self._network}.{host}"],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        machine = Machine(process)
        self._processes.append(machine)

        def is_up():
            assert process.poll() is None, path.read_text()
            return "Ray runtime started" in path.read_text()

        until(is_up, "a node of Ray", patience_s=300.0)
        return machine

    def launcher(self, site, address, *flags, **environment):
        """`quickml cluster` for a database."""
        settings = {
            "address": address, "database": site.address, "database-password-file": site.password_file,
            "data": site.folder / "node", "files": site.folder / "artifacts", "lease-s": LEASE_S, "checkpoint-every-s": 0,
            "grace-s": 30,
        }  # fmt: skip
        options = [part for key, value in settings.items() for part in (f"--{key}", str(value))]
        log = site.folder / "cluster.log"
        with log.open("ab") as file:
            process = subprocess.Popen(
                [*QUICKML, "cluster", *options, *map(str, flags)],
                env={**self.environment, **environment}, stdout=file, stderr=file,
            )  # fmt: skip
        self._processes.append(Machine(process))
        return process

    def close(self):
        for machine in reversed(self._processes):
            machine.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def _free_ports():
    """Two, on all addresses: the head listens on each of them, whatever its own is."""
    with socket.socket() as one, socket.socket() as other:
        for each in (one, other):
            each.bind(("", 0))
        return one.getsockname()[1], other.getsockname()[1]


class Machine:
    """A process and all that it has started, which end together when their machine does."""

    def __init__(self, process):
        self.process = process

    def all(self):
        with suppress(psutil.Error):
            first = psutil.Process(self.process.pid)
            return [first, *first.children(recursive=True)]
        return []

    def kill(self):
        for one in self.all():
            with suppress(psutil.Error):
                one.kill()
        self.process.wait()
