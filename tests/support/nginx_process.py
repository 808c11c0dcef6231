"""A real nginx on loopback, with the configuration that `deploy/` has for it."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from string import Template

import psutil
import pytest

from server_process import ROOT
from waiting import until

CONFIGURATION = ROOT / "deploy" / "nginx.conf"
LOGS = "/var/log/nginx/"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")
needs_nginx = pytest.mark.skipif(
    NGINX is None or shutil.which("openssl") is None, reason="nginx and openssl are not installed here"
)
SURROUNDINGS = """
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/logs/nginx.log;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
    default_type application/octet-stream;
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/other;
    uwsgi_temp_path {folder}/other;
    scgi_temp_path {folder}/other;
    include {folder}/quickml.conf;
}}
"""
"""What a distribution's own nginx.conf is for."""


class Nginx:
    """In front of an upstream; `artifacts` is the folder that `X-Accel-Redirect` leads to."""

    def __init__(self, folder, upstream, artifacts, *, user=None, command=(), configuration=None):
        self.folder, self._command = folder, [*command, NGINX]
        self.http, self.https = _free_port(), _free_port()
        self.address = f"https://127.0.0.1:{self.https}"
        self.access_log, self.error_log = (folder / "logs" / f"{name}.log" for name in ("access", "error"))
        for name in ("logs", "body", "proxy", "other", "tls"):
            (folder / name).mkdir()
        make_certificate(folder / "tls")
        self._values = {
            "SERVER_NAME": "127.0.0.1",
            "HTTP_PORT": f"127.0.0.1:{self.http}",
            "HTTPS_PORT": f"127.0.0.1:{self.https}",
            "CERTIFICATES": folder / "tls",
            "UPSTREAM": upstream,
            "ARTIFACTS": artifacts,
        }
        self.configure(configuration or CONFIGURATION.read_text())
        # Only root may say who reads the files; everybody else reads them as who they are.
        user = f"user {user or 'root'};" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(SURROUNDINGS.format(folder=folder, user=user))
        self.process = None

    def configure(self, text):
        """For the next start or reload."""
        assert text.count(LOGS) == 2
        text = filled(text, self._values).replace(LOGS, f"{self.folder}/logs/")
        (self.folder / "quickml.conf").write_text(text)

    @property
    def context(self):
        """For a client that trusts this certificate and no other."""
        return ssl.create_default_context(cafile=self.folder / "tls" / "chain.pem")

    def start(self):
        with (self.folder / "logs" / "output.log").open("a") as output:
            self.process = subprocess.Popen(
                [*self._command, "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")], stderr=output
            )
        until(self._answers, "nginx")

    def _answers(self):
        said = (self.folder / "logs" / "output.log").read_text()
        assert self.process.poll() is None, f"nginx ended with {self.process.returncode}: {said}"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.https)) == 0

    def stop(self):
        """At once; connections break."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=60)

    def reload(self):
        """New workers, which read everything anew; the old ones finish what they have begun."""
        before = set(self.workers())
        self.process.send_signal(signal.SIGHUP)
        until(lambda: set(self.workers()) - before, "new workers")

    def workers(self):
        """Their process ids."""
        return [child.pid for child in psutil.Process(self.process.pid).children(recursive=True)]

    def memory_bytes(self):
        """What all of its processes hold of their own."""
        pids = [self.process.pid, *self.workers()]
        return sum(
            psutil.Process(pid).memory_info().rss - psutil.Process(pid).memory_info().shared for pid in pids
        )

    def temporary_bytes(self):
        """What it has put aside on the disk, in files with a name and in files without."""
        named = sum(file.stat().st_size for file in self.folder.glob("proxy/**/*") if file.is_file())
        return named + sum(_deleted_bytes(pid) for pid in self.workers())


def filled(text, values):
    """A configuration whose `${NAMES}` are replaced, as `envsubst` does for those that it is told."""
    template = Template(text)
    missing = [name for name in template.get_identifiers() if name.isupper() and name not in values]
    assert not missing, f"{missing} have no value"
    return template.safe_substitute(values)


def make_certificate(folder):
    """`chain.pem` and `key.pem` of this machine's own names, trusted by nobody who is not told to."""
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", folder / "key.pem", "-out", folder / "chain.pem", "-days", "2",
            "-subj", "/CN=QuickML test", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
        ],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip


@contextmanager
def proxying(upstream, artifacts, **options):
    """An nginx before `upstream` (host:port), in a folder into which other users can look."""
    with tempfile.TemporaryDirectory(prefix="quickml-nginx-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        nginx = Nginx(folder, upstream, artifacts, **options)
        try:
            nginx.start()
            yield nginx
        finally:
            nginx.stop()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _deleted_bytes(pid):
    """Of open files that have no name any more (Linux)."""
    total = 0
    for entry in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            if str(entry.readlink()).endswith(" (deleted)"):
                total += entry.stat().st_size
        except OSError:  # closed meanwhile
            continue
    return total
