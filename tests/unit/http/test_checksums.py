"""Checksums of parts over HTTP, and what clients and logs say of a file that is damaged on the server's disk."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from job_examples import artifact, finish
from quickml.http.routes import artifacts as route
from quickml.service import PART_BYTES
from quickml.storage.artifacts import filesystem
from served import is_problem, served
from stored_files import change_stored_file, flip_bit, url
from waiting import until

CONTENT = b"a" * PART_BYTES + b"b" * PART_BYTES + b"c"


def sha256(content):
    return hashlib.sha256(content).hexdigest()


class Two:
    """A server, the headers of two owners, and a file of the first."""

    def __init__(self, server, folder):
        self.server, self.artifacts = server, server.artifacts
        self.ada, self.bob = (
            {"Authorization": f"Bearer {server.tokens.create(name)[1]}"} for name in ("ada", "bob")
        )
        self.file = self.store(folder, CONTENT)
        self.sha256, self.url = self.file.sha256, url(self.file)

    def store(self, folder, content):
        (folder / "m").write_bytes(content)
        stored = self.artifacts.put(folder / "m")
        job_id = self.server.post(headers=self.ada).json()["id"]
        file = artifact(job_id, "m", stored.sha256, stored.size_bytes)
        finish(self.server.store, self.server.store.claim(), file)
        return file

    def get(self, path=None, headers=None, **more):
        return self.server.client.get(
            path or f"/v1/artifacts/{self.sha256}", headers=headers or {**self.ada, **more}
        )

    def damage(self, change=flip_bit):
        change_stored_file(self.artifacts, self.sha256, change)


@pytest.fixture
def two(tmp_path):
    with served(tmp_path, workers=0, access="tokens") as server:
        yield Two(server, tmp_path)


def test_the_owner_gets_the_checksums(two):
    assert two.get().json() == {
        "sha256": two.sha256,
        "size_bytes": len(CONTENT),
        "part_size_bytes": PART_BYTES,
        "parts": [sha256(b"a" * PART_BYTES), sha256(b"b" * PART_BYTES), sha256(b"c")],
    }


def test_other_owners_do_not(two):
    is_problem(two.get(headers=two.bob), 404, "not-found")
    is_problem(two.server.client.get(f"/v1/artifacts/{two.sha256}"), 401, "unauthorized")
    for name in ("0" * 64, two.sha256.upper(), "x"):
        is_problem(two.get(f"/v1/artifacts/{name}"), 404, "not-found")


def test_those_of_a_lost_file_are_not_found(two):
    two.artifacts.delete(two.sha256)
    is_problem(two.get(), 404, "not-found")


@pytest.fixture
def old(two, tmp_path):
    """The same, with the file as an older release has stored it."""
    (tmp_path / "artifacts" / "checksums" / two.sha256[:2] / f"{two.sha256}.json").unlink()
    return two


def test_those_of_an_older_release_are_made_once(old, monkeypatch):
    first = old.get().json()
    assert first["parts"] == [sha256(b"a" * PART_BYTES), sha256(b"b" * PART_BYTES), sha256(b"c")]
    monkeypatch.setattr(filesystem, "digest", None)
    assert old.get().json() == first


def test_making_them_delays_no_downloads(old, monkeypatch):
    may_read, reading = threading.Event(), []

    def slow(_):
        reading.append(1)
        assert may_read.wait(60)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(filesystem, "digest", slow)
    with ThreadPoolExecutor(30) as pool:
        try:
            asked = [pool.submit(old.get) for _ in range(30)]
            until(lambda: len(reading) == route._checksum_threads._max_workers, "some to be read")
            assert old.get(old.url).content == CONTENT
        finally:
            may_read.set()
        for one in asked:
            is_problem(one.result(), 503, "storage")


# A damaged disk


def test_a_damaged_file_of_an_older_release_has_no_checksums(old, caplog):
    old.damage()
    problem = is_problem(old.get(), 500, "damaged")
    assert old.sha256 in problem["detail"]
    assert f"stored file {old.sha256}: expected the content that was stored" in caplog.text


@pytest.mark.parametrize("change", [lambda content: content[:-1], lambda _: b""])
def test_a_file_that_lost_bytes_is_not_sent(two, tmp_path, change):
    two.damage(change)
    for path in (None, two.url):
        answer = two.get(path)
        is_problem(answer, 500, "damaged")
        assert str(tmp_path) not in answer.text


def test_whoever_repairs_a_download_learns_that_the_disk_is_damaged(two, caplog):
    """A client that got a wrong file asks for the checksums, and then for the part that differs."""
    two.damage(lambda content: flip_bit(content, PART_BYTES + 5))
    got = two.get(two.url)
    assert sha256(got.content) != two.sha256
    parts = two.get().json()["parts"]
    received = [got.content[start : start + PART_BYTES] for start in range(0, len(got.content), PART_BYTES)]
    assert [sha256(part) == right for part, right in zip(received, parts, strict=True)] == [True, False, True]
    assert two.get(two.url, Range=f"bytes=0-{PART_BYTES - 1}").status_code == 206
    last = two.get(two.url, Range=f"bytes={2 * PART_BYTES}-{len(CONTENT) - 1}")
    assert (last.status_code, last.content) == (206, b"c")
    caplog.clear()
    problem = is_problem(two.get(two.url, Range=f"bytes={PART_BYTES}-{2 * PART_BYTES - 1}"), 500, "damaged")
    assert "restore it from a backup" in problem["detail"]
    assert f"stored file {two.sha256}" in caplog.text


def test_nginx_is_not_asked_to_send_a_damaged_part(tmp_path):
    with served(tmp_path, workers=0, access="tokens", accel_redirect="/protected/") as server:
        two = Two(server, tmp_path)
        part = {"Range": f"bytes=0-{PART_BYTES - 1}"}
        assert "x-accel-redirect" in two.get(two.url, **part).headers
        two.damage()
        is_problem(two.get(two.url, **part), 500, "damaged")


def test_a_part_of_a_file_is_not_read_twice_where_it_is_no_repair(two, monkeypatch):
    """Ranges of a download that continues are not checked: that would slow every download."""
    monkeypatch.setattr(two.server.service.contents, "check_parts", None)
    assert two.get(two.url, Range="bytes=5-1000").status_code == 206
    assert two.get(two.url).status_code == 200


def test_stored_files_are_checked_one_by_one(two, caplog):
    two.server.service.scrub()
    assert not caplog.records
    two.damage()
    two.server.service.scrub()
    assert f"stored file {two.sha256}: expected the content that was stored" in caplog.text
    caplog.clear()
    two.artifacts.delete(two.sha256)
    two.server.service.scrub()
    assert "there is no file with this sha256" in caplog.text


def test_a_server_without_files_has_nothing_to_check(tmp_path, caplog):
    with served(tmp_path, workers=0) as server:
        server.service.scrub()
    assert not caplog.records
