"""The supervisor of a worker, with stand-ins in place of the processes: what must not happen between messages."""

import os
import subprocess
import sys
import threading
import time

import pytest

from job_examples import finish, new, opened
from quickml.errors import StoreError
from quickml.events import TERMINAL, Status
from quickml.executors.executor import State
from quickml.executors.local import process as local_process
from quickml.executors.local import supervisor
from quickml.executors.local.clock import RunningClock
from quickml.executors.local.executor import LocalExecutor
from quickml.executors.local.supervisor import WorkerLimits
from quickml.jobs.hosts import Host, Hosts
from quickml.jobs.job import Attempt
from quickml.jobs.jobs import JobStore
from quickml.storage.addresses import Addresses
from quickml.worker import options
from waiting import until


class Process:
    """A worker that is ready at once; `attempted` gives its messages about an attempt.

    None is a silence, and an exception is raised.
    """

    pid, heard_at, waited_s, waits_for, was_killed, is_killed = 1, float("inf"), 0.0, "", False, False

    def __init__(self, attempted, command):
        self.options = options.from_json(command[-1])
        self._attempted, self._messages = attempted, [{"type": "ready"}]
        self._woken, self.listened = threading.Event(), 0

    def send(self, kind, **fields):
        if kind == "attempt":
            self._messages = self._attempted(self, Attempt(**fields))

    def listen(self, timeout_s):
        self.listened += 1
        if self.is_killed:
            raise EOFError
        if self._messages:
            message = self._messages.pop(0)
            if isinstance(message, Exception):
                raise message
            return [message] if message else []
        self._woken.wait(min(timeout_s, 0.01))
        return []

    def memory_bytes(self):
        return 0

    def kill(self):
        self.is_killed = True

    def kill_children(self):
        pass

    def end(self):
        return "it ended"

    def output(self):
        return ""


class Place:
    """An executor of one worker; `attempted` as `Process` has it."""

    def __init__(self, folder, monkeypatch):
        database = opened(folder / "quickml.db")
        self.store, self.processes = JobStore(database), []
        self.attempted = lambda process, attempt: []
        monkeypatch.setattr(supervisor, "WorkerProcess", self._process)
        monkeypatch.setattr(supervisor, "FIRST_PAUSE_S", 0.01)
        monkeypatch.setattr(supervisor, "IDLE_S", 0.01)
        addresses = Addresses.of_paths(database=folder / "quickml.db", files=folder / "artifacts")
        limits = WorkerLimits(options=options.WorkerOptions(addresses=addresses, scratch=folder))
        self.trouble = ""
        self.executor = LocalExecutor(
            self.store,
            Hosts(database),
            limits,
            workers=1,
            scratch=folder / "scratch",
            trouble=lambda: self.trouble,
        )

    def _process(self, command, **_):
        process = Process(self.attempted, command)
        self.processes.append(process)
        return process

    def submit(self):
        job = self.store.submit(new())[0]
        self.executor.start()
        return job.id


@pytest.fixture
def place(tmp_path, monkeypatch):
    place = Place(tmp_path, monkeypatch)
    yield place
    place.executor.close(0.0)


def test_a_bug_in_the_supervisor_ends_the_attempt(place):
    """Otherwise its lease would be renewed for ever, while nothing runs."""
    place.attempted = lambda process, attempt: [{"type": "done"}]  # no outcome
    job_id = place.submit()
    until(lambda: place.store.job(job_id).status is Status.FAILED, "the end of the job", patience_s=20)
    job = place.store.job(job_id)
    assert (job.attempt, job.failures, job.lost) == (3, 0, 3), "the job is not to blame"
    until(lambda: place.executor.workers()[0].job_id is None, "the end of the attempt")


@pytest.mark.parametrize("error", [OSError(24, "Too many open files"), RuntimeError("a bug"), EOFError()])
def test_whatever_a_supervisor_meets_it_goes_on(place, error):
    met = []

    def attempted(process, attempt):
        if len(met) < 2:
            met.append(attempt.number)
            return [error]
        finish(place.store, attempt)
        return [{"type": "done", "outcome": "completed"}]

    place.attempted = attempted
    job_id = place.submit()
    until(lambda: place.store.job(job_id).status in TERMINAL, "the end of the job", patience_s=20)
    expected = Status.FAILED if isinstance(error, EOFError) else Status.READY
    assert place.store.job(job_id).status is expected
    other = place.store.submit(new())[0].id
    until(lambda: place.store.job(other).status is Status.READY, "the next job", patience_s=20)


