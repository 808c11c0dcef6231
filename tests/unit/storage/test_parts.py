"""A stored file part by part."""

import asyncio
import hashlib
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.requests import Request

from job_examples import artifact, finish
from quickml.errors import ArtifactError, ArtifactNotFoundError
from quickml.http.files.checksums import AT_ONCE, PER_OWNER, Readings, get_parts
from quickml.storage.artifacts import parts as parts_module
from quickml.storage.artifacts.filesystem import FilesystemArtifactStore
from quickml.storage.artifacts.memory import MemoryArtifactStore
from quickml.storage.artifacts.parts import PART_BYTES, Parts, parts_of
from served import is_problem, served
from waiting import until


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(params=["memory", "filesystem"])
def store(request, tmp_path):
    if request.param == "memory":
        return MemoryArtifactStore()
    return FilesystemArtifactStore(tmp_path / "artifacts")


def stored(store, tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    return store.put(tmp_path / "file")[0]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=50), st.integers(1, 20))
def test_the_parts_are_the_file(store, tmp_path, content, part_bytes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts_module, "PART_BYTES", part_bytes)
        found = parts_of(store, stored(store, tmp_path, content))
    cut = [content[start : start + part_bytes] for start in range(0, len(content), part_bytes)]
    assert found.parts == tuple(map(sha256, cut))
    assert (found.sha256, found.size_bytes, found.part_size_bytes) == (
        sha256(content),
        len(content),
        part_bytes,
    )


def test_what_is_not_there_has_no_parts(store):
    for name in ("0" * 64, "../x", ""):
        with pytest.raises(ArtifactNotFoundError):
            parts_of(store, name)


def spoiled(folder, digest, change):
    place = folder / "artifacts" / digest[:2] / digest
    content = bytearray(place.read_bytes())
    place.chmod(0o644)
    place.write_bytes(change(content))


