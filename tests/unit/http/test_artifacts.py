"""Finished files over HTTP."""

import base64
import hashlib
import re
from dataclasses import replace

import numpy as np
import pytest

from job_examples import artifact, finish
from quickml.answers.write import to_bytes
from quickml.errors import ArtifactNotFoundError
from quickml.jobs.job import Artifact
from quickml.report.script import source
from quickml.service import OPEN_OWNER
from quickml.storage.artifacts.filesystem import FilesystemArtifactStore
from served import is_problem, served
from stored_files import change_stored_file, url

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
            artifact(job_id, "model.mlmodel", model.sha256, model.size_bytes),
            Artifact(
                job_id=job_id, name="report.html", kind="report", size_bytes=report.size_bytes, sha256=report.sha256,
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
        "package": None,
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


def test_what_can_be_asked_of_a_file_is_told(two):
    server, ada, _, job_id = two
    url = server.client.get(f"/v1/jobs/{job_id}/artifacts", headers=ada).json()["artifacts"][0]["url"]
    refused = server.client.put(url, headers=ada)
    is_problem(refused, 405, "method-not-allowed")
    assert set(refused.headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_a_report_is_shown_and_can_run_nothing_but_its_player(two):
    server, ada, _, job_id = two
    url = server.client.get(f"/v1/jobs/{job_id}/artifacts", headers=ada).json()["artifacts"][1]["url"]
    headers = server.client.get(url, headers=ada).headers
    assert headers["content-disposition"].startswith("inline")
    policy = headers["content-security-policy"]
    assert policy.startswith(f"sandbox allow-scripts; default-src 'none'; script-src {source()};")
    assert re.search("unsafe-(?!inline'; img)", policy) is None


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


def first_url(server, headers, job_id):
    return server.client.get(f"/v1/jobs/{job_id}/artifacts", headers=headers).json()["artifacts"][0]["url"]


def test_a_file_is_told_with_all_that_a_client_wants_to_know(two):
    server, ada, _, job_id = two
    headers = server.client.get(first_url(server, ada, job_id), headers=ada).headers
    digest = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()
    assert headers["repr-digest"] == f"sha-256=:{digest}:"
    assert headers["accept-ranges"] == "bytes"
    assert headers["cache-control"] == "private, max-age=31536000, immutable"
    assert headers["content-disposition"].endswith(
        "; filename=\"model.mlmodel\"; filename*=UTF-8''model.mlmodel"
    )
    assert "last-modified" in headers
    assert "content-encoding" not in headers


def test_conditions_and_ranges_that_cannot_be_met_are_problems(two):
    server, ada, _, job_id = two
    url = first_url(server, ada, job_id)
    failed = server.client.get(url, headers={**ada, "If-Match": '"x"'})
    assert "expected a condition" in is_problem(failed, 412, "precondition-failed")["detail"]
    beyond = server.client.get(url, headers={**ada, "Range": "bytes=999999-"})
    is_problem(beyond, 416, "range-not-satisfiable")
    assert beyond.headers["content-range"] == f"bytes */{len(CONTENT)}"


def test_a_file_of_another_size_than_it_had_is_not_sent(two, tmp_path):
    server, ada, _, job_id = two
    url = first_url(server, ada, job_id)
    sha256 = url.split("/")[3]
    change_stored_file(server.artifacts, sha256, lambda content: content[:-1])
    problem = is_problem(server.client.get(url, headers=ada), 500, "damaged")
    assert str(tmp_path) not in str(problem)


def test_an_owner_with_too_many_downloads_is_told_when_to_come_back(tmp_path):
    with served(tmp_path, workers=0, downloads_per_owner=1) as server:
        url = a_file(server, tmp_path)
        with server.app.state.shared.downloads.opened(OPEN_OWNER):
            answer = server.client.get(url)
            is_problem(answer, 429, "downloads")
            assert int(answer.headers["retry-after"]) > 0
            assert server.client.head(url).status_code == 200
        assert server.client.get(url).content == CONTENT


def test_what_was_sent_is_counted(tmp_path):
    with served(tmp_path, workers=0) as server:
        url = a_file(server, tmp_path)
        server.client.get(url)
        server.client.get(url, headers={"Range": "bytes=0-9"})
        server.client.head(url)
        text = server.client.get("/metrics").text
        assert f"quickml_file_bytes_total {len(CONTENT) + 10}.0" in text
        assert "quickml_downloads 0.0" in text


def a_file(server, folder):
    """Where a server without tokens has CONTENT."""
    (folder / "m").write_bytes(CONTENT)
    stored = server.artifacts.put(folder / "m")
    job_id = server.post().json()["id"]
    file = artifact(job_id, "model.mlmodel", stored.sha256, stored.size_bytes)
    finish(server.store, server.store.claim(), file)
    return url(file)


# Sent by nginx

DATE = "Thu, 01 Jan 1970 00:00:01 GMT"
ACCELERATED = [
    {},
    {"Range": "bytes=0-9"},
    {"Range": "bytes=-5"},
    {"Range": "bytes=5-"},
    {"If-None-Match": '"another"'},
    {"If-Modified-Since": DATE},
    {"Range": "bytes=0-9", "If-Range": "{etag}"},
    {"If-Range": '"another"'},
]
OURSELVES = {
    "if-match": ({"If-Match": "{etag}"}, 200),
    "if-unmodified-since": ({"If-Unmodified-Since": "Thu, 31 Dec 2099 00:00:01 GMT"}, 200),
    "if-none-match": ({"If-None-Match": "{etag}"}, 304),
    "another file's range": ({"Range": "bytes=0-9", "If-Range": '"another"'}, 200),
    "malformed": ({"Range": "bytes=5-4"}, 200),
    "another unit": ({"Range": "items=0-4"}, 200),
    "capitals": ({"Range": "Bytes=0-4"}, 206),
    "a space": ({"Range": "bytes= 0-4"}, 206),
    "a list": ({"Range": "bytes=0-4,"}, 206),
    "digits without end": ({"Range": "bytes=0-" + "9" * 30}, 206),
    "several": ({"Range": "bytes=0-4,9-9"}, 206),
    "nothing there": ({"Range": "bytes=999999-"}, 416),
}


@pytest.fixture
def accelerated(tmp_path):
    with served(tmp_path, workers=0, accel_redirect="/protected/") as server:
        yield server, a_file(server, tmp_path)


@pytest.mark.parametrize("headers", ACCELERATED, ids=str)
def test_nginx_is_told_what_to_send(accelerated, headers):
    server, url = accelerated
    sha256 = url.split("/")[3]
    answer = server.client.get(url, headers=filled(headers, sha256))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["x-accel-redirect"] == f"/protected/{server.artifacts.relative_path(sha256)}"
    assert answer.headers["etag"] == f'"{sha256}"'
    assert {"repr-digest", "cache-control", "content-disposition", "content-security-policy"} <= set(
        answer.headers
    )
    assert "accept-ranges" not in answer.headers, "nginx says it, and would say it twice"


@pytest.mark.parametrize("name", OURSELVES)
def test_what_nginx_would_answer_in_another_way_is_answered_here(accelerated, name):
    server, url = accelerated
    headers, status = OURSELVES[name]
    answer = server.client.get(url, headers=filled(headers, url.split("/")[3]))
    assert answer.status_code == status
    assert "x-accel-redirect" not in answer.headers
    if status == 200:
        assert answer.content == CONTENT


def test_a_head_is_answered_here(accelerated):
    server, url = accelerated
    answer = server.client.head(url)
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert "x-accel-redirect" not in answer.headers


def test_files_on_disk_are_found_from_the_folder_that_nginx_is_given(tmp_path):
    store = FilesystemArtifactStore(tmp_path / "artifacts")
    (tmp_path / "m").write_bytes(CONTENT)
    path = store.relative_path(store.put(tmp_path / "m").sha256)
    assert (tmp_path / "artifacts" / path).read_bytes() == CONTENT
    with pytest.raises(ArtifactNotFoundError):
        store.relative_path("../../etc/passwd")


def filled(headers, sha256):
    return {name: value.replace("{etag}", f'"{sha256}"') for name, value in headers.items()}


ANSWERS = to_bytes(
    np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], np.float32), ("a", "b")
)


