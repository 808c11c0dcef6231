"""Jobs that are deleted a while after they were finished."""

from datetime import datetime, timedelta

import pytest

from quickml.events import Status
from quickml.service.retention import Retention
from served import HOURS, served


class Moments:
    """Jobs that were finished, as the database says, with its clock put on."""

    def __init__(self, finished, ahead_s):
        self.before, self._now, self._ahead = finished.before, finished.now, timedelta(seconds=ahead_s)

    def now(self):
        return self._now() + self._ahead


def retention(server, ahead_s, keep_jobs_s=HOURS):
    moments = Moments(server.service.retention._finished, ahead_s)
    return Retention(moments, server.jobs, keep_jobs_s=keep_jobs_s)


def ids(server):
    return {job["id"] for job in server.client.get("/v1/jobs").json()["jobs"]}


def test_a_job_says_when_it_will_be_deleted_and_then_is(tmp_path):
    with served(tmp_path, keep_jobs_s=HOURS) as server:
        job_id = server.submit()
        assert server.over(job_id).status is Status.READY
        job = server.client.get(f"/v1/jobs/{job_id}").json()
        finished_at = datetime.fromisoformat(job["finished_at"])
        assert datetime.fromisoformat(job["delete_at"]) == finished_at + timedelta(seconds=HOURS)
        assert server.client.get("/v1/jobs").json()["jobs"][0]["delete_at"] == job["delete_at"]
        server.service.sweep()
        retention(server, HOURS - 60).sweep(server.service.inference)
        assert ids(server) == {job_id}
        retention(server, HOURS + 60).sweep(server.service.inference)
        assert ids(server) == set()
        assert server.client.get(f"/v1/jobs/{job_id}").status_code == 404
        assert not server.store.referenced()


def test_unfinished_jobs_are_kept(tmp_path):
    with served(tmp_path, workers=0, keep_jobs_s=HOURS) as server:
        job_id = server.submit()
        assert server.client.get(f"/v1/jobs/{job_id}").json()["delete_at"] is None
        retention(server, 1000 * HOURS).sweep(server.service.inference)
        assert ids(server) == {job_id}


@pytest.mark.parametrize("keep_jobs_s", [None, 1e12])
def test_without_a_limit_jobs_are_kept(tmp_path, keep_jobs_s):
    with served(tmp_path, keep_jobs_s=keep_jobs_s) as server:
        job_id = server.submit()
        server.over(job_id)
        assert server.client.get(f"/v1/jobs/{job_id}").json()["delete_at"] is None
        retention(server, 1000 * HOURS, keep_jobs_s).sweep(server.service.inference)
        server.service.sweep()
        assert ids(server) == {job_id}


def test_two_servers_may_delete_the_same_jobs(tmp_path):
    with served(tmp_path, keep_jobs_s=HOURS) as server:
        server.over(server.submit())
        late = retention(server, HOURS + 60)
        due = late._finished.before(late._finished.now(), 10)
        late._finished.before = lambda *_: due
        late.sweep(server.service.inference)
        late.sweep(server.service.inference)
        assert ids(server) == set()