@pytest.mark.parametrize(
    ("outcome", "call", "expected"),
    [
        ("lost", "lose", (Status.READY, 2, 1)),
        ("left", "release", (Status.READY, 2, 0)),
        ("away", "release", (Status.READY, 2, 0)),
    ],
)
def test_the_end_of_an_attempt_is_stored_as_soon_as_the_database_can_be_written(
    place, monkeypatch, outcome, call, expected
):
    stored, tries = getattr(place.store, call), []

    def refused_twice(*arguments):
        tries.append(place.executor._attempts())
        if len(tries) < 3:
            raise StoreError("/srv/quickml.db: the database cannot be used (database or disk is full)")
        return stored(*arguments)

    def attempted(process, attempt):
        if attempt.number > 1:
            finish(place.store, attempt)
            return [{"type": "done", "outcome": "completed"}]
        return [{"type": "done", "outcome": outcome, "reason": "the disk of the server failed"}]

    monkeypatch.setattr(place.store, call, refused_twice)
    place.attempted = attempted
    job_id = place.submit()
    until(lambda: place.store.job(job_id).status is Status.READY, "the end of the job", patience_s=20)
    job = place.store.job(job_id)
    assert (job.status, job.attempt, job.lost) == expected
    assert all([one.job_id for one in held] == [job_id] for held in tries), "its lease is renewed meanwhile"


def test_a_job_that_this_machine_has_lost_is_left_to_another_one(place):
    hosts = Hosts(place.store._database)
    hosts.join(Host(id="host_other", name="room-2"))

    def attempted(process, attempt):
        if attempt.number > 1:
            finish(place.store, attempt)
            return [{"type": "done", "outcome": "completed"}]
        return [{"type": "done", "outcome": "unfit", "reason": "the disk of the server failed"}]

    place.attempted = attempted
    job_id = place.submit()
    until(
        lambda: place.store.job(job_id).status is Status.QUEUED and place.store.job(job_id).attempt,
        "the loss",
    )
    listened = place.processes[0].listened
    until(lambda: place.processes[0].listened > listened + 5, "several looks at the queue")
    assert place.store.job(job_id).attempt == 1
    assert place.store.claim("host_other").number == 2


def test_a_server_that_ends_does_not_wait_for_a_database_that_stays_away(place, monkeypatch):
    def refused(*_):
        raise StoreError("the database cannot be used")

    monkeypatch.setattr(place.store, "lose", refused)
    place.attempted = lambda process, attempt: [{"type": "done", "outcome": "lost", "reason": "x"}]
    job_id = place.submit()
    until(lambda: place.store.job(job_id).status is Status.BUILDING, "an attempt", patience_s=20)
    place.executor.close(0.0)
    assert place.store.job(job_id).status is Status.BUILDING


@pytest.mark.parametrize(("was_killed", "expected"), [(True, (0, 1)), (False, (1, 0))])
def test_a_worker_that_was_killed_is_no_failure_of_its_job_and_one_that_crashed_is(
    place, was_killed, expected
):
    def attempted(process, attempt):
        process.was_killed = was_killed
        if attempt.number > 1:
            finish(place.store, attempt)
            return [{"type": "done", "outcome": "completed"}]
        return [EOFError()]

    place.attempted = attempted
    job_id = place.submit()
    until(lambda: place.store.job(job_id).status is Status.READY, "the end of the job", patience_s=20)
    job = place.store.job(job_id)
    assert (job.failures, job.lost) == expected


def test_nothing_is_claimed_while_the_storage_is_in_trouble(place):
    def attempted(process, attempt):
        finish(place.store, attempt)
        return [{"type": "done", "outcome": "completed"}]

    place.attempted, place.trouble = attempted, "the disk is full"
    job_id = place.submit()
    until(lambda: place.executor.workers()[0].state is State.IDLE, "an idle worker", patience_s=20)
    until(lambda: place.processes[0].listened > 5, "several looks at the queue")
    assert place.store.job(job_id).status is Status.QUEUED
    place.trouble = ""
    until(lambda: place.store.job(job_id).status is Status.READY, "the end of the job", patience_s=20)


def test_an_idle_worker_that_is_stopped_gets_no_job_and_is_replaced(place, monkeypatch):
    """SIGSTOP: it looks alive, and would keep a job that it was given."""
    monkeypatch.setattr(Process, "heard_at", time.monotonic() - supervisor.QUIET_S - 1)
    job_id = place.submit()
    until(lambda: place.processes and place.processes[0].listened > 5, "several looks at the queue")
    assert place.store.job(job_id).attempt == 0
    place.processes[0].heard_at = float("-inf")
    until(lambda: len(place.processes) > 1, "another worker", patience_s=20)
    assert place.processes[0].is_killed
    assert place.store.job(job_id).attempt == 0