def test_answers_are_those_of_the_job_and_of_its_owner(tmp_path):
    with served(tmp_path, workers=0, access="tokens") as server:
        ada, bob = ({"Authorization": f"Bearer {server.tokens.create(name)[1]}"} for name in ("ada", "bob"))
        job_id = server.post(headers=ada).json()["id"]
        url = f"/v1/jobs/{job_id}/answers"
        assert is_problem(server.client.get(url, headers=ada), 409, "job-state")
        (tmp_path / "answers.bin").write_bytes(ANSWERS)
        stored = server.artifacts.put(tmp_path / "answers.bin")
        row = artifact(job_id, "answers.bin", stored.sha256, stored.size_bytes)
        finish(server.store, server.store.claim(), replace(row, kind="answers"))
        got = server.client.get(url, headers=ada)
        assert got.content == ANSWERS
        assert got.headers["cache-control"] == "private, no-cache"
        fresh = {"If-None-Match": got.headers["etag"]}
        assert server.client.get(url, headers={**ada, **fresh}).status_code == 304
        assert is_problem(server.client.get(url, headers=bob), 404, "not-found")
        assert server.client.get(url).status_code == 401


def test_a_job_without_answers_says_so(two):
    server, ada, _, job_id = two
    problem = server.client.get(f"/v1/jobs/{job_id}/answers", headers=ada)
    assert is_problem(problem, 404, "not-found")
    assert "expected a job with answers, found one without" in problem.json()["detail"]
