"""One database under many processes: nobody takes what another has, and whoever is killed leaves nothing half."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import postgres_process
import rounds
from job_examples import DATABASES, Jobs, new, opened, progress
from quickml.events import Status
from quickml.jobs.hosts import Hosts
from quickml.jobs.tokens import TokenStore
from quickml.storage.addresses import databases
from quickml.storage.database.sqlite import SqliteDatabase

CLAIMER = """
import sys
from quickml.storage.addresses import databases
from quickml.jobs.jobs import JobStore

store = JobStore(databases.open(sys.argv[1]))
print("open", flush=True)
sys.stdin.readline()
while attempt := store.claim("host"):
    print(attempt.job_id, attempt.number, flush=True)
"""

WRITER = """
import sys
from quickml.events import Progress
from quickml.storage.addresses import databases
from quickml.jobs.job import NewJob
from quickml.jobs.jobs import JobStore

store = JobStore(databases.open(sys.argv[1]))
while True:
    job, _ = store.submit(NewJob(owner="ada", name="x", document="{}" + " " * 20_000, epochs=1))
    print(job.id, 0, flush=True)
    attempt, last = store.claim("host"), 0
    for step in range(1, 4):
        news = [
            Progress(epoch=1, epochs=1, step=step, steps=3, samples_per_second=1.0, metrics={"loss": 0.5})
            for _ in range(7)
        ]
        last = store.append(attempt, news, after=last)
        print(attempt.job_id, last, flush=True)
"""

HOST = """
import random, sys, time
from quickml.errors import FencedError, StoreError
from quickml.events import Progress, Status, Verified
from quickml.jobs.jobs import JobStore
from quickml.jobs.hosts import Host, Hosts, HostWatch
from quickml.storage.addresses import databases

holder = sys.argv[2]
random.seed(holder)
database = databases.open(sys.argv[1])
store, hosts, watch = JobStore(database), Hosts(database, lease_s=5.0), HostWatch(5.0)

def step(attempt):
    return [Progress(epoch=1, epochs=1, step=1, steps=1, samples_per_second=1.0, metrics={"loss": 0.5})] * 2

def reap():
    leases, orphans = hosts.leases()
    lost = watch.expired(leases)
    if lost or orphans:
        with hosts.reaping() as is_alone:
            if is_alone:
                for lease in lost:
                    hosts.give_up(lease)
                for orphan in hosts.leases()[1]:
                    hosts.release(orphan, "lost")

def keep():
    if not hosts.renew(holder):
        hosts.join(Host(id=holder, name=holder, lease_s=5.0))

print("open", flush=True)
sys.stdin.readline()
while any(store.counts()[status] for status in Status if status.value not in ("ready", "failed", "cancelled")):
    keep()
    reap()
    attempt = store.claim(holder)
    if attempt is None:
        time.sleep(0.05)
        continue
    last = attempt.last_event
    try:
        for number in range(4):
            last = store.append(attempt, step(attempt), after=last)
            keep()
            reap()
        for status in (Status.TRAINING, Status.COMPILING, Status.VERIFYING):
            store.advance(attempt, status)
        if attempt.number == 1 and random.random() < 0.25:
            holder += "x"  # as if it had died: its lease has to run out
            continue
        store.complete(attempt, [], Verified(parity=(), folder="", files=(), seconds=1.0))
        print(attempt.job_id, flush=True)
    except FencedError:
        pass  # cancelled, or released because it was slow
