"""Where attempts run: the contract of both executors, and what the one with processes does when things go wrong."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

import executor_bench
from executor_bench import HOURS, PATIENCE_S, ExecutorBench, gone, until
from fake_worker import START_FAILURE
from quickml.errors import FencedError
from quickml.events import TERMINAL, Status
from quickml.executors import claims
from quickml.executors.executor import LOST, RESTARTED, State
from quickml.executors.local.gpus import GpuSeat
from quickml.jobs.hosts import Host, Hosts
from quickml.jobs.job import NewJob


@pytest.fixture(params=["memory", "local"])
def place(request, tmp_path):
    place = ExecutorBench(request.param, tmp_path)
    yield place
    place.close()


@pytest.fixture
def local(tmp_path):
    place = ExecutorBench("local", tmp_path)
    yield place
    place.close()


# ------------------------------------------------------------------------------------------- the contract

COURSE = ["started", "built", "epoch", "epoch", "epoch", "trained", "compiled", "verified"]


def test_a_job_becomes_ready_whether_it_was_there_before_or_comes_later(place):
    before = place.submit()
    place.start()
    after = place.submit()
    for job_id in (before, after):
        job = place.over(job_id)
        assert (job.status, job.attempt, job.progress) == (Status.READY, 1, 1.0)
        assert place.types(job_id) == COURSE


def test_asked_to_stop_it_ends_early_and_is_ready(place):
    executor = place.start(epoch_s=HOURS)
    job_id = place.submit()
    place.status(job_id, Status.TRAINING)
    place.store.stop(job_id)
    executor.wake()
    job = place.over(job_id)
    assert (job.status, job.stopped_early) == (Status.READY, True)


def test_a_wish_to_stop_that_another_server_stored_arrives_too(place):
    place.start(epoch_s=HOURS)
    job_id = place.submit()
    place.status(job_id, Status.TRAINING)
    place.store.stop(job_id)
    assert place.over(job_id).stopped_early


def test_cancelled_and_killed_it_makes_room_for_the_next(place):
    executor = place.start(epoch_s=HOURS)
    first, second = place.submit(), place.submit()
    place.status(first, Status.TRAINING)
    place.store.cancel(first)
    executor.wake()
    place.status(second, Status.TRAINING)
    assert place.store.job(first).status is Status.CANCELLED
    assert place.types(first)[-1] == "cancelled"


def test_cancelled_through_another_server_it_ends_soon(place):
    executor = place.start(epoch_s=HOURS)
    job_id = place.submit()
    place.status(job_id, Status.TRAINING)
    place.store.cancel(job_id)
    until(
        lambda: all(worker.job_id is None for worker in executor.workers()),
        "its end, hours before its epoch's",
    )


LEASE_S = 1.5


def renewed(place):
    """Wait until all leases were renewed so often that none would be left otherwise."""
    hosts = Hosts(place.database)
    for _ in range(4):  # three times in each lease
        before = set(hosts.leases()[0])
        assert before
        until(lambda before=before: not before & set(hosts.leases()[0]), "a renewal of all")


def test_a_lease_is_renewed_while_an_attempt_runs(place):
    place.start(epoch_s=HOURS, lease_s=LEASE_S)
    job_id = place.submit()
    place.status(job_id, Status.TRAINING)
    renewed(place)
    assert (place.store.job(job_id).status, place.store.job(job_id).attempt) == (Status.TRAINING, 1)


def test_what_was_released_elsewhere_ends_here(place):
    """As after an outage in which this server could not renew its leases."""
    executor = place.start(epoch_s=HOURS)
    job_id = place.submit()
    place.status(job_id, Status.TRAINING)
    hosts = Hosts(place.database)
    with place.database.write() as connection:  # nothing else may be claimed
        connection.exec_driver_sql("UPDATE jobs SET stop_requested = 1")
    until(lambda: hosts.give_up(hosts.leases()[0][0]), "giving it up, between two renewals")
    for orphan in hosts.leases()[1]:
        assert hosts.release(orphan, "lost")
    job = place.over(job_id)
    assert (job.status, job.attempt >= 2) == (Status.READY, True)
    until(lambda: all(worker.job_id is None for worker in executor.workers()), "its end")
    assert place.types(job_id).count("verified") == 1


def test_the_list_tells_what_each_worker_does(place):
    executor = place.start(epoch_s=HOURS, workers=2)
    assert [worker.number for worker in executor.workers()] == [0, 1]
    until(lambda: all(worker.state is State.IDLE for worker in executor.workers()), "idle workers")
    job_id = place.submit()
    place.status(job_id, Status.TRAINING)
    busy = [worker for worker in executor.workers() if worker.state is State.BUSY]
    assert [(worker.job_id, worker.attempts) for worker in busy] == [(job_id, 1)]


def test_closing_gives_attempts_back_without_counting_them(place):
    executor = place.start(epoch_s=HOURS)
    job_id, waiting = place.submit(), place.submit()
    place.status(job_id, Status.TRAINING)
    executor.close(PATIENCE_S)
    job = place.store.job(job_id)
    assert (job.status, job.failures) == (Status.QUEUED, 0)
    assert place.types(job_id) == ["started", "built", "interrupted"]
    assert place.store.job(waiting).attempt == 0
    assert all(worker.job_id is None for worker in executor.workers())
    place.running.clear()
    place.start()
    assert place.over(job_id).status is place.over(waiting).status is Status.READY


def test_what_a_dead_server_was_running_runs_again_when_its_lease_has_run_out(place):
    job_id = place.submit()
    lost = place.store.claim("host_that_is_gone")
    Hosts(place.database).join(Host(id="host_that_is_gone", name="x", lease_s=1.0))
    began = time.monotonic()
    place.start(lease_s=1.0)
    until(lambda: place.store.job(job_id).lost, "its release")
    assert time.monotonic() - began >= 1.0, "nothing is released because a server starts"
    job = place.over(job_id)
    assert (job.status, job.attempt, job.failures) == (Status.READY, 2, 0)
    assert json.loads(place.store.events(job_id)[0].body)["reason"] == LOST
    with pytest.raises(FencedError):
        place.store.advance(lost, Status.TRAINING)


def test_two_servers_leave_each_other_their_attempts(place):
    first = place.start(epoch_s=HOURS, lease_s=LEASE_S)
    until(lambda: first.workers()[0].state is State.IDLE, "an idle worker")
    jobs = [place.submit()]
    place.status(jobs[0], Status.TRAINING)
    place.start(epoch_s=HOURS, lease_s=LEASE_S)
    jobs.append(place.submit())
    place.status(jobs[1], Status.TRAINING)
    renewed(place)
    assert [place.store.job(job_id).attempt for job_id in jobs] == [1, 1]
    assert len({place.store.job(job_id).holder for job_id in jobs}) == 2


# ---------------------------------------------------------------------------- processes: what they deliver


def test_files_are_stored_packages_as_zips_and_nothing_is_left_behind(local):
    from quickml.storage.backends import Backends

    local.start()
    job_id = local.submit()
    local.over(job_id)
    artifacts = {artifact.name: artifact for artifact in local.store.artifacts(job_id)}
    assert {name: artifact.kind for name, artifact in artifacts.items()} == {
        "model.mlmodel": "mlmodel",
        "model.mlpackage.zip": "mlpackage",
        "model.mlpackage/Data/weights.bin": "member",
        "report.json": "report",
    }
    files = Backends.open(local.options.addresses).artifacts
    assert files.open(artifacts["model.mlmodel"].sha256).read() == b"diligent"
    until(lambda: not left_in_scratch(local), "an empty folder")
    last = json.loads(local.store.events(job_id)[-1].body)
    assert last["folder"] == ""


def test_what_is_left_of_jobs_that_are_over_goes_at_the_start(local):
    over = local.submit()
    local.store.cancel(over)
    for name in (over, "job_unknown"):
        (local.options.scratch / name / "result").mkdir(parents=True)
    (local.options.scratch / "host_that_died" / over).mkdir(parents=True)
    (local.options.scratch / "host_that_died.lock").touch()
    local.start()
    assert not left_in_scratch(local)
    assert len(list(local.options.scratch.iterdir())) == 2, "a folder and the lock of the one that lives"
    local.close()
    assert not list(local.options.scratch.iterdir())
    local.running.clear()


def left_in_scratch(place):
    """Folders of attempts in the folders of those who live, and anything of those who do not."""
    alive = {path.name.removesuffix(".lock") for path in place.options.scratch.glob("*.lock")}
    return [
        path
        for folder in place.options.scratch.iterdir()
        for path in (folder.iterdir() if folder.name in alive else [folder])
        if folder.suffix != ".lock"
    ]


def test_progress_is_thinned_out_and_epochs_are_not(local):
    local.start(epoch_s=0.7)
    job_id = local.submit()
    local.over(job_id)
    events = [json.loads(event.body) for event in local.store.events(job_id)]
    progress = [event for event in events if event["type"] == "progress"]
    assert local.types(job_id) == COURSE
    told = {event["epoch"]: event["step"] for event in progress}  # at least so many, in each epoch
    assert 3 <= len(progress) < sum(told.values())


# ------------------------------------------------------------------------------------ processes: failures


def reason(place, name, **rules):
    place.start(**rules)
    job = place.over(place.submit(name))
    assert job.status is Status.FAILED
    return job


def test_a_worker_that_exits_fails_its_attempt_and_twice_its_job_and_the_log_has_its_last_words(
    local, caplog
):
    job = reason(local, "exit")
    assert (job.attempt, job.error) == (2, "the worker ended with exit code 7")
    assert "these are its last words" in caplog.text
    assert local.types(job.id) == ["started", "built", "interrupted", "started", "built", "failed"]
    assert local.over(local.submit()).status is Status.READY  # the next worker is fine


def test_a_crash_says_which_signal(local):
    assert "SIGSEGV" in reason(local, "segfault").error


def test_an_attempt_that_was_killed_goes_on_from_its_checkpoint_and_completes_once(local):
    local.start()
    job = local.over(local.submit("exit once"))
    assert (job.status, job.attempt, job.failures, job.lost) == (Status.READY, 2, 0, 1)
    events = local.store.events(job.id)
    assert [json.loads(event.body)["epoch"] for event in events if event.type == "epoch"] == [3]
    interrupted = [json.loads(event.body) for event in events if event.type == "interrupted"]
    assert ["SIGKILL" in event["reason"] for event in interrupted] == [True]
    assert [event.type for event in events].count("verified") == 1


def test_the_same_exception_twice_is_a_failure(local):
    job = reason(local, "bug")
    assert (job.attempt, job.error) == (
        2,
        "unexpected ZeroDivisionError; the log of the server has the details",
    )


def test_after_an_exception_nobody_foresaw_the_worker_is_replaced(local, caplog):
    executor = local.start()
    (first,) = until(lambda: [w.pid for w in executor.workers() if w.state is State.IDLE], "a worker")
    local.over(local.submit("bug"))
    until(lambda: not psutil.pid_exists(first), "its end")
    assert "fake_worker.py" in caplog.text, "the log has the whole traceback"


def test_what_would_happen_again_is_not_tried_again(local):
    job = reason(local, "no data")
    assert job.attempt == 1
    assert json.loads(local.store.events(job.id)[-1].body)["error"] == "DatasetError"


def test_a_fault_of_the_disk_is_no_failure_of_the_job_and_tried_a_few_times(local, caplog, monkeypatch):
    monkeypatch.setattr(claims, "FIRST_REST_S", 0.1)
    job = reason(local, "disk")
    assert (job.attempt, job.failures, job.lost) == (3, 0, 3)
    assert job.error == "the disk of the server failed; 3 attempts were lost without progress"
    assert "/srv/secret: no space" in caplog.text


def test_an_artifact_store_that_fails_for_a_while_costs_nothing(local):
    """The attempt waits with what it has, and is neither failed nor run again."""
    local.start(epoch_s=HOURS)
    artifacts, aside = local.folder / "artifacts", local.folder / "aside"
    job_id = local.submit()
    local.status(job_id, Status.TRAINING)
    artifacts.rename(aside)
    artifacts.write_text("in its place")
    local.store.stop(job_id)
    local.status(job_id, Status.VERIFYING)
    time.sleep(0.5)
    assert local.store.job(job_id).status is Status.VERIFYING
    artifacts.unlink()
    aside.rename(artifacts)
    job = local.over(job_id)
    assert (job.status, job.attempt, job.lost) == (Status.READY, 1, 0)


def test_an_artifact_store_that_fails_for_long_queues_the_job_again_without_its_path(local):
    local.options = replace(local.options, patience_s=0.1)
    local.start()
    artifacts = local.folder / "artifacts"
    job_id = local.submit("break the artifacts")
    job = local.over(job_id)
    assert (job.status, job.attempt, job.failures, job.lost) == (Status.FAILED, 3, 0, 3)
    assert job.error.startswith("the file storage of the server failed (")
    assert artifacts.is_file()
    assert str(local.folder) not in "".join(event.body for event in local.store.events(job_id))


def test_a_worker_that_can_write_nothing_for_a_while_goes_on(local):
    """Neither into the database nor into the artifact store."""
    local.start(epoch_s=0.5)
    job = local.over(local.submit("full disk for a while"))
    assert (job.status, job.attempt, job.lost) == (Status.READY, 1, 0)
    assert [one for one in local.types(job.id) if one != "warning"] == COURSE
    assert len(local.store.artifacts(job.id)) == 4


def test_a_document_that_is_none_fails_with_its_problems(local):
    local.start()
    job = local.store.submit(NewJob(owner="ann", name="x", document="{}", epochs=1))[0]
    job = local.over(job.id)
    assert (job.status, job.attempt) == (Status.FAILED, 1)
    last = json.loads(local.store.events(job.id)[-1].body)
    assert last["error"] == "DocumentError"
    assert last["problems"]


def test_a_worker_that_gives_no_sign_of_life_is_killed_and_the_job_is_not_to_blame(local):
    local.start(hang_s=4.0)
    job = local.over(local.submit("freeze once"))
    assert (job.status, job.attempt, job.failures, job.lost) == (Status.READY, 2, 0, 1)
    (interrupted,) = [event for event in local.store.events(job.id) if event.type == "interrupted"]
    assert "no heartbeat for 4 s" in interrupted.body


def test_a_worker_that_takes_too_much_memory_is_killed(local):
    job = reason(local, "hog", epoch_s=HOURS, memory_bytes=250_000_000)
    expected = r"memory of the worker: expected at most 0\.2 GB, found 0\.[3-9] GB"
    assert re.fullmatch(expected, job.error)


def test_an_attempt_past_its_time_is_killed_and_not_tried_again(local):
    local.start(epoch_s=HOURS, finish_s=0.5)
    job = local.over(local.submit(max_seconds=1.0))
    assert (job.status, job.attempt) == (Status.FAILED, 1)
    assert "longer than the 1.5 s" in job.error


def test_a_worker_is_replaced_after_its_attempts(local):
    executor = local.start(attempts=2)
    pids = []
    for _ in range(3):
        until(lambda: executor.workers()[0].state is State.IDLE, "an idle worker")
        pids.append(executor.workers()[0].pid)
        local.over(local.submit())
    assert pids[0] == pids[1] != pids[2]


def test_a_worker_that_died_idle_is_replaced(local):
    executor = local.start()
    until(lambda: executor.workers()[0].state is State.IDLE, "an idle worker")
    os.kill(executor.workers()[0].pid, signal.SIGKILL)
    assert local.over(local.submit()).status is Status.READY


def test_workers_that_cannot_start_say_why_and_jobs_wait(local):
    executor = local.start(epoch_s=-1)
    job_id = local.submit()
    until(lambda: START_FAILURE in executor.workers()[0].trouble, "trouble")
    assert local.store.job(job_id).status is Status.QUEUED


def test_what_a_worker_started_dies_with_it(local):
    local.start(epoch_s=HOURS)
    job_id = local.submit("child")
    local.status(job_id, Status.TRAINING)
    pid = int(until(lambda: (local.folder / "pid").exists() and (local.folder / "pid").read_text()))
    assert psutil.pid_exists(pid)
    local.store.cancel(job_id)
    until(lambda: gone(pid), "the end of what it started")


def test_those_that_do_not_go_in_time_are_killed_and_their_try_does_not_count(local):
    executor = local.start(hang_s=HOURS)
    job_id = local.submit("freeze")
    local.status(job_id, Status.TRAINING)
    pid = executor.workers()[0].pid
    until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED, "a frozen worker")
    executor.close(0.5)
    job = local.store.job(job_id)
    assert (job.status, job.failures) == (Status.QUEUED, 0)
    assert gone(pid)


def test_a_drained_attempt_leaves_a_checkpoint_and_goes_on_from_it(local):
    executor = local.start(epoch_s=0.5)
    job_id = local.submit()
    until(lambda: "epoch" in local.types(job_id), "an epoch")
    executor.close(PATIENCE_S)
    told = local.types(job_id).count("epoch")
    assert 1 <= told < 3
    local.running.clear()
    local.start()
    assert local.over(job_id).attempt == 2
    assert local.types(job_id).count("epoch") == 3


# -------------------------------------------------------------------------------- the server is killed

SERVER = """
import sys, time
sys.path.insert(0, {here!r})
from pathlib import Path
from executor_bench import ExecutorBench
place = ExecutorBench("local", Path({folder!r}))
executor = place.start(epoch_s=3600.0, workers=2)
while not all(worker.job_id for worker in executor.workers()):
    time.sleep(0.05)