CHANGES = {
    "a bit": lambda content: content[:100] + bytes([content[100] ^ 1]) + content[101:],
    "cut short": lambda content: content[:-1],
    "longer": lambda content: content + b"\0",
    "empty": lambda _: b"",
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_file_that_is_damaged_on_the_disk_is_no_answer(tmp_path, name):
    store = FilesystemArtifactStore(tmp_path / "artifacts")
    digest = stored(store, tmp_path, bytes(range(256)) * 10)
    spoiled(tmp_path, digest, CHANGES[name])
    with pytest.raises(ArtifactError, match="expected a stored file of this content"):
        parts_of(store, digest)


def test_a_disk_that_cannot_read_is_told(tmp_path, monkeypatch):
    store = FilesystemArtifactStore(tmp_path / "artifacts")
    digest = stored(store, tmp_path, b"x")

    class Broken:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def read(self, _):
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(store, "open", lambda _: Broken())
    with pytest.raises(ArtifactError, match="Input/output error"):
        parts_of(store, digest)


def test_a_large_file_takes_no_more_memory_than_a_small_one(tmp_path):
    store = FilesystemArtifactStore(tmp_path / "artifacts")
    digests = [stored(store, tmp_path, bytes(count * PART_BYTES)) for count in (2, 40)]
    peaks = []
    for digest in digests:
        tracemalloc.start()
        parts_of(store, digest)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + PART_BYTES


# Over HTTP


@pytest.fixture
def two(tmp_path):
    """A server on a real folder, the headers of two owners, and the sha256 of a file of the first."""
    store = FilesystemArtifactStore(tmp_path / "artifacts")
    with served(tmp_path, workers=0, access="tokens", artifacts=store) as server:
        ada, bob = ({"Authorization": f"Bearer {server.tokens.create(name)[1]}"} for name in ("ada", "bob"))
        digest = stored(store, tmp_path, b"a" * PART_BYTES + b"b")
        job_id = server.post(headers=ada).json()["id"]
        finish(server.store, server.store.claim(), artifact(job_id, "m", digest, PART_BYTES + 1))
        yield server, ada, bob, digest


def test_the_owner_is_told_the_parts(two):
    server, ada, _, digest = two
    assert server.client.get(f"/v1/artifacts/{digest}", headers=ada).json() == {
        "sha256": digest,
        "size_bytes": PART_BYTES + 1,
        "part_size_bytes": PART_BYTES,
        "parts": [sha256(b"a" * PART_BYTES), sha256(b"b")],
    }


def test_nobody_else_is(two):
    server, ada, bob, digest = two
    is_problem(server.client.get(f"/v1/artifacts/{digest}", headers=bob), 404, "not-found")
    is_problem(server.client.get(f"/v1/artifacts/{digest}"), 401, "unauthorized")
    for name in ("0" * 64, digest.upper(), "x"):
        is_problem(server.client.get(f"/v1/artifacts/{name}", headers=ada), 404, "not-found")


def test_a_damaged_or_lost_file_has_no_parts(two, tmp_path):
    server, ada, _, digest = two
    spoiled(tmp_path, digest, CHANGES["a bit"])
    answer = server.client.get(f"/v1/artifacts/{digest}", headers=ada)
    problem = is_problem(answer, 503, "storage")
    assert str(tmp_path) not in answer.text
    assert problem["detail"] == "try again later"
    server.artifacts.delete(digest)
    is_problem(server.client.get(f"/v1/artifacts/{digest}", headers=ada), 404, "not-found")


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A server with many files of two owners, which are read when they are let."""
    with served(tmp_path, workers=0, access="tokens") as server:
        found = Shelf(server)
        monkeypatch.setattr(server.service, "parts", found.read)
        with ThreadPoolExecutor(80) as pool:
            found.pool = pool
            yield found
            found.may_read.set()


class Shelf:
    def __init__(self, server):
        self.server, self.pool = server, None
        self.headers = {
            name: {"Authorization": f"Bearer {server.tokens.create(name)[1]}"}
            for name in ("ada", "bob", "eve")
        }
        self.may_read, self.lock = threading.Event(), threading.Lock()
        self.read_for, self.running, self.most = [], 0, 0

    def read(self, digest, owner):
        with self.lock:
            self.read_for.append((owner, digest))
            self.running += 1
            self.most = max(self.most, self.running)
        assert self.may_read.wait(60)
        with self.lock:
            self.running -= 1
        return Parts(sha256=digest, size_bytes=0, part_size_bytes=PART_BYTES, parts=())

    def ask(self, owner, name):
        url = f"/v1/artifacts/{name}"
        return self.pool.submit(self.server.client.get, url, headers=self.headers[owner])

    @property
    def asking(self):
        return self.server.app.state.readings._asking.total()


def test_only_so_many_files_are_read_at_a_time(shelf):
    """However many ask, there are threads for the rest of the server."""
    asked = [shelf.ask(owner, f"{n}") for owner in shelf.headers for n in range(10)]
    until(lambda: (shelf.asking, shelf.running) == (30, AT_ONCE), "all to wait")
    assert len({owner for owner, _ in shelf.read_for}) == AT_ONCE, "one of an owner at a time"
    assert shelf.server.client.get("/healthz").status_code == 200
    shelf.may_read.set()
    assert [one.result().status_code for one in asked] == [200] * 30
    assert (shelf.most, len(shelf.read_for)) == (AT_ONCE, 30)


def test_who_asks_for_the_same_shares_one_reading(shelf):
    asked = [shelf.ask("ada", "a") for _ in range(60)]
    until(lambda: shelf.asking == 60, "all to wait")
    shelf.may_read.set()
    assert {one.result().text for one in asked} == {asked[0].result().text}
    assert shelf.read_for == [("ada", "a")]
    assert shelf.ask("ada", "a").result().status_code == 200
    assert len(shelf.read_for) == 2, "what is on the disk by now"


def test_an_owner_that_waits_for_too_many_is_told_to_come_back(shelf):
    asked = [shelf.ask("ada", f"{n}") for n in range(PER_OWNER)]
    until(lambda: shelf.asking == PER_OWNER, "all to wait")
    refused = shelf.ask("ada", "another").result()
    is_problem(refused, 429, "downloads")
    assert int(refused.headers["retry-after"]) > 0
    others = [shelf.ask("bob", "a"), shelf.ask("ada", "0")]
    until(lambda: shelf.asking == PER_OWNER + 2, "others, and the same again, to wait too")
    shelf.may_read.set()
    assert {one.result().status_code for one in asked + others} == {200}
    assert shelf.ask("ada", "another").result().status_code == 200


def test_nothing_is_read_for_those_who_left():
    async def run():
        read, readings, may_end = [], Readings(), threading.Event()

        def reading(name):
            read.append(name)
            assert may_end.wait(60)
            raise ArtifactNotFoundError(name)

        with readings.asked("ada", "first", lambda: reading("first")):
            while not read:
                await asyncio.sleep(0.001)
            with readings.asked("ada", "second", lambda: reading("second")) as skipped:
                await asyncio.sleep(0.01)
            with readings.asked("ada", "third", lambda: reading("third")) as third:
                may_end.set()
                with pytest.raises(ArtifactNotFoundError):
                    await third
        assert await skipped is None
        assert read == ["first", "third"]
        assert (readings._open, readings._asking) == ({}, {})

    asyncio.run(run())


def test_a_client_that_leaves_is_not_waited_for():
    """The request ends, though its file is still being read."""
    may_end = threading.Event()

    async def receive():
        return {"type": "http.disconnect"}

    async def run():
        state = SimpleNamespace(readings=Readings())
        request = Request({"type": "http", "app": SimpleNamespace(state=state)}, receive)
        service = SimpleNamespace(parts=lambda *_: may_end.wait(60))
        try:
            with pytest.raises(HTTPException, match="gone"):
                await get_parts(service, "ada", "a", request)
        finally:
            may_end.set()

    asyncio.run(run())
