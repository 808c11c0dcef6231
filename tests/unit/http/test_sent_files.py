"""Files that the kernel sends by itself, over a real connection."""

import errno
import hashlib
import os
import socket
import threading
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace

import pytest
import uvicorn

from quickml.http.files.quotas import Downloads
from quickml.http.files.ranges import ByteRange
from quickml.http.files.streaming import FileResponse
from quickml.http.server.protocol import LimitedProtocol
from quickml.http.server.response_transport import ResponseTransport, sends_files
from quickml.http.server.run import listen
from quickml.settings import ServerSettings
from quickml.storage.artifacts.file_reader import FileReader
from waiting import until

PATIENCE_S = 60.0
CONTENT = hashlib.shake_256(b"a file").digest(9_000_001)
RANGES = [ByteRange(0, len(CONTENT)), ByteRange(5, 4_000_000), ByteRange(7_000_000, 7_000_001)]
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

pytestmark = pytest.mark.skipif(not hasattr(os, "RWF_NOWAIT"), reason="only Linux says what is in memory")


class App:
    """Responds with all ranges of a file, one after the other."""

    def __init__(self, path):
        self._path = path
        settings = ServerSettings(stall_s=PATIENCE_S)
        self.state = SimpleNamespace(shared=SimpleNamespace(settings=settings))

    async def __call__(self, scope, receive, send):
        length = {"Content-Length": str(sum(one.size for one in RANGES))}
        opener = partial(FileReader, self._path)
        response = FileResponse(
            opener, RANGES, status=200, headers=length, downloads=Downloads(), owner="ada"
        )
        await response(scope, receive, send)


@contextmanager
def connected(path, loop="auto"):
    """A client of a real server; its system takes little at once."""
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(
        App(path),
        http=LimitedProtocol,
        loop=loop,
        interface="asgi3",
        ws="none",
        lifespan="off",
        log_config=None,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    until(lambda: server.started, "a server")
    try:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
            client.settimeout(PATIENCE_S)
            client.connect(listener.getsockname())
            yield client
    finally:
        server.should_exit = server.force_exit = True
        thread.join()


def responses(client, count=1):
    """The bodies of so many responses on one connection; the last one may be cut off."""
    with client.makefile("rb") as stream:
        for _ in range(count):
            client.sendall(GET)
            assert stream.readline() == b"HTTP/1.1 200 OK\r\n"
            while stream.readline().strip():
                pass
            yield stream.read(sum(one.size for one in RANGES))


@pytest.fixture
def path(tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    return tmp_path / "file"


@pytest.fixture
def sent(monkeypatch):
    """How many bytes were sent without a copy, call by call."""
    found, original = [], os.sendfile

    def counted(*arguments):
        count = original(*arguments)
        found.append(count)
        return count

    monkeypatch.setattr(os, "sendfile", counted)
    return found


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_client_gets_every_byte_in_its_place_and_few_of_them_are_copied(path, sent, loop):
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    with connected(path, loop) as client:
        for body in responses(client, count=2):
            assert body == b"".join(CONTENT[slice(*one)] for one in RANGES)
    assert sum(sent) > 0


def test_bytes_that_would_have_to_be_waited_for_are_not_sent_so(path, sent, monkeypatch):
    monkeypatch.setattr(FileReader, "cached_part", lambda *_: None)
    with connected(path) as client:
        (body,) = responses(client)
    assert body[: len(CONTENT)] == CONTENT
    assert sent == []


def test_a_system_that_cannot_do_it_copies(path, monkeypatch):
    def refused(*_):
        raise OSError(errno.EINVAL, "not with this file system")

    monkeypatch.setattr(os, "sendfile", refused)
    with connected(path) as client:
        (body,) = responses(client)
    assert body[: len(CONTENT)] == CONTENT


def test_a_file_that_becomes_shorter_meanwhile_is_not_passed_off_as_whole(path, monkeypatch):
    def shortened(*_):
        os.truncate(path, 1000)
        raise BlockingIOError

    monkeypatch.setattr(os, "sendfile", shortened)
    with connected(path) as client:
        (body,) = responses(client)
    assert CONTENT.startswith(body)
    assert len(body) < len(CONTENT)


@pytest.mark.parametrize(("context", "is_offered"), [(None, True), (object(), False)])
def test_what_has_to_be_encrypted_is_not_sent_so(context, is_offered):
    transport = SimpleNamespace(get_extra_info={"sslcontext": context}.get)
    cycle = SimpleNamespace(scope={"method": "GET"}, transport=transport)
    ResponseTransport(cycle)
    assert sends_files(cycle.scope) == is_offered
