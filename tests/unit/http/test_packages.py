"""The zip of a package over HTTP. It is not stored, and a client notices nothing of that."""

import base64
import hashlib
import json
from dataclasses import replace

import pytest

from job_examples import finish
from quickml.errors import ArtifactDamagedError, ArtifactNotFoundError
from quickml.export.coreml.archive import zipped
from quickml.service import PART_BYTES
from quickml.service.delivered import DeliveredFiles
from quickml.storage.artifacts.composed import Composition, FilePiece
from quickml.worker.upload import upload
from result_rows import rows
from served import is_problem, served
from stored_files import change_stored_file, flip_bit, url

WEIGHTS = "Data/com.apple.CoreML/weights/weight.bin"
TREE = {
    "Manifest.json": b'{"a": 1}',
    "Data/com.apple.CoreML/model.mlmodel": b"\x08\x06" * 100,
    WEIGHTS: hashlib.shake_128(b"weights").digest(2 * PART_BYTES + 54_321),
    "Data/Grüße.bin": b"",
}


class Packed:
    """A server with a job that has made a package."""

    def __init__(self, server, folder):
        self.server, self.artifacts = server, server.artifacts
        result = folder / "result"
        for path, content in TREE.items():
            (result / "model.mlpackage" / path).parent.mkdir(parents=True, exist_ok=True)
            (result / "model.mlpackage" / path).write_bytes(content)
        self.content = zipped(result / "model.mlpackage").read_bytes()
        job_id = server.submit()
        self.files = {file.name: file for file in upload(result, rows(result), job_id, server.artifacts)}
        finish(server.store, server.store.claim(), *self.files.values())
        self.zip = self.files["model.mlpackage.zip"]
        self.weights = self.files[f"model.mlpackage/{WEIGHTS}"]
        self.listed = server.client.get(f"/v1/jobs/{job_id}/artifacts").json()["artifacts"]
        self.job_id = job_id

    def get(self, method="GET", **headers):
        return self.server.client.request(method, url(self.zip), headers=headers)


@pytest.fixture
def packed(tmp_path):
    with served(tmp_path, workers=0) as server:
        yield Packed(server, tmp_path)


def test_it_comes_as_any_file(packed):
    answer, sha256 = packed.get(), hashlib.sha256(packed.content).hexdigest()
    assert (answer.status_code, answer.content) == (200, packed.content)
    assert answer.headers["etag"] == f'"{sha256}"'
    assert answer.headers["content-type"] == "application/zip"
    digest = base64.b64encode(bytes.fromhex(sha256)).decode()
    assert answer.headers["repr-digest"] == f"sha-256=:{digest}:"
    head = packed.get("HEAD")
    assert head.status_code == 200
    assert head.content == b""
    assert {**head.headers} == {**answer.headers}
    assert head.headers["content-length"] == str(len(packed.content))
    (row,) = packed.listed
    assert (row["sha256"], row["size_bytes"]) == (sha256, len(packed.content))
    assert "composition" not in row


def test_it_goes_on_at_any_place(packed):
    for start in (1, 29, 30, 200, 1000, PART_BYTES, 2 * PART_BYTES + 7, len(packed.content) - 1):
        answer = packed.get(**{"Range": f"bytes={start}-", "If-Range": f'"{packed.zip.sha256}"'})
        assert (answer.status_code, answer.content) == (206, packed.content[start:])
    answer = packed.get(**{"Range": "bytes=5-", "If-Range": '"something else"'})
    assert (answer.status_code, answer.content) == (200, packed.content)
    assert packed.get(**{"If-None-Match": f'"{packed.zip.sha256}"'}).status_code == 304
    is_problem(packed.get(Range=f"bytes={len(packed.content)}-"), 416, "range-not-satisfiable")
    several = packed.get(Range="bytes=0-99,1000-1099,-100")
    assert several.status_code == 206
    for part in (packed.content[:100], packed.content[1000:1100], packed.content[-100:]):
        assert part in several.content


def test_the_checksums_of_its_parts(packed):
    parts = packed.server.client.get(f"/v1/artifacts/{packed.zip.sha256}").json()
    places = range(0, len(packed.content), PART_BYTES)
    assert parts["parts"] == [
        hashlib.sha256(packed.content[place : place + PART_BYTES]).hexdigest() for place in places
    ]


