"""Real `quickml worker` processes on one PostgreSQL and one folder of files, as if each were on its own machine."""

import json
import os
import re
import signal
import subprocess
from contextlib import suppress

import psutil

import postgres_process
from quickml.document import read
from quickml.jobs.hosts import Hosts
from quickml.jobs.job import NewJob
from quickml.jobs.jobs import JobStore
from quickml.storage.addresses import Addresses
from quickml.storage.backends import Backends
from server_process import QUICKML

LEASE_S = 5.0


class Site:
    """A database with a folder of files, and hosts that have nothing else in common."""

    def __init__(self, folder, postgres=None):
        self.folder = folder
        self.postgres = postgres = postgres or postgres_process.shared()
        self.port, self.password_file = postgres.port, postgres.password_file
        address = postgres.new()
        self.name = re.search(r"/(\w+)\?", address)[1]
        (folder / "artifacts").mkdir(parents=True)
        files = Addresses.of_paths(database=folder / "unused.db", files=folder / "artifacts").files
        self.backends = Backends.open(Addresses(database=address, files=files))
        self.store, self.hosts = JobStore(self.backends.database), Hosts(self.backends.database)
        self.processes = []

    @property
    def address(self):
        """Without the password."""
        return f"postgresql://{postgres_process.USER}@127.0.0.1:{self.port}/{self.name}"

    def host(self, name, *flags, port=None):
        process = HostProcess(self, name, *flags, port=port)
        self.processes.append(process)
        return process

    def submit(self, document, *, epochs):
        """The id of a new job."""
        text = json.dumps({**document, "training": {**document["training"], "epochs": epochs}})
        plan = read(text).to_json()
        new = NewJob(owner="ann", name=document["name"], document=text, epochs=epochs, plan=plan)
        return self.store.submit(new)[0].id

    def of(self, job_id):
        """The host that runs a job."""
        return self.holding(self.store.job(job_id))

    def holding(self, job):
        """The host that ran a job when it was looked at."""
        return next((one for one in self.processes if one.id and one.id == job.holder), None)

    def close(self):
        for process in self.processes:
            process.kill()
        self.backends.close()


class HostProcess:
    """One `quickml worker`."""

    def __init__(self, site, name, *flags, port=None):
        self.data = site.folder / name
        self.data.mkdir()
        self.log = site.folder / f"{name}.log"
        address = f"postgresql://{postgres_process.USER}@127.0.0.1:{port or site.port}/{site.name}"
        settings = {
            "database": address, "database-password-file": site.password_file, "data": self.data, "files": site.folder / "artifacts",
            "seats": 1, "worker-threads": 1, "lease-s": LEASE_S, "checkpoint-every-s": 0, "grace-s": 60,
        }  # fmt: skip
        options = [part for key, value in settings.items() for part in (f"--{key}", str(value))]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*QUICKML, "worker", *options, *map(str, flags)], stdout=log, stderr=log
            )

    @property
    def id(self):
        found = [path.name for path in self.data.glob("scratch/host_*") if path.is_dir()]
        return found[0] if found else None

    def runs(self, job_id):
        """Whether it has the folder of an attempt at a job, which ends with the attempt."""
        return any(self.data.glob(f"scratch/host_*/{job_id}-*"))

    def all(self):
        """Its processes, the first one first."""
        with suppress(psutil.Error):
            first = psutil.Process(self.process.pid)
            return [first, *first.children(recursive=True)]
        return []

    def freeze(self):
        self._signal(signal.SIGSTOP)

    def thaw(self):
        self._signal(signal.SIGCONT)

    def _signal(self, number):
        for one in self.all():
            with suppress(psutil.Error):
                one.send_signal(number)

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def kill(self):
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
