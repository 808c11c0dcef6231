"""Hosts on loopback, whose workers sleep instead of training: a part of `machines.py`.

What they cost a database while they are idle, how soon they notice that one is gone or a job is cancelled,
and how many jobs several of them do.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from executor_bench import new
from postgres_process import Meter, Postgres
from quickml.events import Status
from quickml.executors.heartbeat import Heartbeat
from quickml.jobs.hosts import LEASE_S, Host, Hosts
from quickml.jobs.jobs import JobStore
from quickml.storage.database.postgres import PostgresDatabase
from waiting import until

IDLE_SHARE, NOTICED_S, CANCELLED_S, LINEAR = 0.05, LEASE_S + 3, 1.0, 0.95
"""What each may take: of a core; after kill -9; after a cancel. Jobs a minute for each host, of one alone."""
SEATS, CONNECTIONS = 200, 40
HOST = """
import sys, time
from pathlib import Path
sys.path.append(sys.argv[4])
from executor_bench import FAKE
from quickml.executors.local.executor import LocalExecutor
from quickml.executors.local.supervisor import WorkerLimits
from quickml.jobs.hosts import WORKER, Hosts
from quickml.jobs.jobs import JobStore
from quickml.storage.addresses import Addresses
from quickml.storage.backends import Backends
from quickml.worker.options import WorkerOptions
address, folder, epoch_s = sys.argv[1:4]
scratch = Path(sys.argv[5])
addresses = Addresses(database=address, files=f"file://{folder}/artifacts")
database = Backends.open(addresses).database
limits = WorkerLimits(
    options=WorkerOptions(addresses=addresses, scratch=scratch), command=(sys.executable, FAKE, epoch_s)
)
executor = LocalExecutor(JobStore(database), Hosts(database), limits, workers=1, scratch=scratch, kind=WORKER)
executor.start()
while not any(one.state == "idle" for one in executor.workers()):
    time.sleep(0.05)
print(executor.host.id, flush=True)
time.sleep(1e6)
"""


class Machine:
    """A host with one seat."""

    def __init__(self, site, epoch_s: float):
        self.scratch = Path(tempfile.mkdtemp(dir=site.folder))
        support = Path(__file__).parents[1] / "tests" / "support"
        arguments = [site.address, site.folder, epoch_s, support, self.scratch]
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOST, *map(str, arguments)], stdout=subprocess.PIPE, text=True
        )

    def warm(self):
        self.id = self.process.stdout.readline().strip()
        assert self.id

    def runs(self, job_id):
        return any(self.scratch.glob(f"*/{job_id}-*"))

    def kill(self):
        self.process.kill()
        self.process.wait()


class Site:
    """A new database, a folder, and hosts."""

    def __init__(self, server: Postgres, folder: str):
        self.address, self.folder = server.new(), Path(folder)
        self.database = PostgresDatabase(self.address)
        self.store, self.hosts = JobStore(self.database), Hosts(self.database)
        self.machines = []

    def start(self, count: int, epoch_s: float):
        self.machines = [Machine(self, epoch_s) for _ in range(count)]
        for machine in self.machines:
            machine.warm()

    def submit(self):
        return self.store.submit(new())[0].id

    def trains(self, job_id):
        job = self.store.job(job_id)
        return job.status is Status.TRAINING and job.attempt

    def close(self):
        for machine in self.machines:
            machine.kill()
        self.database.close()


@contextmanager
def site_of(server):
    with tempfile.TemporaryDirectory() as folder, closing(Site(server, folder)) as site:
        yield site


def of_idle(server: Postgres, seats_each: int, seconds: float) -> float:
    """The share of a core that idle hosts with `SEATS` seats cost."""
    with site_of(server) as site, ExitStack() as stack:
        # Each host has a connection of its own, which it keeps; here, a few of them share one.
        databases = [stack.enter_context(closing(PostgresDatabase(site.address))) for _ in range(CONNECTIONS)]
        beats = [
            Heartbeat(
                Hosts(databases[number % CONNECTIONS]),
                Host(id=f"host_{number}", name=f"room-{number}", seats=seats_each),
                attempts=list,
                heed=lambda *_: None,
            )
            for number in range(SEATS // seats_each)
        ]
        for beat in beats:
            beat.start()
            time.sleep(1.0 / len(beats))
        time.sleep(3.0)
        meter = Meter(server)
        before = meter.seconds()
        time.sleep(seconds)
        share = (meter.seconds() - before) / seconds
        for beat in beats:
            beat.close()
        for beat in beats:
            beat.join()
    return share


def of_kill_and_cancel(server: Postgres) -> tuple[float, float]:
    """Seconds from kill -9 of a host to its job going on elsewhere; from a cancel to the worker's end."""
    with site_of(server) as site:
        site.start(2, epoch_s=3600.0)
        job_id = site.submit()
        until(lambda: site.trains(job_id), "the training")
        holder = site.store.job(job_id).holder
        first = next(one for one in site.machines if one.id == holder)
        (second,) = [one for one in site.machines if one is not first]
        began = time.monotonic()
        first.kill()
        until(lambda: site.trains(job_id) == 2, "the next attempt", patience_s=120)
        noticed_s = time.monotonic() - began
        until(lambda: second.runs(job_id), "its folder")
        began = time.monotonic()
        site.store.cancel(job_id)
        until(lambda: not second.runs(job_id), "its end")
        return noticed_s, time.monotonic() - began


def of_rate(server: Postgres, hosts: int, jobs_each: int) -> float:
    """Jobs a minute; each sleeps for about 3 s."""
    with site_of(server) as site:
        site.start(hosts, epoch_s=1.0)
        began = time.monotonic()
        for _ in range(hosts * jobs_each):
            site.submit()
        until(lambda: site.store.counts()[Status.READY] == hosts * jobs_each, "all of them", patience_s=600)
        return hosts * jobs_each * 60 / (time.monotonic() - began)


def measure(server: Postgres, *, seconds: float = 20.0, jobs_each: int = 6) -> Iterator[str]:
    """The rows for hosts of `machines.py`."""
    for each in (4, 1):
        share = of_idle(server, each, seconds)
        yield f"{SEATS} idle seats, {each} a host {share:8.1%} of a core, at most {IDLE_SHARE:.0%}"
    noticed_s, cancelled_s = of_kill_and_cancel(server)
    yield f"kill -9 of a host      {noticed_s:8.2f} s until its job goes on, at most {NOTICED_S:g}"
    yield f"cancel on another host {cancelled_s:8.2f} s until its end, at most {CANCELLED_S:g}"
    alone = 0.0
    for hosts in (1, 2, 4):
        rate = of_rate(server, hosts, jobs_each)
        alone = alone or rate
        yield (
            f"hosts of one seat: {hosts}   {rate:8.1f} jobs a minute,"
            f" {rate / hosts / alone:.2f} of linear, at least {LINEAR:g}"
        )
