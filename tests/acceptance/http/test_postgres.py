"""`quickml serve` with a real PostgreSQL: a job from its submission to its files, through an outage."""

import re

import psutil
import pytest

from documents import LONG
from postgres_process import PASSWORD, USER, Postgres, needs_postgres
from server_process import quickml, serving

pytestmark = needs_postgres


@pytest.fixture(scope="module")
def database():
    server = Postgres()
    yield server
    server.close()


def test_a_training_goes_on_through_an_outage_of_the_database(tmp_path, database):
    database.sql("CREATE DATABASE served")
    options = database.options("served")
    with serving(tmp_path / "data", *options) as server:
        assert re.search(r"^database +postgresql://\S+/served$", server.greeting, re.MULTILINE)
        job_id = server.submit(LONG)
        server.until(lambda: server.job(job_id)["epoch"] >= 2, "two epochs")
        for process in (
            psutil.Process(server.process.pid),
            *psutil.Process(server.process.pid).children(recursive=True),
        ):
            assert PASSWORD not in " ".join(process.cmdline())
        database.stop()
        answer = server.client.get(f"/v1/jobs/{job_id}")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        for secret in (PASSWORD, f"{USER}@", str(database.port)):
            assert secret not in answer.text
        assert server.client.post("/v1/jobs", json=LONG).status_code == 503
        database.start()
        before = server.until(lambda: _epoch(server, job_id), "the API")
        server.until(lambda: server.job(job_id)["epoch"] > before, "the training")
        assert server.client.post(f"/v1/jobs/{job_id}/stop").status_code < 300
        events = server.events(job_id)
        assert [number for number, _ in events] == list(range(1, len(events) + 1))
        job = server.job(job_id)
        assert (job["status"], job["attempt"]) == ("ready", 1), job
        for file in job["artifacts"]:
            assert server.client.get(file["url"]).status_code == 200
    assert not (tmp_path / "data" / "quickml.db").exists()
    log = (tmp_path / "data.log").read_text()
    assert PASSWORD not in log
    assert "Traceback" not in log
    found = quickml("jobs", "--data", tmp_path / "data", *options)
    assert job_id in found.stdout, found
    with serving(tmp_path / "data", *options) as server:
        assert server.job(job_id)["status"] == "ready"


def _epoch(server, job_id):
    answer = server.client.get(f"/v1/jobs/{job_id}")
    assert answer.status_code in (200, 503)
    return answer.status_code == 200 and answer.json()["epoch"]


def test_a_server_without_its_database_says_so_and_ends(tmp_path, database):
    found = quickml("serve", "--data", tmp_path / "data", "--database", "postgresql://ada:s3cret@127.0.0.1/x")
    assert found.returncode == 2
    assert "s3cret" not in found.stderr + found.stdout
    assert "an address without a password" in found.stderr
    found = quickml("serve", "--data", tmp_path / "data", *database.options("absent"))
    assert found.returncode != 0
    assert 'database "absent" does not exist' in found.stderr
    assert PASSWORD not in found.stderr
