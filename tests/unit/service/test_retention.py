"""Jobs that are deleted a while after they were finished, and their files before them."""

import json
from datetime import datetime, timedelta

import pytest

from job_examples import artifact, finish, to_verifying
from quickml import results
from quickml.events import Status
from quickml.jobs.finished import FinishedJobs
from quickml.jobs.owners import FOREVER, Keeping
from quickml.service import OPEN_OWNER, disk
from quickml.service.retention import AT_ONCE, EVERY_S, NUMBERS, Retention
from served import HOURS, IRIS, is_problem, served

DAYS = 24 * HOURS
JOBS, FILES = Keeping(keep_jobs_s=DAYS), Keeping(keep_files_s=HOURS)
MODEL, REPORT = b"a model", b'{"metrics": {}}'


def seconds(duration_s):
    return timedelta(seconds=duration_s)


def put(server, tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    return server.artifacts.put(tmp_path / "file").sha256


def ready(server, tmp_path, model=MODEL):
    """A ready job with two files, of which one has its numbers."""
    job_id = server.submit()
    attempt = server.store.claim()
    files = (
        artifact(job_id, "model.mlmodel", put(server, tmp_path, model), len(model)),
        artifact(job_id, "report.json", put(server, tmp_path, REPORT), len(REPORT)),
    )
    finish(server.store, attempt, *files)
    return job_id


def later(server, duration_s):
    """Sweep when this time has passed."""
    server.ahead = seconds(duration_s)
    server.service.retain()


def settled(server):
    """Let so much time pass that files which nobody refers to are removed."""
    now = server.artifacts._clock()
    server.artifacts._clock = lambda: now + disk.SETTLED_S + 1


def shown(server, job_id):
    return server.client.get(f"/v1/jobs/{job_id}").json()


def moment(job, name):
    return datetime.fromisoformat(job[name])


def ids(server):
    return {job["id"] for job in server.client.get("/v1/jobs").json()["jobs"]}


@pytest.fixture
def server(tmp_path):
    with served(tmp_path, workers=0, keep=Keeping(keep_jobs_s=DAYS, keep_files_s=HOURS)) as server:
        yield server


def test_the_numbers_are_the_report_that_runs_write():
    assert (results.REPORT.name,) == NUMBERS


def test_a_job_says_when_it_and_its_files_will_be_deleted_and_then_they_are(server, tmp_path):
    job_id = ready(server, tmp_path)
    job = shown(server, job_id)
    finished_at = moment(job, "finished_at")
    assert moment(job, "delete_at") == finished_at + seconds(DAYS)
    assert moment(job, "delete_files_at") == finished_at + seconds(HOURS)
    (row,) = server.client.get("/v1/jobs").json()["jobs"]
    times = ("delete_at", "delete_files_at", "files_deleted_at")
    assert [row[name] for name in times] == [job[name] for name in times]
    later(server, HOURS - 60)
    assert shown(server, job_id)["files_deleted_at"] is None
    later(server, HOURS + 60)
    job = shown(server, job_id)
    assert (job["delete_files_at"], job["status"]) == (None, "ready")
    assert moment(job, "files_deleted_at") >= finished_at
    assert moment(job, "delete_at") == finished_at + seconds(DAYS)
    assert [file["name"] for file in job["artifacts"]] == ["report.json"]
    assert server.client.get(job["artifacts"][0]["url"]).content == REPORT
    assert server.client.get(f"/v1/jobs/{job_id}/events").status_code == 200
    later(server, DAYS + 60)
    assert ids(server) == set()
    assert server.client.get(f"/v1/jobs/{job_id}").status_code == 404
    assert not server.store.referenced()


def test_whatever_needs_deleted_files_is_answered_with_410(server, tmp_path):
    job_id = ready(server, tmp_path)
    (model, _) = shown(server, job_id)["artifacts"]
    link = server.post({"names": ["model.mlmodel"]}, f"/v1/jobs/{job_id}/links").json()["links"][0]
    later(server, HOURS + 60)
    parts = f"/v1/artifacts/{model['sha256']}"
    query = link["url"].partition("?")[2]
    for path in (model["url"], link["url"], parts, f"{parts}?{query}"):
        answer = server.client.get(path)
        detail = is_problem(answer, 410, "files-deleted")["detail"]
        assert f"{job_id}: expected a job with its files, found one whose files were deleted on 20" in detail
    for path in ("frames", "interface", "answers"):
        is_problem(server.client.get(f"/v1/jobs/{job_id}/{path}"), 410, "files-deleted")
    for path, body in (
        ("links", {}),
        ("links", {"names": ["model.mlmodel"]}),
        ("predictions", {"inputs": [[1, 2, 3, 4]]}),
    ):
        is_problem(server.post(body, f"/v1/jobs/{job_id}/{path}"), 410, "files-deleted")
    assert server.post({"names": ["report.json"]}, f"/v1/jobs/{job_id}/links").status_code == 200
    assert server.client.get(f"{parts[:-4]}ffff").status_code == 404


def test_others_do_not_learn_that_there_was_a_file(tmp_path):
    with served(tmp_path, workers=0, keep=FILES, access="tokens") as server:
        ada, bob = ({"Authorization": f"Bearer {server.tokens.create(name)[1]}"} for name in ("ada", "bob"))
        job_id = server.post(IRIS, headers=ada).json()["id"]
        file = artifact(job_id, "model.mlmodel", put(server, tmp_path, MODEL), len(MODEL))
        finish(server.store, server.store.claim(), file)
        later(server, HOURS + 60)
        url = f"/v1/artifacts/{file.sha256}/model.mlmodel"
        assert [server.client.get(url, headers=one).status_code for one in (ada, bob)] == [410, 404]


def test_a_content_that_another_job_has_stays(server, tmp_path):
    first = ready(server, tmp_path)
    later(server, HOURS / 2)
    second = ready(server, tmp_path)
    server.owners.keep(OPEN_OWNER, {"keep_files_s": DAYS})  # so that only the first one goes
    assert FinishedJobs(server.database).delete_files(first, NUMBERS)
    settled(server)
    server.service.sweep()
    for job_id in (first, second):
        assert shown(server, job_id)["status"] == "ready"
    (model, _) = shown(server, second)["artifacts"]
    assert server.client.get(model["url"]).content == MODEL


def test_files_are_removed_by_the_sweep_that_follows_and_a_download_ends_cleanly(server, tmp_path):
    model = bytes(range(256)) * (1 << 14)
    job_id = ready(server, tmp_path, model)
    sha256 = shown(server, job_id)["artifacts"][0]["sha256"]
    with server.artifacts.open(sha256, 0, len(model)) as reader:
        got = reader.read(1000)
        later(server, HOURS + 60)
        assert server.artifacts.stat(sha256).size_bytes == len(model), "for downloads that have begun"
        settled(server)
        server.service.sweep()
        assert server.artifacts.usage_bytes() == len(REPORT)
        assert got + reader.read() == model
    is_problem(server.client.get(f"/v1/artifacts/{sha256}/model.mlmodel"), 410, "files-deleted")


def test_a_failed_job_loses_its_film(server):
    job_id = server.submit()
    attempt = server.store.claim()
    to_verifying(server.store, attempt)
    server.store.fail(attempt, "by its own fault", retry=False)
    job = shown(server, job_id)
    assert moment(job, "delete_files_at") == moment(job, "finished_at") + seconds(HOURS)
    later(server, HOURS + 60)
    assert shown(server, job_id)["files_deleted_at"]
    is_problem(server.client.get(f"/v1/jobs/{job_id}/frames"), 410, "files-deleted")


def test_unfinished_jobs_are_kept(server):
    job_id = server.submit()
    later(server, 1000 * DAYS)
    job = shown(server, job_id)
    assert (job["delete_at"], job["delete_files_at"], job["files_deleted_at"]) == (None, None, None)


@pytest.mark.parametrize("keep_s", [None, 1e12, 1e300, FOREVER])
def test_without_a_limit_jobs_and_files_are_kept(tmp_path, keep_s):
    with served(tmp_path, keep=Keeping(keep_jobs_s=keep_s, keep_files_s=keep_s)) as server:
        job_id = server.submit()
        assert server.over(job_id).status is Status.READY
        later(server, 1000 * DAYS)
        server.service.sweep()
        job = shown(server, job_id)
        assert (job["delete_at"], job["delete_files_at"], job["files_deleted_at"]) == (None, None, None)


def test_files_that_go_with_their_job_say_so(tmp_path):
    with served(tmp_path, workers=0, keep=JOBS) as server:
        job = shown(server, ready(server, tmp_path))
        assert job["delete_files_at"] == job["delete_at"] is not None


@pytest.mark.parametrize(
    ("own", "gone"),
    [
        ({"keep_jobs_s": 7 * DAYS}, False),
        ({"keep_jobs_s": FOREVER}, False),
        ({"keep_jobs_s": HOURS}, True),
        ({"keep_jobs_s": None}, True),
        ({"keep_files_s": 60.0}, True),
    ],
)
def test_an_owner_has_other_times_at_once_also_for_jobs_that_exist(tmp_path, own, gone):
    with served(tmp_path, workers=0, keep=JOBS) as server:
        job_id = ready(server, tmp_path)
        before = moment(shown(server, job_id), "delete_at")
        server.owners.keep(OPEN_OWNER, own)
        job, keep_s = shown(server, job_id), own.get("keep_jobs_s") or DAYS
        expected = None if keep_s == FOREVER else before + seconds(keep_s - DAYS)
        assert (job["delete_at"] and moment(job, "delete_at")) == expected
        server.owners.keep("another", {"keep_jobs_s": 1.0})
        later(server, DAYS + 60)
        assert (ids(server) == set()) is gone


def test_two_servers_may_delete_the_same(server, tmp_path):
    jobs = [ready(server, tmp_path) for _ in range(3)]
    finished = FinishedJobs(server.database)
    due = finished.files_due(FILES, server.database.now() + seconds(2 * HOURS), 10)
    assert due == jobs
    later(server, 2 * HOURS)
    assert not any(finished.delete_files(job_id, NUMBERS) for job_id in due)
    finished.jobs_due = lambda *_: jobs if jobs and ids(server) else []
    other = Retention(finished, server.owners, server.jobs, own=JOBS)
    later(server, 2 * DAYS)
    other.sweep(server.service.inference)
    assert ids(server) == set()


def test_what_the_last_server_has_said_is_done_by_all(server, tmp_path, caplog):
    job_id = ready(server, tmp_path)
    longer = Keeping(keep_jobs_s=30 * DAYS)
    other = Retention.of_database(server.database, longer)
    other.publish()
    (warning,) = [one.getMessage() for one in caplog.records if one.name == "quickml.service.retention"]
    assert (
        "now, also by other servers: keep_jobs_s 2592000, keep_files_s none, before: keep_jobs_s 86400, "
        in warning
    )
    job = shown(server, job_id)
    assert moment(job, "delete_at") == moment(job, "finished_at") + seconds(30 * DAYS)
    later(server, 29 * DAYS)
    assert shown(server, job_id)["files_deleted_at"] is None
    assert [
        one.of([server.store.job(job_id)]) for one in (other, Retention.of_database(server.database))
    ] == [server.retention.of([server.store.job(job_id)])] * 2
    later(server, 31 * DAYS)
    assert ids(server) == set()
    caplog.clear()
    other.publish()
    assert caplog.records == []


def test_a_sweep_that_was_cut_off_goes_on(server, tmp_path, monkeypatch):
    for _ in range(3):
        ready(server, tmp_path)
    delete, done = FinishedJobs.delete_files, []

    def dies(self, job_id, keep):
        if len(done) == 1:
            raise KeyboardInterrupt
        done.append(job_id)
        return delete(self, job_id, keep)

    monkeypatch.setattr(FinishedJobs, "delete_files", dies)
    with pytest.raises(KeyboardInterrupt):
        later(server, 2 * HOURS)
    monkeypatch.undo()
    later(server, 2 * HOURS)
    assert all(job["files_deleted_at"] for job in server.client.get("/v1/jobs").json()["jobs"])


def test_one_sweep_deletes_more_than_it_looks_up_at_once(server, tmp_path, monkeypatch):
    monkeypatch.setattr("quickml.service.retention.AT_ONCE", 2)
    assert AT_ONCE > 2
    for _ in range(5):
        ready(server, tmp_path)
    later(server, 2 * DAYS)
    assert ids(server) == set()


def test_a_job_that_cannot_be_deleted_does_not_keep_a_sweep_busy(server):
    job_id, looks = server.submit(), []
    finished = FinishedJobs(server.database)
    finished.jobs_due = lambda *_: looks.append(1) or [job_id]
    Retention(finished, server.owners, server.jobs, own=JOBS).sweep(server.service.inference)
    assert len(looks) == 1
    assert shown(server, job_id)["status"] == "queued"


def test_sweeps_are_as_often_as_what_is_kept_for_the_shortest_time_needs(server):
    assert server.retention.every_s() == EVERY_S
    server.owners.keep("ada", {"keep_files_s": 5.0})
    assert server.retention.every_s() == 5.0
    server.owners.keep("ada", {"keep_files_s": FOREVER})
    assert server.retention.every_s() == EVERY_S


def test_what_the_server_does_is_told_to_programs_that_read_its_database(server):
    assert server.owners.all() == {"": Keeping(keep_jobs_s=DAYS, keep_files_s=HOURS)}


def test_json_has_times_as_elsewhere(server, tmp_path):
    job = shown(server, ready(server, tmp_path))
    assert job["delete_files_at"][-1] == job["finished_at"][-1] == "Z"
    assert json.dumps(job)
