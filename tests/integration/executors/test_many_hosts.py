"""Many hosts on one PostgreSQL, of which a quarter is killed and a quarter frozen for longer than its lease."""

import signal
import subprocess
import sys
from functools import partial

import pretend_hosts
import rounds
import waiting
from job_examples import new
from postgres_process import Meter, emptied, needs_postgres, shared
from quickml.events import Status
from quickml.jobs.hosts import Hosts
from quickml.jobs.jobs import JobStore
from quickml.storage.database.postgres import PostgresDatabase

pytestmark = needs_postgres
JOBS, HOSTS = rounds.choose(few=100, full=1000), rounds.choose(few=20, full=100)
OWNERS, LEASE_S = 7, 5.0
until = partial(waiting.until, patience_s=600.0)


class Room:
    """A process with a quarter of the hosts."""

    def __init__(self, address, name):
        self.name, self.database = name, address.partition("?")[0].rpartition("/")[2]
        self.process = subprocess.Popen(
            [sys.executable, pretend_hosts.__file__, address, name, str(HOSTS // 4), str(LEASE_S)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def held(self):
        """The jobs and attempts that its hosts hold."""
        asked = f"SELECT id, attempt FROM jobs WHERE holder LIKE '{self.name}%'"
        return set(shared().sql(asked, self.database))

    def told(self):
        """Let it end; the attempts of which it said so much, by what it said."""
        found = {"ready": [], "refused": []}
        for line in self.process.communicate()[0].splitlines():
            word, job_id, number = line.split()
            found[word].append((job_id, int(number)))
        return found


def frozen_for_too_long(room):
    """The attempts that it held when it was frozen."""
    until(room.held, "what is frozen")
    room.process.send_signal(signal.SIGSTOP)
    seen = set()

    def released():
        held = room.held()
        seen.update(held)
        return not held

    until(released, "the leases to run out")
    room.process.send_signal(signal.SIGCONT)
    return seen


def test_every_job_is_ready_once_although_hosts_are_killed_and_frozen(capsys):
    address = emptied()
    database = PostgresDatabase(address)
    store, hosts, meter = JobStore(database), Hosts(database), Meter(shared())
    before_s = meter.seconds()
    rooms = [Room(address, name) for name in ("first", "second", "killed", "frozen")]
    first, second, killed, frozen = rooms
    try:
        until(lambda: len(hosts.leases()[0]) == HOSTS, "all hosts")  # or a late one might find nothing to do
        ids = [store.submit(new(f"owner {number % OWNERS}"))[0].id for number in range(JOBS)]
        until(killed.held, "what is killed")
        killed.process.kill()
        zombies = frozen_for_too_long(frozen)
        until(lambda: store.counts()[Status.READY] == JOBS, "all jobs")
        used_s = meter.seconds() - before_s
        told = {room: room.told() for room in rooms}
    finally:
        for room in rooms:
            room.process.kill()
            room.process.wait()
    assert [room.process.returncode for room in (first, second, frozen)] == [0, 0, 0]
    ready = [job_id for found in told.values() for job_id, _ in found["ready"]]
    assert len(ready) == len(set(ready))
    jobs = {job_id: store.job(job_id) for job_id in ids}
    again = {(job_id, number) for job_id, number in zombies if jobs[job_id].attempt > number}
    assert again
    assert again <= set(told[frozen]["refused"])
    for job in jobs.values():
        check(store, job)
    for number in range(OWNERS):
        changes = store.feed.changes(f"owner {number}", 0, 10**6)
        assert [change.position for change in changes] == list(range(1, len(changes) + 1))
    assert hosts.leases()[1] == []
    assert "deadlock detected" not in shared().log.read_text()
    database.close()
    if rounds.is_full:
        with capsys.disabled():
            print(
                f"\n{used_s * 1000 / JOBS:.1f} ms of PostgreSQL's CPU for each of {JOBS} jobs, {HOSTS} hosts"
            )


def check(store, job):
    assert (job.status, job.failures) == (Status.READY, 0), job
    events = store.events(job.id, limit=10**6)
    assert [event.sequence for event in events] == list(range(1, job.last_event + 1))
    types = [event.type for event in events]
    assert (types.count("verified"), types[-1]) == (1, "verified")
    assert types.count("interrupted") == job.attempt - 1
    assert len(store.artifacts(job.id)) == 1
