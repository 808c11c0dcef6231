"""Real `quickml worker` processes with a real PostgreSQL: hosts that are killed, frozen, cut off and drained."""

import json
from functools import partial

import pytest

import waiting
from closing_proxy import ClosingProxy
from documents import DIGITS
from executor_bench import gone
from host_process import Site
from postgres_process import PASSWORD, needs_postgres
from quickml.events import RUNNING, Status
from quickml.jobs.hosts import SERVER, Host
from s3_process import needs_s3

pytestmark = needs_postgres
until = partial(waiting.until, patience_s=300.0)


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path)
    yield site
    site.close()


def learning(site, job_id, after=None):
    """The host that runs a job, once it is another one than that of `after` and has stored a checkpoint; and the
    job at that moment."""

    def found():
        job = site.store.job(job_id)
        assert job.status in RUNNING | {Status.QUEUED}, job
        is_new = after is None or (job.holder != after.holder and job.checkpoint != after.checkpoint)
        host = site.holding(job)
        return is_new and job.checkpoint and host and (host, job)

    return until(found, "a checkpoint")


def model_of(site, job_id):
    return {one.name: one.sha256 for one in site.store.artifacts(job_id)}["model.mlmodel"]


def test_a_job_survives_hosts_that_are_killed_and_frozen_and_ends_with_the_same_weights(site):
    hosts = [site.host("a"), site.host("b")]
    job_id = site.submit(DIGITS, epochs=60)
    killed, seen = learning(site, job_id)
    workers = killed.all()[1:]
    killed.kill()
    until(lambda: all(gone(one.pid) for one in workers), "the end of its workers")
    frozen, seen = learning(site, job_id, after=seen)
    undisturbed = site.submit(DIGITS, epochs=60)  # for the third, which warms up meanwhile
    hosts.append(site.host("c"))
    frozen.freeze()
    zombie = frozen.id
    until(lambda: site.store.job(job_id).attempt > seen.attempt, "the next attempt")
    frozen.thaw()
    until(lambda: site.hosts.look(zombie).held.keys() <= {(undisturbed, 1)}, "what the zombie holds")
    until(lambda: zombie in {one.host_id for one in site.hosts.leases()[0]}, "the zombie, which joins again")
    for one in (job_id, undisturbed):
        until(lambda one=one: site.store.job(one).status is Status.READY, f"the end of {site.store.job(one)}")
    assert model_of(site, job_id) == model_of(site, undisturbed)
    events = site.store.events(job_id, limit=10**6)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    types = [event.type for event in events]
    assert (types.count("verified"), types[-1]) == (1, "verified")
    interrupted = [json.loads(event.body) for event in events if event.type == "interrupted"]
    assert {one["reason"] for one in interrupted} == {"the worker's lease ran out"}
    assert site.store.job(job_id).failures == 0


def test_a_host_that_was_cut_off_ends_its_attempt_and_a_cancelled_job_ends_on_its_host(site):
    with ClosingProxy(site.port) as proxy:
        first = site.host("a", port=proxy.port)
        job_id = site.submit(DIGITS, epochs=5000)
        _, seen = learning(site, job_id)
        proxy.close()
        site.host("b")
        second, _ = learning(site, job_id, after=seen)
        proxy.open()
        until(lambda: first.id in {one.host_id for one in site.hosts.leases()[0]}, "its return")
        until(lambda: not first.runs(job_id), "the end of the attempt that was given up on")
        assert site.of(job_id) is second
        assert second.runs(job_id)
        site.store.cancel(job_id)
        until(lambda: not second.runs(job_id), "the end of the cancelled one")
    events = site.store.events(job_id, limit=10**6)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert events[-1].type == "cancelled"


def test_a_host_gives_back_what_it_runs_when_it_is_told_to_end(site):
    host = site.host("a")
    job_id = site.submit(DIGITS, epochs=5000)
    learning(site, job_id)
    commands = " ".join(part for one in host.all() for part in one.cmdline())
    assert PASSWORD not in commands
    host.terminate()
    assert host.process.wait(timeout=120) == 0
    job = site.store.job(job_id)
    assert (job.status, job.failures, job.lost) == (Status.QUEUED, 0, 0)
    assert job.checkpoint
    assert [state.gone_at is None for state in site.hosts.states()] == [False]
    assert PASSWORD not in host.log.read_text()
    assert not list(host.data.glob("scratch/*"))


@needs_s3
def test_a_worker_whose_files_cannot_be_used_says_so_before_a_job_waits(site):
    host = site.host("a", "--files", "s3://bucket?endpoint=http://127.0.0.1:1")
    until(lambda: "no jobs are started: s3://bucket at http://127.0.0.1:1" in host.log.read_text(), "a line")
    assert "files            s3://bucket?endpoint=" in host.log.read_text()


def test_a_worker_that_does_not_fit_claims_nothing_and_says_why(site):
    job_id = site.submit(DIGITS, epochs=1)
    site.hosts.join(Host(id="host_server", name="web", kind=SERVER, version="9.9"))
    host = site.host("a")
    assert host.process.wait(timeout=120) == 1
    assert "expected version 9.9, as the servers have, found" in host.log.read_text()
    with site.backends.database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0007'")
    host = site.host("b")
    assert host.process.wait(timeout=120) == 1
    assert "found '0007'; another release made them" in host.log.read_text()
    with site.backends.database.read() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "0007"
    assert site.store.job(job_id).attempt == 0