"""


def start(script, address, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", script, address, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture(params=DATABASES)
def address(request, tmp_path):
    if request.param == "postgres":
        yield postgres_process.emptied()
        log = postgres_process.shared().log.read_text()
        assert "deadlock detected" not in log
        return
    opened(tmp_path / "quickml.db").close()
    yield f"sqlite:///{tmp_path}/quickml.db"


def test_no_job_is_claimed_twice(address):
    store = Jobs(databases.open(address))
    for number in range(60):
        store.submit(new(f"owner {number % 7}"))
    claimers = [start(CLAIMER, address) for _ in range(4)]
    for claimer in claimers:
        assert claimer.stdout.readline() == "open\n"
    outputs = [[] for _ in claimers]
    readers = [
        threading.Thread(target=lambda c=claimer, o=output: o.extend(c.communicate("go\n")[0].split("\n")))
        for claimer, output in zip(claimers, outputs, strict=True)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert [claimer.returncode for claimer in claimers] == [0] * 4
    claimed = [line.split() for output in outputs for line in output if line]
    assert all(number == "1" for _, number in claimed)
    assert sorted(job_id for job_id, _ in claimed) == sorted(job.id for job in store.jobs(limit=100))


@pytest.mark.parametrize("lines", [1, 14])
def test_a_writer_that_is_killed_leaves_nothing_half(address, lines):
    """Two write at once, both are killed in the middle of it; what they were told is done is there, all of it."""
    database = databases.open(address)
    writers = [start(WRITER, address) for _ in range(2)]
    told = [writer.stdout.readline().split() for _ in range(lines) for writer in writers]
    for writer in writers:
        writer.send_signal(signal.SIGKILL)
    for writer in writers:
        with writer:
            rest = writer.stdout.read().split("\n")
        told += [line.split() for line in rest[:-1]]  # what follows the last line break may be cut off
        assert writer.returncode == -signal.SIGKILL
    if not address.startswith("sqlite"):
        database.close()
        postgres_process.alone_in(address)

    store = Jobs(database)
    jobs = {job.id: job for job in store.jobs(limit=1000)}
    for job_id, last in told:
        assert jobs[job_id].last_event >= int(last)
    for job in jobs.values():
        sequences = [event.sequence for event in store.events(job.id)]
        assert sequences == list(range(1, job.last_event + 1))
        assert job.last_event % 7 == 0
        assert (job.status is Status.QUEUED) == (job.attempt == 0)
    if address.startswith("sqlite"):
        with database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    hosts = Hosts(database)
    assert all(hosts.release(orphan, "killed") for orphan in hosts.leases()[1])
    assert hosts.leases() == ([], [])
    assert store.submit(new())[1]


@pytest.mark.parametrize("kind", DATABASES)
def test_many_processes_open_a_new_database_at_once(tmp_path, kind):
    is_file = kind == "sqlite"
    address = f"sqlite:///{tmp_path}/quickml.db" if is_file else postgres_process.shared().new()
    openers = [start(CLAIMER, address) for _ in range(4)]
    assert [opener.communicate("go\n")[0] for opener in openers] == ["open\n"] * 4
    assert [opener.returncode for opener in openers] == [0] * 4


def test_hosts_that_claim_append_die_and_reap_finish_every_job_once(address):
    """And owners cancel meanwhile. No event is missing or there twice."""
    database = databases.open(address)
    store, cancelled = Jobs(database), []
    count = rounds.choose(few=40, full=400)
    ids = [store.submit(new(f"owner {number % 5}"))[0].id for number in range(count)]
    hosts = [start(HOST, address, f"host_{number}") for number in range(4)]
    for host in hosts:
        assert host.stdout.readline() == "open\n"
    for host in hosts:
        host.stdin.write("go\n")
        host.stdin.flush()
    for job_id in ids[::8]:
        time.sleep(0.05)
        if store.cancel(job_id).status is Status.CANCELLED:
            cancelled.append(job_id)
    told = [line for host in hosts for line in host.communicate()[0].splitlines()]
    assert [host.returncode for host in hosts] == [0] * len(hosts)
    assert sorted(told + cancelled) == sorted(ids)
    for job_id in ids:
        job = store.job(job_id)
        assert job.status is (Status.CANCELLED if job_id in cancelled else Status.READY), job
        sequences = [event.sequence for event in store.events(job_id)]
        assert sequences == list(range(1, job.last_event + 1))
    for owner in {f"owner {number}" for number in range(5)}:
        changes = store.feed.changes(owner, 0, 10**6)
        assert [change.position for change in changes] == list(range(1, len(changes) + 1))
    database.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows does not fork")
def test_a_store_works_on_both_sides_of_a_fork(address):
    """Forked while another thread writes, which is where a connection would be copied in use."""
    store = Jobs(databases.open(address))
    store.submit(new())
    attempt = store.claim()
    over = threading.Event()

    def write():
        while not over.is_set():
            store.append(attempt, [progress()])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        children = [
            multiprocessing.get_context("fork").Process(target=submit_ten, args=(store,)) for _ in range(3)
        ]
        for child in children:
            child.start()
        for child in children:
            child.join()
    finally:
        over.set()
        writer.join()
    assert [child.exitcode for child in children] == [0, 0, 0]
    jobs = store.jobs(limit=100)
    assert len(jobs) == 31
    assert len({job.id for job in jobs}) == 31
    sequences = [event.sequence for event in store.events(attempt.job_id, limit=10**6)]
    assert sequences == list(range(1, store.job(attempt.job_id).last_event + 1))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="Linux lists open files there")
def test_no_connection_comes_through_a_fork(tmp_path):
    path = tmp_path / "quickml.db"
    Jobs(opened(path)).submit(new())  # forgotten here, yet not collected at once
    database = opened(path.with_name("other.db"))
    Jobs(database).submit(new())
    assert open_files(tmp_path)
    child = multiprocessing.get_context("fork").Process(target=check_nothing_is_open, args=(tmp_path,))
    child.start()
    child.join()
    assert child.exitcode == 0


def check_nothing_is_open(folder):
    assert open_files(folder) == []


def open_files(folder):
    files = (file.readlink() for file in Path("/proc/self/fd").iterdir() if file.is_symlink())
    return [file for file in files if file.is_relative_to(folder)]


def submit_ten(store):
    for _ in range(10):
        store.submit(new())


def test_readers_do_not_wait_for_a_writer(tmp_path):
    database = opened(tmp_path / "quickml.db")
    store = Jobs(database)
    job, _ = store.submit(new())
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE jobs SET epoch = 7")
        assert store.job(job.id).epoch == 0  # in this very thread: it would wait for ever
    assert store.job(job.id).epoch == 7


def test_a_reader_sees_one_moment(tmp_path):
    database = opened(tmp_path / "quickml.db")
    store = Jobs(database)
    with database.read() as connection:
        count = "SELECT count(*) FROM jobs"
        assert connection.exec_driver_sql(count).scalar() == 0
        store.submit(new())
        assert connection.exec_driver_sql(count).scalar() == 0


def test_what_is_promised_waits_for_the_disk(tmp_path):
    database = opened(tmp_path / "quickml.db")
    modes = {}
    for durable in (True, False):
        with database.write(durable=durable) as connection:
            modes[durable] = connection.exec_driver_sql("PRAGMA synchronous").scalar()
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    assert modes == {True: 2, False: 1}  # FULL, NORMAL


def test_tokens_lie_beside_the_jobs(tmp_path):
    database = SqliteDatabase(tmp_path / "quickml.db")
    token, secret = TokenStore(database).create("ada")
    Jobs(database).submit(new("ada"))
    assert TokenStore(SqliteDatabase(tmp_path / "quickml.db")).verify(secret) == token
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert secret.encode() not in content
    assert json.dumps(token.id).strip('"').encode() in content
