"""`quickml serve` with a real S3: a job from its submission to its files, while the bucket is away for a while."""

import hashlib
import re
from urllib.parse import quote

import psutil
import pytest

import s3_process
from closing_proxy import ClosingProxy
from documents import LONG
from server_process import serving

pytestmark = s3_process.needs_s3
DELIVERED = {**LONG, "export": {"formats": ["mlmodel", "mlpackage"]}}


@pytest.fixture
def bucket():
    with ClosingProxy(s3_process.shared().ports["s3"]) as proxy:
        yield proxy


def flags(proxy, place, keys=None):
    address = f"s3://files/{place}?endpoint={quote(proxy.url, safe='')}&region={s3_process.REGION}"
    keys = keys or s3_process.shared().keys
    return ["--files", address, "--files-credentials-file", str(keys), "--downloads", "redirect"]


def secrets_of(server):
    for process in (
        psutil.Process(server.process.pid),
        *psutil.Process(server.process.pid).children(recursive=True),
    ):
        yield s3_process.SECRET in " ".join(process.cmdline())


def test_a_job_is_ready_although_the_bucket_was_away_when_it_was_delivered(tmp_path, bucket):
    options = flags(bucket, "served")
    with serving(tmp_path / "data", *options) as server:
        assert re.search(r"^files +s3://files/served\?endpoint=http", server.greeting, re.MULTILINE)
        earlier = ready(server)
        job_id = server.submit(DELIVERED)
        server.until(lambda: server.job(job_id)["epoch"] >= 2, "two epochs")
        assert not any(secrets_of(server))
        bucket.close()
        assert server.client.post(f"/v1/jobs/{job_id}/stop").status_code < 300
        server.until(lambda: "waiting for up to" in _log(tmp_path) or _is_unready(server), "a failure")
        answer = server.client.get(earlier["artifacts"][-1]["url"])
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        assert str(bucket.url) not in answer.text
        server.until(lambda: _is_unready(server), "readyz to tell")
        assert server.job(job_id)["status"] != "ready"
        bucket.open()
        server.until(lambda: server.job(job_id)["status"] == "ready", "the job")
        job = server.job(job_id)
        assert job["attempt"] == 1, job
        check_files(server, job)
        check_links(server, job)
    log = _log(tmp_path)
    assert s3_process.SECRET not in log
    assert "Traceback" not in log
    assert list((tmp_path / "data").glob("artifacts/*")) == []
    with serving(tmp_path / "data", *options) as server:
        check_files(server, server.job(job_id))


def ready(server):
    job_id = server.submit({**DELIVERED, "training": {"epochs": 1}})
    server.until(lambda: server.job(job_id)["status"] in ("ready", "failed"), "a job")
    assert server.job(job_id)["status"] == "ready"
    return server.job(job_id)


def check_files(server, job):
    for file in job["artifacts"]:
        content = server.client.get(file["url"]).content
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
        part = server.client.get(file["url"], headers={"Range": "bytes=1-9"})
        assert (part.status_code, part.content) == (206, content[1:10])


def check_links(server, job):
    links = server.client.post(f"/v1/jobs/{job['id']}/links", json={}).json()["links"]
    for link in links:
        answer = server.client.get(link["url"])
        shown = link["media_type"].startswith(("text/html", "application/json"))
        is_zip = link["media_type"] == "application/zip"  # put together by the server
        assert answer.status_code == (200 if shown or is_zip else 307), link
        followed = server.client.get(link["url"], follow_redirects=True)
        assert hashlib.sha256(followed.content).hexdigest() == link["sha256"]


def _is_unready(server):
    return server.client.get("/readyz").status_code == 503


def _log(tmp_path):
    return (tmp_path / "data.log").read_text()


def test_wrong_keys_are_told_at_the_start(tmp_path, bucket):
    keys = s3_process.shared().credentials(secret="another secret")
    with serving(tmp_path / "data", *flags(bucket, "refused", keys)) as server:
        server.until(lambda: "SignatureDoesNotMatch" in _log(tmp_path), "a line in the log")
        server.until(lambda: _is_unready(server), "readyz to tell")
        assert server.client.post("/v1/jobs", json=DELIVERED).status_code == 503
    lines = [line for line in _log(tmp_path).splitlines() if "SignatureDoesNotMatch" in line]
    assert "expected keys that give access, found others (SignatureDoesNotMatch)" in lines[0]
    assert "another secret" not in _log(tmp_path)