loaded = [name for name in ("tensorflow", "keras", "coremltools", "onnxruntime", "numpy") if name in sys.modules]
print("loaded", *loaded, flush=True)
print("pids", *(worker.pid for worker in executor.workers()), flush=True)
time.sleep(3600)
"""


@contextmanager
def server(folder):
    here = Path(executor_bench.__file__).parent
    code = SERVER.format(here=str(here), folder=str(folder))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_server_that_is_killed_takes_its_workers_along_and_its_jobs_run_again(local):
    """Also a worker that is frozen, and so cannot notice: that one is the kernel's to end, which Linux does."""
    jobs = [local.submit(), local.submit("freeze" if sys.platform == "linux" else "diligent")]
    with server(local.folder) as process:
        loaded, pids = process.stdout.readline().split(), process.stdout.readline().split()
        assert loaded == ["loaded"], "the server's process stays small"
        for job_id in jobs:
            local.status(job_id, Status.TRAINING)
        os.kill(process.pid, signal.SIGKILL)
        for pid in map(int, pids[1:]):
            until(lambda pid=pid: gone(pid), "the end of a worker")
    assert {local.store.job(job_id).status for job_id in jobs} == {Status.TRAINING}
    local.store.cancel(jobs[1])
    local.start()  # with a lease of 15 s, which nobody waits for: the lock of the dead server is free
    job = local.store.job(jobs[0])
    assert job.attempt == 2 or job.status is Status.QUEUED
    job = local.over(jobs[0])
    assert (job.status, job.attempt, job.failures) == (Status.READY, 2, 0)
    assert local.types(job.id).count("verified") == 1
    interrupted = [event for event in local.store.events(job.id) if event.type == "interrupted"]
    assert [json.loads(event.body)["reason"] for event in interrupted] == [RESTARTED]