def test_a_file_that_is_lost_is_told_before_anything_is_sent(packed, caplog):
    packed.artifacts.delete(packed.weights.sha256)
    for answer in (packed.get(), packed.get("HEAD"), packed.get(Range="bytes=0-9")):
        assert answer.status_code == 500
    is_problem(packed.get(), 500, "damaged")
    assert "the stored files that model.mlpackage.zip is put together of" in caplog.text
    assert f"found no file {packed.weights.sha256}" in caplog.text
    is_problem(packed.server.client.get(f"/v1/artifacts/{packed.zip.sha256}"), 500, "damaged")
    assert packed.server.client.get(url(packed.files["model.mlpackage/Manifest.json"])).status_code == 200


def test_a_file_of_another_size_is_told(packed):
    change_stored_file(packed.artifacts, packed.weights.sha256, lambda content: content[:-1])
    is_problem(packed.get(), 500, "damaged")


def test_a_damaged_part_is_not_sent_to_whoever_repairs(packed):
    change_stored_file(packed.artifacts, packed.weights.sha256, lambda content: flip_bit(content, 2 << 20))
    (start,) = (packed.content.index(TREE[WEIGHTS]),)
    first = (start + (2 << 20)) // PART_BYTES * PART_BYTES
    is_problem(packed.get(Range=f"bytes={first}-{first + PART_BYTES - 1}"), 500, "damaged")
    sound = packed.get(Range=f"bytes=0-{PART_BYTES - 1}")
    assert (sound.status_code, sound.content) == (206, packed.content[:PART_BYTES])


def test_nginx_sends_the_files_but_not_the_zip(tmp_path):
    with served(tmp_path, workers=0, accel_redirect="/protected/") as server:
        packed = Packed(server, tmp_path)
        answer = packed.get()
        assert "x-accel-redirect" not in answer.headers
        assert answer.content == packed.content
        assert "x-accel-redirect" in server.client.get(url(packed.weights)).headers


def test_it_is_unpacked_for_predictions(packed, tmp_path):
    files = DeliveredFiles(packed.artifacts, tmp_path / "scratch")
    with files.unpacked(packed.zip) as folder:
        assert folder.name == "model.mlpackage"
        assert {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        } == TREE
        assert len(list((tmp_path / "scratch").iterdir())) == 2
    assert list((tmp_path / "scratch").iterdir()) == []
    change_stored_file(packed.artifacts, packed.weights.sha256, flip_bit)
    with pytest.raises(ArtifactDamagedError), files.unpacked(packed.zip):
        pass


def test_zips_that_were_stored_go_on(packed, tmp_path):
    """Of a job of an older server: its zip has the same content, and is a file of its own."""
    path = tmp_path / "model.mlpackage.zip"
    path.write_bytes(packed.content)
    job_id = packed.server.submit()
    old = replace(packed.zip, job_id=job_id, composition=None)
    finish(packed.server.store, packed.server.store.claim(), old)
    with pytest.raises(ArtifactNotFoundError):
        packed.artifacts.stat(old.sha256)
    packed.artifacts.put(path)
    assert old.sha256 in packed.server.store.referenced()
    packed.server.client.delete(f"/v1/jobs/{packed.job_id}")
    assert packed.get().content == packed.content


def test_a_composition_that_is_not_the_file_is_told(packed):
    job_id = packed.server.submit()
    pieces = (b"PK", FilePiece(packed.weights.sha256, 0, 5))
    wrong = replace(
        packed.zip, job_id=job_id, sha256="ab" * 32,
        composition=Composition(pieces=pieces, parts=()).to_json(),
    )  # fmt: skip
    finish(packed.server.store, packed.server.store.claim(), wrong)
    problem = is_problem(packed.server.client.get(url(wrong)), 500, "damaged")
    assert "composition" not in json.dumps(problem)


def test_a_link_to_it_is_never_one_to_the_storage(tmp_path):
    """A store that could send files itself has no zip."""
    with served(tmp_path, workers=0, downloads="redirect") as server:
        packed = Packed(server, tmp_path)
        server.artifacts.redirect_url = lambda sha256, **_: f"http://elsewhere/{sha256}"
        asked = {"names": ["model.mlpackage.zip", "model.mlpackage/Manifest.json"]}
        links = server.client.post(f"/v1/jobs/{packed.job_id}/links", json=asked).json()["links"]
        here, there = (server.client.get(link["url"], follow_redirects=False) for link in links)
        assert (here.status_code, here.content) == (200, packed.content)
        assert there.status_code == 307
