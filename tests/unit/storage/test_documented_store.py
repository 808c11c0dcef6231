"""A server on the store of docs/how-to/add-a-store.md: nothing else may need to know that it is another one."""

import hashlib

import pytest

from documented_store import documented_store
from job_examples import finish
from quickml.export.coreml.archive import zipped
from quickml.worker.upload import upload
from result_rows import rows
from served import JSON, served

MODEL = bytes(range(256)) * 10_000
WEIGHTS = b"weights" * 1000


@pytest.fixture
def result(tmp_path):
    """A result folder, as a job leaves it."""
    folder = tmp_path / "result"
    (folder / "model.mlpackage").mkdir(parents=True)
    (folder / "model.mlpackage" / "weights.bin").write_bytes(WEIGHTS)
    zipped(folder / "model.mlpackage")
    (folder / "model.mlmodel").write_bytes(MODEL)
    return folder


class RedirectingStore:
    """Another store, whose files clients can fetch from somewhere else."""

    def __init__(self, store):
        self._store, self.asked = store, []

    def __getattr__(self, name):
        return getattr(self._store, name)

    def redirect_url(self, sha256, **given):
        self.asked.append(given)
        return f"https://files.example/{sha256}?signature=a%2Bb"


def ready(server, result):
    """The artifacts of a job that has this result, by their names."""
    job_id = server.submit()
    finish(server.store, server.store.claim(), *upload(result, rows(result), job_id, server.artifacts))
    found = server.client.get(f"/v1/jobs/{job_id}/artifacts").json()["artifacts"]
    return {row["name"]: row for row in found}


def test_a_job_is_stored_listed_and_sent(tmp_path, result):
    store = documented_store(tmp_path)
    with served(tmp_path, workers=0, artifacts=store, accel_redirect="/protected/") as server:
        files = ready(server, result)
        model = files["model.mlmodel"]
        whole = server.client.get(model["url"])
        assert (whole.status_code, whole.content) == (200, MODEL)
        part = server.client.get(model["url"], headers={"Range": "bytes=5-99,200-299"})
        assert part.status_code == 206
        assert MODEL[5:100] in part.content
        (weights,) = files["model.mlpackage.zip"]["package"]["files"]
        assert server.client.get(weights["url"]).content == WEIGHTS
        checksums = server.client.get(f"/v1/artifacts/{model['sha256']}").json()
        assert checksums["parts"][0] == hashlib.sha256(MODEL[: 1 << 20]).hexdigest()
        assert server.client.get("/readyz").json()["disk"]["free_bytes"] > 0
        assert "quickml_disk_free_bytes" in server.client.get("/metrics").text


def test_a_signed_link_leads_to_the_storage_itself(tmp_path, result):
    store = RedirectingStore(documented_store(tmp_path))
    with served(tmp_path, workers=0, artifacts=store, downloads="redirect") as server:
        model = ready(server, result)["model.mlmodel"]
        assert server.client.get(model["url"]).content == MODEL, "a request with a token gets the bytes"
        job_id = server.client.get("/v1/jobs").json()["jobs"][0]["id"]
        asked = {"names": ["model.mlmodel"]}
        answer = server.client.post(f"/v1/jobs/{job_id}/links", json=asked, headers=JSON)
        link = answer.json()["links"][0]["url"]
        answer = server.client.get(link, follow_redirects=False)
        assert answer.status_code == 307
        assert answer.headers["location"] == f"https://files.example/{model['sha256']}?signature=a%2Bb"
        assert answer.headers["cache-control"] == "no-store"
        (given,) = store.asked
        assert given["name"] == "model.mlmodel"
        assert given["media_type"] == "application/octet-stream"
        known = {"If-None-Match": f'"{model["sha256"]}"'}
        assert server.client.get(link, headers=known, follow_redirects=False).status_code == 304
        assert server.client.get(f"{link}x", follow_redirects=False).status_code == 403