def test_workers_killed_at_any_moment_lose_no_job_and_finish_none_twice(local):
    executor = local.start(epoch_s=0.05, workers=2)
    jobs = [local.submit(owner=owner) for _ in range(8) for owner in ("ann", "bob")]
    chance = random.Random(0)
    pids = set()
    for _ in range(12):
        until(
            lambda: [w for w in executor.workers() if w.state is State.BUSY] or all_over(local, jobs), "work"
        )
        time.sleep(chance.uniform(0, 0.3))  # any moment of an attempt
        busy = [worker.pid for worker in executor.workers() if worker.state is State.BUSY]
        if busy:
            pids.add(pid := chance.choice(busy))
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    for job_id in jobs:
        job = local.over(job_id)
        verified = local.types(job_id).count("verified")
        if job.status is Status.READY:
            assert (verified, job.failures, job.lost < 3) == (1, 0, True)
            assert len(local.store.artifacts(job_id)) == 4
        else:
            assert (job.status, job.lost, verified) == (Status.FAILED, 3, 0)
            assert "SIGKILL" in job.error
    assert len(pids) > 3
    until(lambda: not left_in_scratch(local), "an empty folder")
    assert local.store.referenced() == files_of(local, jobs), "no checkpoint of a finished job"


def files_of(place, jobs):
    return {one.sha256 for job_id in jobs for one in place.store.artifacts(job_id) if one.composition is None}


def all_over(place, jobs):
    return all(place.store.job(job_id).status in TERMINAL for job_id in jobs)


# ------------------------------------------------------------------------------------------------- GPUs


def test_a_worker_sees_its_gpu_only_and_takes_its_part_of_the_memory_and_others_see_none(local):
    local.start(workers=2, gpus=[GpuSeat(uuid="GPU-1", memory_bytes=5 << 30)])
    job_id = local.submit("what it has", needs="gpu")
    assert local.over(job_id).status is Status.READY
    found = json.loads((local.folder / "found.json").read_text())
    assert found == {"visible": "GPU-1", "memory": 5 << 30}


def test_a_job_that_needs_a_gpu_is_left_to_seats_that_have_one(local):
    local.start(workers=1)
    needy, other = local.submit("what it has", needs="gpu"), local.submit("what it has")
    assert local.over(other).status is Status.READY
    assert json.loads((local.folder / "found.json").read_text()) == {"visible": "-1", "memory": None}
    assert local.store.job(needy).status is Status.QUEUED
