"""One connection to a real uvicorn with our protocol: what a client may send, and who hears that it left."""

import asyncio
import socket
import struct
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import uvicorn
from fastapi import FastAPI

from quickml.http.server.protocol import MAX_HEADERS_BYTES, MAX_PIPELINED, LimitedProtocol
from quickml.http.server.run import Server, listen
from quickml.settings import ServerSettings
from waiting import until

PATIENCE_S = 60.0
GET = b"GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = GET[:-2] + b"Connection: close\r\n\r\n"
FLOOD_BYTES = 16 << 20
"""More than any buffers on the way."""
FIELDS = b"a: b\r\n" * 10_000


def state_with(**settings):
    return SimpleNamespace(shared=SimpleNamespace(settings=ServerSettings(**settings)))


class App:
    """Answers at once, or streams until the client is gone when it is asked for `/0`."""

    def __init__(self):
        self.state = state_with(stall_s=PATIENCE_S)
        self.begun, self.left = [], []

    async def __call__(self, scope, receive, send):
        self.begun.append(scope["path"])
        while (message := await receive()).get("more_body"):
            pass
        length = [] if scope["path"] == "/0" else [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        if not length:
            await send({"type": "http.response.body", "body": b"begun", "more_body": True})
            while message["type"] != "http.disconnect":
                message = await receive()
            self.left.append(scope["path"])
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def served():
    """The application, and its address."""
    app, listener = App(), listen("127.0.0.1", 0)
    server = uvicorn.Server(
        uvicorn.Config(
            app, http=LimitedProtocol, interface="asgi3", ws="none", lifespan="off", log_config=None
        )
    )
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    until(lambda: server.started, "a server")
    yield app, listener.getsockname()
    server.should_exit = server.force_exit = True
    thread.join()


@contextmanager
def connected(address):
    with socket.create_connection(address, timeout=PATIENCE_S) as client:
        yield client


def received(client, end=None):
    """What comes until the server closes, or says `end`."""
    found = b""
    try:
        while (end is None or end not in found) and (chunk := client.recv(1 << 16)):
            found += chunk
    except ConnectionResetError:
        pass
    return found


def flooded(client, piece):
    """Whether a client can send one thing again and again for as long as it likes."""
    try:
        for _ in range(FLOOD_BYTES // len(piece)):
            client.sendall(piece)
    except (ConnectionResetError, BrokenPipeError):
        return False
    return True


def test_a_few_requests_may_wait_for_the_first_one(served):
    app, address = served
    with connected(address) as client:
        client.sendall(b"".join(GET % (1 + n) for n in range(MAX_PIPELINED)) + LAST % (1 + MAX_PIPELINED))
        assert received(client).count(b"HTTP/1.1 200") == MAX_PIPELINED + 1
    assert app.begun == [f"/{1 + n}" for n in range(MAX_PIPELINED + 1)], "in their order"


@pytest.mark.parametrize("first", [0, 1])
def test_no_more_than_that(served, first):
    app, address = served
    with connected(address) as client:
        client.sendall(GET % first)
        if first == 0:
            received(client, b"begun")
        assert not flooded(client, GET % 1 * 1000)
    until(lambda: len(app.left) == (first == 0), "the first one to hear of it")
    assert len(app.begun) < 1000


def test_headers_are_limited_also_while_another_request_is_answered(served):
    app, address = served
    for piece in (FIELDS, b"a" * 10_000):
        with connected(address) as client:
            client.sendall(GET % 0)
            received(client, b"begun")
            client.sendall(b"GET /1 HTTP/1.1\r\nX: ")
            assert not flooded(client, piece), piece[:10]
    until(lambda: app.left == ["/0", "/0"], "both to hear of it")


@pytest.mark.parametrize("piece", [FIELDS, b"a" * 10_000], ids=["many", "long"])
def test_trailers_are_limited(served, piece):
    _, address = served
    with connected(address) as client:
        client.sendall(
            b"POST /1 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX: "
        )
        assert not flooded(client, piece)


def test_headers_are_limited_by_their_number(served):
    """Each of them costs memory, however short."""
    _, address = served
    with connected(address) as client:
        client.sendall(b"GET /1 HTTP/1.1\r\n" + b"a:b\r\n" * (MAX_HEADERS_BYTES // 10) + b"\r\n")
        assert b" 200 " not in received(client)


def test_bodies_in_small_chunks_are_no_headers(served):
    _, address = served
    with connected(address) as client:
        client.sendall(b"POST /1 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(100):
            client.sendall(b"1\r\nx\r\n" * 1000)
        client.sendall(b"0\r\nX: y\r\n\r\n" + LAST % 2)
        assert received(client).count(b"HTTP/1.1 200") == 2


def test_many_requests_one_after_the_other_are_welcome(served):
    app, address = served
    with connected(address) as client:
        for _ in range(300):
            client.sendall(b"GET /1 HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1000 + b"\r\n\r\n")
            assert received(client, b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    assert len(app.begun) == 300


@pytest.mark.parametrize("waiting", [0, 1, MAX_PIPELINED])
def test_the_request_that_is_answered_hears_that_its_client_left(served, waiting):
    app, address = served
    with connected(address) as client:
        client.sendall(GET % 0 * (1 + waiting))
        received(client, b"begun")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
    until(lambda: app.left, "the answer to hear of it")
    assert (app.begun, app.left) == (["/0"], ["/0"])


@pytest.mark.parametrize("is_tls", [True, False])
def test_the_end_of_a_connection_over_tls_takes_as_long_as_a_stall(is_tls, monkeypatch):
    """The last of an answer lies in the event loop then, and goes with the connection."""
    app = FastAPI()
    app.state = state_with(stall_s=7.5)
    server, asked = Server(app), []
    server.config.load()
    server.config.ssl_certfile = "chain.pem" if is_tls else None
    server.lifespan = server.config.lifespan_class(server.config)

    async def run():
        loop = asyncio.get_running_loop()

        async def create_server(*_, **given):
            asked.append(given)

        monkeypatch.setattr(loop, "create_server", create_server)
        await server.startup([None])
        assert loop.create_server is create_server
        await server.lifespan.shutdown()

    asyncio.run(run())
    assert asked[0].get("ssl_shutdown_timeout") == (7.5 if is_tls else None)
