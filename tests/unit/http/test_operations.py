"""Liveness, readiness, figures, logs."""

import json
import logging
import re
import time
from datetime import timedelta

import pytest

from job_examples import HOLDER
from quickml import logs
from quickml.errors import ArtifactNotFoundError, StoreError
from quickml.executors.executor import State, Worker
from quickml.http import app
from quickml.jobs.hosts import Host
from quickml.service import Keeping, Service
from quickml.storage.database.migrations import HEAD
from served import HOURS, IRIS, is_problem, served, until


def test_alive_and_ready(tmp_path):
    with served(tmp_path, workers=2) as server:
        assert server.client.get("/healthz").json() == {"status": "alive"}
        until(lambda: all(w.state is State.IDLE for w in server.executor.workers()), "idle workers")
        report = server.client.get("/readyz").json()
        assert (report["ready"], report["database"]) == (True, "usable")
        assert report["workers"] == {"trouble": False, "idle": 2}


def test_free_space_does_not_tell_what_others_have_stored(tmp_path, monkeypatch):
    with served(tmp_path, workers=0) as server:
        told = set()
        for free in (
            500_000_000_000,
            500_000_000_000 - (20 << 20),
        ):  # a file was stored, or was there already
            monkeypatch.setattr(server.room, "free_bytes", lambda free=free: free)
            (line,) = re.findall(
                r"^quickml_disk_free_bytes (.*)$", server.client.get("/metrics").text, re.MULTILINE
            )
            free_bytes = server.client.get("/readyz").json()["disk"]["free_bytes"]
            assert (float(line), free_bytes > 0.85 * free) == (free_bytes, True)
            told.add(free_bytes)
        assert len(told) == 1


def test_workers_that_start_are_no_reason_to_wait_and_those_that_cannot_are(tmp_path, monkeypatch):
    with served(tmp_path, workers=0) as server:
        starting = Worker(number=0, state=State.STARTING)
        broken = Worker(number=1, state=State.STARTING, trouble="no TensorFlow in /secret")
        for rows, status in (([starting, starting], 200), ([starting, broken], 200), ([broken], 503)):
            monkeypatch.setattr(server.executor, "workers", lambda rows=rows: rows)
            answer = server.client.get("/readyz")
            assert answer.status_code == status
            assert answer.json()["ready"] is (status == 200)
            assert "secret" not in answer.text


def test_a_server_without_any_worker_is_ready_and_says_so(tmp_path):
    """Whoever routes requests by `/readyz` still reaches the files, and a queue that takes jobs."""
    with served(tmp_path, workers=0) as server:
        assert server.client.get("/readyz").json()["seats"] == {"all": 1, "free": 1}
        job_id = server.submit()
        assert server.client.get(f"/v1/jobs/{job_id}").json()["lacks"] is None
        server.hosts.leave(HOLDER)
        answer = server.client.get("/readyz")
        assert (answer.status_code, answer.json()["ready"]) == (200, True)
        assert answer.json()["seats"] == {"all": 0, "free": 0}
        assert server.client.get(f"/v1/jobs/{job_id}").json()["lacks"] == "worker"
        assert sum(value for name, value in figures(server).items() if name.startswith("quickml_seats{")) == 0
        assert figures(server)["quickml_seats_wanted"] == 1
        server.hosts.join(Host(id="host_2", name="room-2"))
        attempt = server.store.claim(holder="host_2")
        assert server.client.get("/readyz").json()["seats"] == {"all": 1, "free": 0}
        assert server.client.get(f"/v1/jobs/{attempt.job_id}").json()["lacks"] is None


def test_a_job_that_needs_a_gpu_waits_for_one_and_its_document_says_so(tmp_path):
    with served(tmp_path, workers=0) as server:
        job_id = server.submit({**IRIS, "training": {"accelerator": "gpu"}})
        assert server.store.job(job_id).needs == "gpu"
        assert server.client.get(f"/v1/jobs/{job_id}").json()["lacks"] == "gpu"
        found = figures(server)
        assert (found["quickml_seats_wanted"], found["quickml_gpu_seats_wanted"]) == (0, 1)
        assert not any(name.startswith("quickml_gpus") for name in found)
        server.hosts.join(Host(id="host_2", name="room-2", gpus=2, gpu_seats=1))
        assert figures(server)['quickml_gpus{host="room-2",kind="worker"}'] == 2
        assert server.client.get(f"/v1/jobs/{job_id}").json()["lacks"] is None
        problem = server.client.post("/v1/jobs", json={**IRIS, "training": {"accelerator": "tpu"}}).json()
        assert problem["problems"][0]["pointer"] == "/training/accelerator"
        assert problem["problems"][0]["expected"] == "'auto', 'cpu' or 'gpu'"


