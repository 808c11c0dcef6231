"""A store with executors on it, for the tests of executors and workers."""

import json
import sys
from functools import partial
from pathlib import Path

import psutil

import waiting
from fake_worker import documented
from job_examples import opened
from quickml.events import TERMINAL
from quickml.executors.local.executor import LocalExecutor
from quickml.executors.local.supervisor import WorkerLimits
from quickml.jobs.hosts import LEASE_S, Hosts
from quickml.jobs.job import NewJob
from quickml.jobs.jobs import JobStore
from quickml.storage.addresses import Addresses
from quickml.testing.executor import MemoryExecutor
from quickml.worker.options import WorkerOptions

FAKE = str(Path(__file__).parent / "fake_worker.py")
PATIENCE_S = 120.0
"""How long to wait for what takes a second or two on a machine that has nothing else to do."""
HOURS = 3600.0

until = partial(waiting.until, patience_s=PATIENCE_S)


def new(name="diligent", owner="ann", **fields):
    return NewJob(owner=owner, name=name, document=json.dumps(documented(name)), epochs=3, **fields)


def worker_options(folder, **options):
    addresses = Addresses.of_paths(database=folder / "jobs.db", files=folder / "artifacts")
    return WorkerOptions(addresses=addresses, scratch=folder / "scratch", **options)


class ExecutorBench:
    """A store, and executors on it that are closed in the end."""

    def __init__(self, kind, folder):
        self.kind, self.folder = kind, folder
        self.database = opened(folder / "jobs.db")
        self.store = JobStore(self.database)
        self.options = worker_options(folder)
        self.running = []

    def start(self, epoch_s=0.0, workers=1, lease_s=LEASE_S, gpus=(), **limits):
        hosts = Hosts(self.database, lease_s=lease_s)
        if self.kind == "memory":
            executor = MemoryExecutor(self.store, hosts, workers=workers, epoch_s=epoch_s)
        else:
            command = (sys.executable, FAKE, str(epoch_s))
            executor = LocalExecutor(
                self.store,
                hosts,
                WorkerLimits(options=self.options, command=command, **limits),
                workers=workers,
                gpus=gpus,
                scratch=self.options.scratch,
            )
        executor.start()
        self.running.append(executor)
        return executor

    def submit(self, *args, **fields):
        job = self.store.submit(new(*args, **fields))[0]
        for executor in self.running:
            executor.wake()
        return job.id

    def status(self, job_id, *statuses):
        """Wait for one of these."""
        until(lambda: self.store.job(job_id).status in statuses, f"{statuses} of {self.store.job(job_id)}")
        return self.store.job(job_id)

    def over(self, job_id):
        return self.status(job_id, *TERMINAL)

    def types(self, job_id):
        return [
            event.type
            for event in self.store.events(job_id)
            if event.type not in ("progress", "batches", "snapshot")
        ]

    def close(self):
        for executor in self.running:
            executor.close(0.0)


def gone(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
