"""A server that is killed again and again, and the people who use it meanwhile."""

import json
import os
import signal
import sqlite3
import threading
import time
from contextlib import closing, suppress
from datetime import UTC, datetime

import httpx
import numpy as np
import psutil

from server_process import JSON, PATIENCE_S, Server, greeting, started

LAST = ("verified", "failed", "cancelled")
BUSY_S, ANY_S, POST_S, START_S = 1.0, 2.0, 0.05, 1.0
"""How long after the start of something a crash may come."""


def kept_epoch(checkpoint):
    """The epoch under way when a training was kept; 0 if another checkpoint has replaced this one."""
    try:
        with np.load(checkpoint, allow_pickle=False) as packed:
            return json.loads(packed["position"].tobytes())["epoch"]
    except FileNotFoundError:
        return 0


def deck(random, *cards):
    """Cards for ever: all of them in some order, then all of them again, so that few draws miss none."""
    while True:
        yield from random.sample(cards, len(cards))


class Site:
    """A data folder, and the server that works on it at the moment, if there is one."""

    def __init__(self, data, random, crashes, *flags):
        self.data, self.left = data, crashes
        self.server_kills, self.worker_kills = [], []
        self.kept = []
        """(job, attempt, epoch) of each checkpoint that a job had when something was killed: a later attempt does
        not begin before it."""
        self._random, self._flags = random, flags
        self._moments = deck(random, "sent", "any", "busy", "kept")
        self._victims = deck(random, "worker", "worker", "worker", "server")
        self.temporary = data.parent / "temporary"
        self.temporary.mkdir()
        self._server, self._process, self._is_over = None, None, False
        self._servers = []
        self._changed = threading.Condition()

    # For those who use it

    def server(self):
        """Waits until there is one."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._server or self._is_over, PATIENCE_S), "no server"
            assert not self._is_over, "the server is gone for good"
            return self._server

    def ask(self, request):
        """The answer of whichever server gives one: a crash may take the question, or the answer to it."""
        while True:
            server = self.server()
            with suppress(httpx.TransportError):
                return request(server.client)
            self._forget(server)

    def _forget(self, server):
        """Whoever finds it dead waits for the next one."""
        if server.process.poll() is not None:
            with self._changed:
                if self._server is server:
                    self._server = None

    # For the one who kills

    def start(self):
        """Another server; some are killed before they are there."""
        while True:
            self._process = started(self.data, *self._flags, environment={"TMPDIR": str(self.temporary)})
            if not (self.left and self.server_kills and self._random.random() < 0.25):
                break
            time.sleep(self._random.uniform(0, START_S))
            self._kill_server()
        server = Server(self._process, greeting(self._process))
        self._servers.append(server)
        with self._changed:
            self._server = server
            self._changed.notify_all()

    def crash(self, is_idle):
        """Wait for a random moment, and kill a random process; the server, where that loses a training that is
        to go on: of its workers another one may be at it."""
        is_kept = self._wait_for_a_moment(is_idle)
        self.kept += self._checkpoints()
        workers = psutil.Process(self._process.pid).children()
        if workers and not is_kept and next(self._victims) == "worker":
            self._kill_worker(self._random.choice(workers))
        else:
            self._kill_server()
            self.start()

    def _wait_for_a_moment(self, is_idle):
        kind = next(self._moments)
        if kind == "sent":
            time.sleep(self._random.uniform(0, POST_S))
        elif kind == "any":
            time.sleep(self._random.uniform(0, ANY_S))
        elif kind == "busy":
            self.server().until(lambda: is_idle() or self._is_busy(), "something to interrupt")
            time.sleep(self._random.uniform(0, BUSY_S))
        else:
            self.server().until(lambda: is_idle() or self._is_kept(), "something to go on from")
            return self._is_kept()
        return False

    def _is_busy(self):
        """Whether somebody trains."""
        return "busy" in self.server().client.get("/readyz").json()["workers"]

    def _is_kept(self):
        """Whether somebody trains who would lose epochs without the checkpoint."""
        return any(epoch > 1 for *_, epoch in self._checkpoints("status = 'training'"))

    def _checkpoints(self, where="TRUE"):
        """(job, attempt, epoch) of all that the database knows, which is what the next attempt begins with."""
        asked = f"SELECT id, attempt, checkpoint FROM jobs WHERE checkpoint IS NOT NULL AND {where}"
        with closing(sqlite3.connect(self.data / "quickml.db", timeout=PATIENCE_S)) as database:
            rows = database.execute(asked).fetchall()
        stored = self.data / "artifacts"
        return [(job, attempt, kept_epoch(stored / sha256[:2] / sha256)) for job, attempt, sha256 in rows]

    def _kill_worker(self, worker):
        moment = datetime.now(UTC)
        with suppress(psutil.NoSuchProcess):  # gone by itself
            worker.kill()
            self.worker_kills.append(moment)
        self.left -= 1

    def _kill_server(self):
        self.server_kills.append(datetime.now(UTC))
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        if self._server:
            self._forget(self._server)
        self.left -= 1

    def processes(self):
        """All that have to do with this folder, wherever they hang: their command lines name it."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.status() != psutil.STATUS_ZOMBIE and str(self.data) in " ".join(process.cmdline()):
                    found.append(process)
        return found

    def end(self):
        """SIGTERM; its exit code. Nobody waits for a server after that."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGTERM)
        try:
            return self._process.wait(timeout=PATIENCE_S)
        finally:
            self._process.kill()
            self._process.stdout.close()
            for server in self._servers:
                server.client.close()


class Customer:
    """Sends one document until it is taken, and follows the job to its end, through every crash."""

    def __init__(self, site, owner, secret, key, document):
        self.owner, self.document = owner, document
        self._site, self._key = site, key
        self._bearer = {"Authorization": f"Bearer {secret}"}
        self.job_id, self.told = None, []

    def run(self):
        self.job_id = self.post()
        while not (self.told and self.told[-1][1]["type"] in LAST):
            self._site.ask(self._follow)

    def post(self):
        """The id of the job, from the first answer that comes."""
        headers = {**JSON, **self._bearer, "Idempotency-Key": self._key}
        answer = self._site.ask(lambda client: client.post("/v1/jobs", json=self.document, headers=headers))
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    def get(self, path, **parameters):
        answer = self._site.ask(lambda client: client.get(path, headers=self._bearer, params=parameters))
        assert answer.status_code == 200, answer.text
        return answer

    def replay(self):
        """All events, as somebody sees them who comes when everything is over."""
        return list(_events(self.get(f"/v1/jobs/{self.job_id}/events").text.split("\n")))

    def _follow(self, client):
        """As an EventSource does: from the last event that was seen."""
        seen = self.told[-1][0] if self.told else 0
        headers = {**self._bearer, "Last-Event-ID": str(seen)}
        with client.stream("GET", f"/v1/jobs/{self.job_id}/events", headers=headers) as answer:
            assert answer.status_code == 200
            for event in _events(answer.iter_lines()):
                self.told.append(event)


def _events(lines):
    """(number, event), each with the empty line that says that it is whole."""
    number, data = None, None
    for line in lines:
        if line.startswith("id: "):
            number = int(line[4:])
        elif line.startswith("data: "):
            data = json.loads(line[6:])
        elif not line and data is not None:
            yield number, data
            data = None