def test_storage_that_cannot_be_written_makes_the_server_unready_until_it_can(tmp_path):
    """A file in place of the folder: as on a read-only or full volume, what is stored stays."""
    with served(tmp_path, workers=0, probe_every_s=0.0) as server:
        assert server.client.get("/readyz").json()["files"] == "usable"
        (tmp_path / "artifacts").rename(tmp_path / "aside")
        (tmp_path / "artifacts").write_text("in its place")
        answer = server.client.get("/readyz")
        assert (answer.status_code, answer.json()["files"], answer.json()["database"]) == (
            503,
            "unusable",
            "usable",
        )
        refused = server.post()
        assert "artifacts" not in is_problem(refused, 503, "storage")["detail"]
        assert "Retry-After" in refused.headers
        assert server.client.get("/metrics").status_code == 200
        (tmp_path / "artifacts").unlink()
        (tmp_path / "aside").rename(tmp_path / "artifacts")
        assert server.client.get("/readyz").status_code == 200
        server.submit()


def test_a_database_that_can_only_be_read_makes_the_server_unready(tmp_path, monkeypatch):
    def refused():
        raise StoreError(f"{tmp_path}: the database cannot be used (disk full)")

    with served(tmp_path, workers=0, probe_every_s=0.0) as server:
        monkeypatch.setattr(server.jobs._database, "check_writable", refused)
        answer = server.client.get("/readyz")
        assert (answer.status_code, answer.json()["database"], answer.json()["files"]) == (
            503,
            "unusable",
            "usable",
        )
        assert str(tmp_path) not in answer.text


def test_a_server_whose_tables_a_newer_release_has_changed_takes_no_job_and_removes_nothing(tmp_path):
    """The newer one may refer to files in a way that this one does not know of."""
    with served(tmp_path, workers=0, probe_every_s=0.0, keep=Keeping(keep_jobs_s=1.0)) as server:
        (tmp_path / "file").write_bytes(b"of a newer release")
        sha256 = server.artifacts.put(tmp_path / "file").sha256
        finished = server.submit()
        server.store.cancel(finished)
        with server.database.write() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        server.ahead = timedelta(hours=1)
        server.artifacts._clock = lambda: time.time() + 7200
        answer = server.client.get("/readyz")
        assert (answer.status_code, answer.json()["database"]) == (503, "unusable")
        assert "9999" not in is_problem(server.post(), 503, "storage")["detail"]
        server.service.sweep()
        server.service.retain()
        assert server.artifacts.stat(sha256)
        assert server.client.get(f"/v1/jobs/{finished}").json()["status"] == "cancelled"
        with server.database.write() as connection:
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{HEAD}'")
        server.submit()
        server.service.sweep()
        server.service.retain()
        assert server.client.get(f"/v1/jobs/{finished}").status_code == 404
        with pytest.raises(ArtifactNotFoundError):
            server.artifacts.stat(sha256)


def test_sweeps_go_on_after_an_unexpected_error(tmp_path, monkeypatch):
    calls = []

    def scrub(_):
        calls.append(1)
        raise RuntimeError("a bug")

    monkeypatch.setattr(app, "SWEEP_EVERY_S", 0.01)
    monkeypatch.setattr(Service, "scrub", scrub)
    with served(tmp_path, workers=0):
        until(lambda: len(calls) >= 3, "a third attempt")


def figures(server):
    text = server.client.get("/metrics").text
    return {
        name: float(value) for name, value in re.findall(r"^(\w+(?:\{.*?\})?) (\S+)$", text, re.MULTILINE)
    }


