"""The supervisor of a worker, with stand-ins in place of the processes: what must not happen between messages."""

import os
import sys
import threading
from types import SimpleNamespace

import pytest

from job_examples import finish, new, opened
from quickml.events import Status
from quickml.executors.executor import State
from quickml.executors.local import process as local_process
from quickml.executors.local import supervisor
from quickml.executors.local.executor import LocalExecutor
from quickml.executors.local.supervisor import WorkerLimits
from quickml.jobs.job import Attempt
from quickml.jobs.jobs import JobStore
from quickml.jobs.leases import Leases
from quickml.storage.addresses import Addresses
from quickml.worker import options
from waiting import until


class Process:
    """A worker that is ready at once; `attempted` gives its messages about an attempt, None for a silence."""

    pid, heard_at = 1, float("inf")

    def __init__(self, attempted, command):
        self.options = options.from_json(command[-1])
        self._attempted, self._messages = attempted, [{"type": "ready"}]
        self._woken = threading.Event()

    def send(self, kind, **fields):
        if kind == "attempt":
            self._messages = self._attempted(self, Attempt(**fields))

    def listen(self, timeout_s):
        if self._messages:
            message = self._messages.pop(0)
            return [message] if message else []
        self._woken.wait(min(timeout_s, 0.01))
        return []

    def memory_bytes(self):
        return 0

    def kill(self):
        self.was_killed = True

    kill_children = kill

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
        self.executor = LocalExecutor(
            self.store, Leases(database), limits, workers=1, scratch=folder / "scratch"
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
    assert place.store.job(job_id).attempt == 2
    assert place.executor.workers()[0].job_id is None


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


def test_a_worker_is_not_silent_because_its_supervisor_was_paused(monkeypatch):
    """A suspended container or a stopped server: the worker was stopped with it, and gets its time again."""
    now = [1000.0]
    monkeypatch.setattr(local_process, "time", SimpleNamespace(monotonic=lambda: now[0]))
    woken, waker = os.pipe()
    process = local_process.WorkerProcess(
        [sys.executable, "-c", "import time; time.sleep(60)"], threads=None, wake=woken
    )
    try:
        os.write(waker, b"!")
        process.listen(0.25)
        assert process.heard_at == 1000.0
        select = process._selector.select

        def paused(timeout_s):
            now[0] += 60
            return select(0)

        monkeypatch.setattr(process._selector, "select", paused)
        process.listen(0.25)
        assert process.heard_at == 1060.0
        monkeypatch.undo()
    finally:
        process.kill()
        process.end()
        os.close(woken)
        os.close(waker)