def test_time_that_an_attempt_waited_for_the_storage_is_not_held_against_it(place):
    def attempted(process, attempt):
        process.waited_s, process.listened = 1000.0, 0  # as its heartbeats report
        return []

    place.attempted = attempted
    job_id = place.store.submit(new(max_seconds=-301.0))[0].id  # over, with the time allowed to finish
    place.executor.start()
    until(lambda: place.store.job(job_id).attempt, "an attempt")
    until(lambda: place.processes[0].listened > 3, "several looks at the time")
    assert place.store.job(job_id).status is Status.BUILDING
    place.processes[0].waited_s = 0.0
    until(lambda: place.store.job(job_id).status is Status.FAILED, "the end", patience_s=20)


def test_a_clock_does_not_count_the_time_in_which_its_process_was_stopped():
    now = [1000.0]
    clock = RunningClock(lambda: now[0])
    began = clock()
    for _ in range(10):
        now[0] += 1.0
        clock()
    now[0] += 3600.0
    assert clock() - began == 10.0
    now[0] += 2.0
    assert clock() - began == 12.0


def test_the_folder_of_the_next_attempt_stays_when_the_last_one_is_cleared_away(place):
    """An idle worker may claim a job that is tried again before the last worker's supervisor knows."""
    folders = []

    def attempted(process, attempt):
        place.store.fail(attempt, "it failed", retry=True)
        holder = process.options.scratch.name
        following = place.store.claim(holder)
        for one in (attempt, following):
            folders.append(process.options.attempt_folder(one))
            folders[-1].mkdir(exist_ok=True)
        return [{"type": "done", "outcome": "failed"}]

    place.attempted = attempted
    place.submit()
    until(lambda: folders and not folders[0].exists(), "the end of the first folder", patience_s=20)
    assert folders[1].exists()


def test_a_worker_that_has_just_completed_its_attempt_is_kept(place):
    """The database says that an attempt is over before its worker does."""

    def attempted(process, attempt):
        finish(place.store, attempt)
        place.executor._heed(attempt, "end")  # as the heartbeat does, which finds it gone
        return [None, {"type": "done", "outcome": "completed"}]

    place.attempted = attempted
    other = place.store.submit(new())[0].id
    job_id = place.submit()
    for one in (other, job_id):
        until(lambda one=one: place.store.job(one).status is Status.READY, "both jobs", patience_s=20)
    until(lambda: place.executor.workers()[0].state is State.IDLE, "an idle worker", patience_s=20)
    assert len(place.processes) == 1


def test_a_worker_that_cannot_be_started_leaves_no_process_behind(monkeypatch):
    """No file descriptors are left, say."""
    started = []

    class Popen(subprocess.Popen):
        def __init__(self, *arguments, **options):
            started.append(self)
            super().__init__(*arguments, **options)

    def refused():
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(subprocess, "Popen", Popen)
    monkeypatch.setattr(local_process.selectors, "DefaultSelector", refused)
    with pytest.raises(OSError, match="Too many open files"):
        local_process.WorkerProcess(["true"], threads=None, wake=0, clock=RunningClock())
    assert not started


@pytest.mark.parametrize(
    ("code", "expected", "was_killed"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "was killed by SIGKILL (as the", True),
        ("os.kill(os.getpid(), signal.SIGTERM)", "was killed by SIGTERM", True),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "was killed by SIGSEGV", False),
        ("os.kill(os.getpid(), signal.SIGRTMIN + 5)", "was killed by signal 39", False),
        ("print('/srv/secret'); os._exit(7)", "ended with exit code 7", False),
    ],
)
def test_the_end_of_a_worker_is_named_without_its_output(code, expected, was_killed):
    if "RTMIN" in code and sys.platform != "linux":
        pytest.skip("real-time signals of Linux")
    woken, waker = os.pipe()
    command = [sys.executable, "-c", f"import os, signal; {code}"]
    process = local_process.WorkerProcess(command, threads=None, wake=woken, clock=RunningClock())
    with pytest.raises(EOFError):
        while True:
            process.listen(10.0)
    death = process.end()
    os.close(woken)
    os.close(waker)
    assert death.startswith(f"the worker {expected}")
    assert "secret" not in death
    assert process.was_killed is was_killed


def test_an_attempt_that_waits_for_storage_is_logged_once_and_once_more_when_it_goes_on(place, caplog):
    def attempted(process, attempt):
        process.waits_for = "s3://files: the server cannot be reached"
        finish(place.store, attempt)
        return [None] * 5 + [{"type": "done", "outcome": "completed"}]

    place.attempted = attempted
    job_id = place.submit()
    until(lambda: "goes on" in caplog.text, "the second line", patience_s=20)
    found = [record.getMessage() for record in caplog.records if "attempt 1" in record.getMessage()]
    assert found == [
        f"{job_id}: attempt 1 waits for up to 300 s: s3://files: the server cannot be reached",
        f"{job_id}: attempt 1 goes on after a wait of 0 s",
    ]
