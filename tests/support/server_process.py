"""A real `quickml serve` on loopback, as somebody starts it."""

import json
import os
import re
import select
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
QUICKML = [sys.executable, "-c", "from quickml.cli import main; main()"]
PATIENCE_S = 240.0
"""For what takes seconds on a machine with nothing else to do."""
JSON = {"Content-Type": "application/json"}


def quickml(*arguments):
    return subprocess.run(
        [*QUICKML, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )


class Server:
    def __init__(self, process, greeting):
        self.process, self.greeting = process, greeting
        self.address = re.search(r"https?://\S+", greeting)[0]
        self.client = httpx.Client(base_url=self.address, timeout=PATIENCE_S)

    def submit(self, document, **headers):
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        answer = self.until(lambda: self._taken(content, headers), "the file of the document to be read")
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    def _taken(self, content, headers):
        answer = self.client.post("/v1/jobs", content=content, headers={**JSON, **headers})
        return None if answer.status_code == 409 and "file-importing" in answer.text else answer

    def job(self, job_id):
        return self.client.get(f"/v1/jobs/{job_id}").json()

    def events(self, job_id, after=0, until=None):
        """(number, event) as they come over SSE, to the end or to one of a type."""
        found, number = [], None
        headers = {"Last-Event-ID": str(after)}
        with self.client.stream("GET", f"/v1/jobs/{job_id}/events", headers=headers) as answer:
            for line in answer.iter_lines():
                if line.startswith("id: "):
                    number = int(line[4:])
                elif line.startswith("data: "):
                    found.append((number, json.loads(line[6:])))
                    if found[-1][1]["type"] == until:
                        break
        return found

    def until(self, condition, what="it"):
        deadline = time.monotonic() + PATIENCE_S
        while not (found := condition()):
            assert time.monotonic() < deadline, f"waited in vain for {what}"
            assert self.process.poll() is None, "the server is gone"
            time.sleep(0.05)
        return found


def started(data, *flags, environment=None):
    """The process of a server on a free port, which may not listen yet; it logs beside its data."""
    with (data.parent / f"{data.name}.log").open("a") as log:
        return subprocess.Popen(
            [*QUICKML, "serve", "--data", str(data), "--port", "0", "--workers", "1", *map(str, flags)],
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, **(environment or {})},
        )


@contextmanager
def serving(data, *flags, environment=None):
    """A server on a free port, ended by SIGTERM; `server.process.kill()` ends it otherwise."""
    process = started(data, *flags, environment=environment)
    try:
        server = Server(process, greeting(process))
        with closing(server.client):
            yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=PATIENCE_S)
        finally:
            process.kill()
            process.stdout.close()


def greeting(process):
    """All that it prints before it serves, which it writes at once."""
    text = b""
    deadline = time.monotonic() + PATIENCE_S
    while b"\ndata " not in text and time.monotonic() < deadline:
        if select.select([process.stdout], [], [], 1.0)[0]:
            chunk = os.read(process.stdout.fileno(), 1 << 16)
            assert chunk, f"it ended with {process.wait()}: {text.decode()}"
            text += chunk
    return text.decode()
