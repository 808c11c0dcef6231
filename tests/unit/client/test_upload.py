"""Uploads of both clients: they send what is missing, once, whatever breaks; and believe no server blindly."""

import asyncio
import hashlib
import json
import os
from random import Random

import httpx
import pytest

import rounds
from clients import Waiting, both, problem
from cutting_proxy import CuttingProxy
from live_server import live
from quickml import AsyncClient, Client
from quickml.client.upload import file as upload_file
from quickml.errors import InputError, ServiceError, UnreachableError
from quickml.service import FileLimits
from scripted_server import answer, scripted

DATA = os.urandom(3_000_000)
SHA256 = hashlib.sha256(DATA).hexdigest()
QUICK = {"patience_s": 30.0}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    limits = FileLimits(uploads_per_owner=100, max_file_bytes=10_000_000)
    with live(tmp_path_factory.mktemp("server"), workers=0, files=limits) as one:
        yield one


@pytest.fixture(autouse=True)
def no_long_pauses(monkeypatch):
    monkeypatch.setattr("quickml.client.retry.Backoff.first_s", 0.01)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "flowers.csv"
    path.write_bytes(DATA)
    return path


def fresh(tmp_path, size_bytes=2_000_000):
    content = os.urandom(size_bytes)
    path = tmp_path / "fresh.bin"
    path.write_bytes(content)
    return path, hashlib.sha256(content).hexdigest()


def shown(way, url, path, **options):
    """An upload and all of its progress."""
    seen = []
    if way is Waiting:
        with Client(url) as client:
            return client.upload(path, progress=seen.append, **options), seen

    async def work():
        async with AsyncClient(url) as client:
            return await client.upload(path, progress=seen.append, **options)

    return asyncio.run(work()), seen


@both
def test_a_file_is_sent_once(way, server, tmp_path):
    path, sha256 = fresh(tmp_path)
    file, seen = shown(way, server.url, path)
    assert (file.sha256, file.name, file.size_bytes) == (sha256, "fresh.bin", 2_000_000)
    sending = [one.done_bytes for one in seen if one.doing == "sending"]
    assert sending == sorted(sending)
    assert (sending[0], sending[-1]) == (0, 2_000_000)
    assert (seen[0].doing, seen[-1].doing, seen[-1].sent_bytes) == ("reading", "done", 2_000_000)
    again, seen = shown(way, server.url, path, name="other")
    assert again.names == ("other", "fresh.bin")
    assert ({one.doing for one in seen}, seen[-1].sent_bytes) == ({"reading", "done"}, 0)
    assert sha256 in [one.sha256 for one in way.listed(server.url, "files")]
    assert way.call(server.url, "delete_file", sha256) is None
    assert sha256 not in [one.sha256 for one in way.listed(server.url, "files")]