def test_figures_tell_of_queue_stages_requests_and_workers(tmp_path):
    with served(tmp_path) as server:
        job_id = server.submit()
        server.over(job_id)
        server.client.get(f"/v1/jobs/{job_id}/events")
        until(lambda: figures(server).get('quickml_jobs_finished_total{status="ready"}') == 1, "the count")
        found = figures(server)
        assert found['quickml_jobs{status="ready"}'] == 1
        assert found['quickml_jobs{status="queued"}'] == 0
        for stage in ("build", "train", "compile", "verify"):
            assert found[f'quickml_stage_seconds_count{{stage="{stage}"}}'] == 1
        assert found['quickml_request_seconds_count{method="POST",route="/v1/jobs",status="202"}'] == 1
        assert found['quickml_sent_bytes_total{route="/v1/jobs/{job_id}/events"}'] > 100
        assert not any("events" in name and "request_seconds" in name for name in found), (
            "a stream is no request"
        )
        assert found["quickml_ready"] == 1
        assert found["quickml_watchers"] == 0


def test_figures_tell_of_hosts_by_their_names_and_of_how_long_jobs_wait(tmp_path):
    with served(tmp_path, epoch_s=HOURS) as server:
        first, _ = server.submit(), server.submit()
        server.training(first)
        server.hosts.join(Host(id="host_1", name="room-1", seats=3))
        found = figures(server)
        assert found['quickml_seats{host="memory",kind="server",state="busy"}'] == 1
        assert found['quickml_seats{host="memory",kind="server",state="free"}'] == 0
        assert found['quickml_seats{host="room-1",kind="worker",state="free"}'] == 3
        assert found["quickml_queue_seconds"] > 0
        assert found["quickml_seats_wanted"] == 2
        server.hosts.leave("host_1")
        assert not any("room-1" in name for name in figures(server))


def test_figures_of_unknown_paths_do_not_pile_up(tmp_path):
    with served(tmp_path, workers=0) as server:
        before = len(figures(server))
        for number in range(20):
            server.client.request(f"METHOD{number}", f"/nowhere/{number}")
        assert len(figures(server)) - before < 40
        text = server.client.get("/metrics").text
        assert "nowhere" not in text
        assert "METHOD1" not in text


def test_cancelled_jobs_and_what_waits_are_counted(tmp_path):
    with served(tmp_path, epoch_s=HOURS) as server:
        first, _ = server.submit(), server.submit()
        server.training(first)
        assert figures(server)['quickml_jobs{status="queued"}'] == 1
        server.client.post(f"/v1/jobs/{first}/cancel")
        until(
            lambda: figures(server).get('quickml_jobs_finished_total{status="cancelled"}') == 1, "the count"
        )


def line(formatter, message, **extra):
    record = logging.makeLogRecord({"name": "a", "levelname": "INFO", "msg": message, "args": (), **extra})
    return formatter.format(record)


def test_a_line_of_json_carries_the_job_that_it_is_about():
    job_id = "job_01ARZ3NDEKTSV4RRFFQ69G5FAV"
    named = json.loads(line(logs.JsonFormatter(), f"{job_id}: attempt 1 broke off"))
    assert (named["job_id"], named["level"], named["logger"]) == (job_id, "info", "a")
    given = json.loads(line(logs.JsonFormatter(), "GET", job_id="job_x", status=200))
    assert (given["job_id"], given["status"]) == ("job_x", 200)
    assert "job_id" not in json.loads(line(logs.JsonFormatter(), "no job"))


def test_what_comes_from_outside_writes_no_lines_of_its_own():
    told = line(logs.TextFormatter(), "GET /\n12:00:00 error   forged\x1b[31m")
    assert "\n" not in told
    assert "\x1b" not in told


def test_requests_are_logged_with_their_job_and_probes_are_not(tmp_path, caplog):
    with served(tmp_path, workers=0) as server, caplog.at_level("INFO"):
        job_id = server.submit()
        server.client.get(f"/v1/jobs/{job_id}")
        server.client.get("/healthz")
    by_path = {r.getMessage(): r for r in caplog.records if r.name == "quickml.http.server.access_log"}
    assert by_path[f"GET /v1/jobs/{job_id} 200"].job_id == job_id
    assert not any("healthz" in message for message in by_path)
