"""PostgreSQL is away for less and for more than a lease. Nobody sees anything, so nobody may be given up for it."""

import time
from functools import partial

import pytest

import rounds
import waiting
from documents import LONG
from host_process import LEASE_S, Site
from postgres_process import PASSWORD, USER, Postgres, needs_postgres
from quickml.errors import StoreError
from quickml.events import Status
from server_process import serving

pytestmark = needs_postgres
until = partial(waiting.until, patience_s=300.0)
SHORT_S, LONG_S = rounds.choose(few=LEASE_S / 2, full=10.0), rounds.choose(few=2 * LEASE_S, full=40.0)
LEASE_FULL_S = rounds.choose(few=LEASE_S, full=15.0)


@pytest.fixture
def site(tmp_path):
    postgres = Postgres()
    site = Site(tmp_path, postgres)
    yield site
    site.close()
    postgres.close()


def asked(call):
    """What it answers, or None while the database is not there."""
    try:
        return call()
    except StoreError:
        return None


class Watched:
    """Two jobs on two hosts, a server, and a database that goes and comes."""

    def __init__(self, site, server):
        self.site, self.server = site, server
        self.jobs = [server.submit(LONG) for _ in range(2)]
        until(lambda: all(self.job(one).epoch >= 1 for one in self.jobs), "both trainings")
        self.holders = {one: self.job(one).holder for one in self.jobs}
        assert len(set(self.holders.values())) == 2

    def job(self, job_id):
        return self.site.store.job(job_id)

    def status(self, path):
        return self.server.client.get(path).status_code

    def outage(self, seconds):
        path = f"/v1/jobs/{self.jobs[0]}"
        assert self.status(path) == 200
        postgres = self.site.postgres
        postgres.stop()
        began = time.monotonic()
        answer = self.server.client.get(path)
        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True), answer.text
        until(lambda: self.status("/readyz") == 503, "the server to notice")
        time.sleep(max(0.0, seconds - (time.monotonic() - began)))  # the outage itself
        postgres.start()
        until(lambda: self.status(path) == 200, "the server")
        until(lambda: self.status("/readyz") == 200, "the server to be ready")

    def goes_on(self):
        """For longer than a lease after the return: the hosts are those they were, and train what they trained."""
        epochs = [
            until(lambda one=one: asked(lambda: self.job(one)), "the database").epoch for one in self.jobs
        ]
        returned = self.site.backends.database.now()
        until(lambda: self.are_seen_since(returned), "the hosts to be seen for a lease")
        until(
            lambda: all(self.job(one).epoch > epoch for one, epoch in zip(self.jobs, epochs, strict=True)),
            "the trainings",
        )
        assert {one: self.job(one).holder for one in self.jobs} == self.holders
        assert [self.job(one).attempt for one in self.jobs] == [1, 1]

    def are_seen_since(self, moment):
        states = [one for one in self.site.hosts.states() if one.host.id in self.holders.values()]
        assert [one.gone_at for one in states] == [None, None]
        return all((one.seen_at - moment).total_seconds() > LEASE_FULL_S for one in states)


def test_attempts_survive_a_database_that_is_away_for_less_and_for_more_than_a_lease(site, tmp_path):
    for name in ("a", "b"):
        site.host(name, "--lease-s", LEASE_FULL_S)
    address = f"postgresql://{USER}@127.0.0.1:{site.port}/{site.name}"
    flags = ["--database", address, "--database-password-file", site.password_file]
    flags += ["--files", tmp_path / "artifacts", "--workers", "0", "--lease-s", LEASE_FULL_S]
    (tmp_path / "web").mkdir()
    with serving(tmp_path / "web", *flags) as server:
        watched = Watched(site, server)
        for seconds in (SHORT_S, LONG_S):
            watched.outage(seconds)
            watched.goes_on()
        for job_id in watched.jobs:
            site.store.stop(job_id)
        for job_id in watched.jobs:
            until(lambda job_id=job_id: watched.job(job_id).status is Status.READY, "the end of a job")
            job, events = watched.job(job_id), site.store.events(job_id, limit=10**6)
            assert (job.attempt, job.failures, job.lost) == (1, 0, 0)
            assert [event.sequence for event in events] == list(range(1, len(events) + 1))
            assert "interrupted" not in {event.type for event in events}
    for name in ("web", "a", "b"):
        text = (tmp_path / f"{name}.log").read_text()
        assert PASSWORD not in text
        assert "Traceback" not in text
        assert "is gone: its lease ran out" not in text