@both
def test_a_connection_that_breaks_costs_little(way, server, tmp_path):
    random = Random(rounds.seed)
    for _ in range(rounds.choose(few=2, full=20)):
        path, sha256 = fresh(tmp_path, 4_000_000)
        cuts = [random.randrange(2000, 3_000_000 // (number + 1)) for number in range(6)]
        with CuttingProxy(server.port, cuts) as proxy:
            assert way.call(proxy.url, "upload", path, **QUICK).sha256 == sha256
            assert len(proxy.cuts) < len(
                cuts
            )  # the first is below the size; what is left may then fit between two
            assert proxy.sent_bytes < 4_000_000 * 1.5  # a busy machine may have read little of what was sent
        path.unlink()


@both
def test_another_process_continues(way, server, tmp_path):
    path, sha256 = fresh(tmp_path)
    with CuttingProxy(server.port, [1_500_000] * 50) as proxy, pytest.raises(UnreachableError):
        way.call(proxy.url, "upload", path, patience_s=0.0)
    with CuttingProxy(server.port) as proxy:
        assert way.call(proxy.url, "upload", path).sha256 == sha256
        assert proxy.sent_bytes < 1_500_000


@both
def test_a_proxy_that_takes_small_bodies_only_gets_small_ones(way, server, tmp_path, monkeypatch):
    monkeypatch.setattr(upload_file, "MIN_REQUEST_BYTES", 1 << 16)
    path, sha256 = fresh(tmp_path)
    with scripted(limited(server, 300_000)) as proxy:
        assert way.call(proxy.url, "upload", path, **QUICK).sha256 == sha256
        sizes = [len(request.body) for request in proxy.requests if request.method == "PATCH"]
    assert sizes[0] == 2_000_000
    assert max(sizes[1:]) <= 300_000


def limited(server, most):
    """Like nginx with `client_max_body_size`."""

    def script(request):
        if len(request.body) > most:
            return answer(413, b"<html>too large</html>", kind="text/html")
        headers = {
            name: value for name, value in request.headers.items() if name not in ("host", "connection")
        }
        found = httpx.request(
            request.method, server.url + request.path, headers=headers, content=request.body
        )
        more = {
            name.replace("-", "_"): found.headers[name]
            for name in ("upload-offset",)
            if name in found.headers
        }
        return answer(found.status_code, found.content, **more)

    return script


@both
def test_what_is_too_large_is_refused_at_once(way, server, tmp_path):
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(10_000_001))
    with pytest.raises(ServiceError) as raised:
        way.call(server.url, "upload", path)
    assert (raised.value.status, raised.value.kind) == (413, "file-too-large")


@both
def test_a_file_that_changes_meanwhile_is_told(way, server, tmp_path, monkeypatch):
    path, _ = fresh(tmp_path)
    original = upload_file.LocalFile.pieces

    def changed(self, start, stop):
        for piece in original(self, start, stop):
            yield bytes(len(piece))

    monkeypatch.setattr(upload_file.LocalFile, "pieces", changed)
    with pytest.raises(InputError, match="changed"):
        way.call(server.url, "upload", path, **QUICK)


@both
def test_a_file_that_becomes_shorter_is_told(way, server, tmp_path, monkeypatch):
    path, _ = fresh(tmp_path)
    original = upload_file.LocalFile.pieces

    def shorter(self, start, stop):
        os.truncate(path, 1000)
        return original(self, start, stop)

    monkeypatch.setattr(upload_file.LocalFile, "pieces", shorter)
    with pytest.raises(InputError, match="expected 2,000,000 bytes"):
        way.call(server.url, "upload", path, **QUICK)


@both
def test_a_file_that_is_not_there_is_told(way, server, tmp_path):
    for missing in (tmp_path / "nothing", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            way.call(server.url, "upload", missing)


def begun(**changes):
    upload = {
        "id": "upl_1", "name": "flowers.csv", "size_bytes": len(DATA), "sha256": SHA256, "offset": 0,
        "created_at": "2026-01-01T00:00:00Z", "expires_at": "2026-01-02T00:00:00Z", "url": "http://evil.example/",
    }  # fmt: skip
    return answer(201, json.dumps({"file": None, "upload": {**upload, **changes}}).encode())


def stored(sha256=SHA256):
    file = {
        "sha256": sha256, "name": "a", "names": ["a"], "size_bytes": len(DATA), "url": "/x",
        "created_at": "2026-01-01T00:00:00Z", "used_at": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    return answer(201, json.dumps(file).encode())


@both
def test_bytes_go_to_the_server_that_was_named(way, path):
    with scripted(lambda request: begun() if request.method == "POST" else stored()) as server:
        assert way.call(server.url, "upload", path).sha256 == SHA256
        _, sent = server.requests
        assert (sent.path, sent.body == DATA) == ("/v1/uploads/upl_1", True)
        assert sent.headers["upload-complete"] == "?1"


@both
@pytest.mark.parametrize(
    "first",
    [begun(offset=-1), begun(offset=10**9), begun(id=".."), answer(201, b"{}"), answer(201, b"no JSON")],
)
def test_an_answer_that_cannot_be_is_refused(way, path, first):
    with scripted(lambda _: first) as server, pytest.raises((ServiceError, InputError)):
        way.call(server.url, "upload", path, patience_s=0.0)


@both
def test_another_digest_than_that_of_the_file_is_refused(way, path):
    script = lambda request: begun() if request.method == "POST" else stored("0" * 64)  # noqa: E731
    with scripted(script) as server, pytest.raises(ServiceError, match="expected sha256"):
        way.call(server.url, "upload", path)


@both
@pytest.mark.parametrize("status", [404, 409, 503])
def test_an_upload_that_was_lost_or_is_busy_is_asked_for_again(way, path, status):
    refusals = [problem(status, "other"), problem(status, "other")]

    def script(request):
        if request.method == "POST":
            return begun()
        return refusals.pop() if refusals else stored()

    with scripted(script) as server:
        assert way.call(server.url, "upload", path, **QUICK).sha256 == SHA256
        assert [request.method for request in server.requests] == ["POST", "PATCH"] * 3


@both
def test_an_upload_that_is_being_stored_is_waited_for(way, path):
    answers = [problem(409, "upload-busy"), problem(409, "upload-busy")]
    done = answer(
        200, json.dumps({"file": json.loads(stored().partition(b"\r\n\r\n")[2]), "upload": None}).encode()
    )
    with scripted(lambda _: answers.pop() if answers else done) as server:
        assert way.call(server.url, "upload", path, **QUICK).sha256 == SHA256
        assert [request.method for request in server.requests] == ["POST"] * 3


@both
def test_an_upload_that_is_always_lost_is_given_up(way, path):
    script = lambda request: begun() if request.method == "POST" else problem(404, "not-found")  # noqa: E731
    with scripted(script) as server, pytest.raises(ServiceError) as raised:
        way.call(server.url, "upload", path, **QUICK)
    assert raised.value.status == 404


@both
def test_a_quota_is_told(way, path):
    with scripted(lambda _: problem(413, "quota")) as server, pytest.raises(ServiceError) as raised:
        way.call(server.url, "upload", path, **QUICK)
    assert raised.value.kind == "quota"
    assert len(server.requests) == 1
