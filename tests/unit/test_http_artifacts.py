"""Finished files over HTTP."""

import hashlib

import pytest

from job_examples import artifact, finish
from quickml.jobs.job import Artifact
from served import is_problem, served

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def two(tmp_path):
    """A server, the headers of two owners, and a ready job of the first."""
    with served(tmp_path, workers=0, access="tokens") as server:
        ada, bob = ({"Authorization": f"Bearer {server.tokens.create(name)[1]}"} for name in ("ada", "bob"))
        (tmp_path / "m").write_bytes(CONTENT)
        (tmp_path / "r").write_bytes(b"<script>alert(1)</script>")
        model, report = (server.artifacts.put(tmp_path / name) for name in "mr")
        job_id = server.post(headers=ada).json()["id"]
        finish(
            server.store,
            server.store.claim(),
            artifact(job_id, "model.mlmodel", model[0], model[1]),
            Artifact(
                job_id=job_id, name="report.html", kind="report", size_bytes=report[1], sha256=report[0],
                media_type="text/html; charset=utf-8",
            ),
        )  # fmt: skip
        yield server, ada, bob, job_id


def test_the_manifest_says_what_there_is_and_where(two):
    server, ada, _, job_id = two
    manifest = server.client.get(f"/v1/jobs/{job_id}/artifacts", headers=ada).json()["artifacts"]
    model = manifest[0]
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert model == {
        "name": "model.mlmodel", "kind": "mlmodel", "size_bytes": len(CONTENT), "sha256": digest,
        "media_type": "application/octet-stream", "url": f"/v1/artifacts/{digest}/model.mlmodel",
    }  # fmt: skip
    assert server.client.get(f"/v1/jobs/{job_id}", headers=ada).json()["artifacts"] == manifest
    got = server.client.get(model["url"], headers=ada)
    assert got.content == CONTENT
    assert got.headers["etag"] == f'"{digest}"'
    assert got.headers["content-disposition"].startswith("attachment")
    assert "immutable" in got.headers["cache-control"]


def test_head_says_the_same_without_the_bytes(two):
    server, ada, _, job_id = two
    url = server.client.get(f"/v1/jobs/{job_id}/artifacts", headers=ada).json()["artifacts"][0]["url"]
    got, head = server.client.get(url, headers=ada), server.client.head(url, headers=ada)
    assert head.content == b""
    assert head.headers == got.headers
    assert head.headers["content-length"] == str(len(CONTENT))


def test_a_report_is_shown_and_can_run_nothing(two):
    server, ada, _, job_id = two
    url = server.client.get(f"/v1/jobs/{job_id}/artifacts", headers=ada).json()["artifacts"][1]["url"]
    headers = server.client.get(url, headers=ada).headers
    assert headers["content-disposition"].startswith("inline")
    assert headers["content-security-policy"].startswith("sandbox; default-src 'none'")


def test_somebody_elses_files_are_not_there(two):
    server, ada, bob, job_id = two
    url = server.client.get(f"/v1/jobs/{job_id}/artifacts", headers=ada).json()["artifacts"][0]["url"]
    is_problem(server.client.get(url, headers=bob), 404, "not-found")
    is_problem(server.client.get(url + "x", headers=ada), 404, "not-found")


def test_a_file_that_is_lost_is_not_found(two):
    server, ada, _, job_id = two
    listed = server.client.get(f"/v1/jobs/{job_id}/artifacts", headers=ada).json()["artifacts"][0]
    server.artifacts.delete(listed["sha256"])
    is_problem(server.client.get(listed["url"], headers=ada), 404, "not-found")


def test_a_job_that_is_not_ready_has_none(two):
    server, ada, _, _ = two
    job_id = server.post(headers=ada).json()["id"]
    assert server.client.get(f"/v1/jobs/{job_id}/artifacts", headers=ada).json() == {"artifacts": []}
