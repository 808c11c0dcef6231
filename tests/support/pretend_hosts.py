"""Hosts that only pretend to train: threads that claim, append and complete as real hosts do, each with its lease.

    python pretend_hosts.py ADDRESS NAME HOSTS LEASE_S

Prints `ready JOB ATTEMPT` or `refused JOB ATTEMPT` for each attempt, and ends when its input does. Kill it, and
all of its hosts die wherever they just are; stop it for a while, and they become zombies.
"""

import random
import sys
import threading
from contextlib import closing
from functools import partial

from quickml.errors import FencedError, StoreError
from quickml.events import Progress, Status, Verified
from quickml.executors.claims import Claims
from quickml.executors.heartbeat import Heartbeat
from quickml.jobs.hosts import Host, Hosts
from quickml.jobs.job import Artifact
from quickml.jobs.jobs import JobStore
from quickml.storage.database.postgres import PostgresDatabase
from quickml.worker.patience import Patience

APPENDS, EACH, PAUSE_S = 5, 2, 0.4
"""Of an attempt: how often it appends, how many events, and the longest pause before it."""
OVER = threading.Event()
TURN = threading.Lock()
"""One host of a process claims at a time: a claim waits for all others, and each would use up a connection."""


def progress(step):
    metrics = {"loss": 1.0 / step}
    return Progress(
        epoch=1, epochs=1, step=step, steps=APPENDS * EACH, samples_per_second=1.0, metrics=metrics
    )


def report(what, attempt):
    sys.stdout.write(f"{what} {attempt.job_id} {attempt.number}\n")
    sys.stdout.flush()


class Pretender(threading.Thread):
    """One host with one seat."""

    def __init__(self, host, hosts, jobs):
        super().__init__(name=host.id)
        self.attempt, self.jobs = None, jobs
        self.heartbeat = Heartbeat(hosts, host, attempts=self.attempts, heed=self.heed)
        self.claims = Claims(jobs, lambda: host.id, may_claim=lambda: self.heartbeat.may_claim)
        self.random = random.Random(host.id)

    def attempts(self):
        return [one] if (one := self.attempt) else []

    def heed(self, *_):
        """A zombie does not know yet that it is one."""

    def run(self):
        self.heartbeat.start()
        while not OVER.is_set():
            self.claims.offer()
            try:
                with TURN:
                    self.attempt = self.claims.take()
            except StoreError as error:
                sys.stderr.write(f"{self.name}: {error}\n")
            if self.attempt is None:
                OVER.wait(0.2)
                continue
            try:
                self.work(self.attempt)
                report("ready", self.attempt)
            except FencedError:
                report("refused", self.attempt)
            self.attempt = None
        self.heartbeat.close()
        self.heartbeat.join()

    def work(self, attempt):
        patiently = Patience(120.0)
        last = attempt.last_event
        for number in range(APPENDS):
            OVER.wait(self.random.uniform(0.0, PAUSE_S))
            news = [progress(number * EACH + place + 1) for place in range(EACH)]
            last = patiently(partial(self.jobs.append, attempt, news, after=last))
        for status in (Status.TRAINING, Status.COMPILING, Status.VERIFYING):
            patiently(partial(self.jobs.advance, attempt, status))
        file = Artifact(
            job_id=attempt.job_id, name="model.mlmodel", kind="mlmodel", size_bytes=1,
            sha256="ab" * 32, media_type="application/octet-stream",
        )  # fmt: skip
        last = Verified(parity=(), folder="", files=(), seconds=1.0)
        patiently(partial(self.jobs.complete, attempt, [file], last))


def main():
    address, name, count, lease_s = sys.argv[1:]
    with closing(PostgresDatabase(address)) as work, closing(PostgresDatabase(address)) as beats:
        hosts, jobs = Hosts(beats, lease_s=float(lease_s)), JobStore(work)
        crowd = [
            Pretender(Host(id=f"{name}_{number}", name=name, lease_s=float(lease_s)), hosts, jobs)
            for number in range(int(count))
        ]
        for one in crowd:
            one.start()
        sys.stdin.read()
        OVER.set()
        for one in crowd:
            one.join()


if __name__ == "__main__":
    main()
