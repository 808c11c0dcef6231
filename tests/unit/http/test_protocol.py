"""One connection to a real uvicorn with our protocol: what a client may send, and who hears that it left."""

import asyncio
import json
import socket
import struct
import sys
import threading
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace

import pytest
import uvicorn
from fastapi import FastAPI

from quickml.http.server import connections, protocol
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
    service = SimpleNamespace(start=lambda: None)
    return SimpleNamespace(shared=SimpleNamespace(settings=ServerSettings(**settings), service=service))


class App:
    """Answers at once, or streams until the client is gone when it is asked for `/0`."""

    def __init__(self):
        self.state = state_with(stall_s=PATIENCE_S)
        self.begun, self.left, self.bodies = [], [], []

    async def __call__(self, scope, receive, send):
        self.begun.append(scope["path"])
        message = await receive()
        body = message.get("body", b"")
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
        self.bodies.append(body)
        length = [] if scope["path"] == "/0" else [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        if not length:
            await send({"type": "http.response.body", "body": b"begun", "more_body": True})
            while message["type"] != "http.disconnect":
                message = await receive()
            self.left.append(scope["path"])
        await send({"type": "http.response.body", "body": b""})


@contextmanager
def running():
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


@pytest.fixture
def served():
    with running() as found:
        yield found


@pytest.fixture(scope="module")
def shared():
    """For tests that end when all of their requests have ended."""
    with running() as found:
        yield found


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


def is_open(client):
    client.setblocking(False)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False
    finally:
        client.settimeout(PATIENCE_S)


def test_idle_connections_make_room_for_new_ones_the_longest_idle_first(served, monkeypatch):
    _, address = served
    monkeypatch.setattr(protocol, "most_connections", lambda: 3)
    with ExitStack() as stack:
        busy, first, second = (stack.enter_context(connected(address)) for _ in range(3))
        busy.sendall(GET % 0)
        received(busy, b"begun")
        first.sendall(GET % 1)
        received(first, b"\r\n\r\n")  # idle again, and later than the second
        third = stack.enter_context(connected(address))
        until(lambda: not is_open(second), "the end of the longest idle one")
        third.sendall(GET % 1)
        assert b"200" in received(third, b"\r\n\r\n")
        assert is_open(first)
        for _ in range(50):
            stack.enter_context(connected(address))
        until(lambda: not is_open(first) and not is_open(third), "the end of the others")
        assert is_open(busy), "it is being answered"


def test_a_new_connection_is_refused_while_all_others_are_answered(served, monkeypatch):
    app, address = served
    monkeypatch.setattr(protocol, "most_connections", lambda: 2)
    with connected(address) as first, connected(address) as second:
        for client in (first, second):
            client.sendall(GET % 0)
            received(client, b"begun")
        with connected(address) as third:
            assert received(third) == b""
        assert is_open(first)
        first.close()
        until(lambda: app.left, "it to be gone")
        with connected(address) as third:
            third.sendall(LAST % 1)
            assert b"200" in received(third)


def test_connections_leave_files_for_the_server(monkeypatch):
    resource = pytest.importorskip("resource")
    for limit, expected in (
        (256, 64),
        (1024, 448),
        (100, 8),
        (resource.RLIM_INFINITY, sys.maxsize // 2 - 64),
    ):
        monkeypatch.setattr(resource, "getrlimit", lambda _, limit=limit: (limit, limit))
        assert connections.most_connections() == expected


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


CHANGES = {
    "Java's HttpClient": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEA\r\n",
    "WebSocket": b"connection: keep-alive, UPGRADE\r\nuPgRaDe: websocket\r\nSec-WebSocket-Version: 13\r\n",
    "two headers": b"Connection: close\r\nConnection: upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n",
}
LENGTH = b"Content-Length: 4\r\n\r\n", b"body"
CHUNKS = b"Transfer-Encoding: chunked\r\n\r\n", b"2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n"


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize(("framing", "body"), [LENGTH, CHUNKS], ids=["length", "chunks"])
@pytest.mark.parametrize("packets", [1, 2, 3])
def test_a_request_that_offers_another_protocol_keeps_its_body(shared, change, framing, body, packets):
    """The server goes on with HTTP/1.1, in one packet or several; what follows is the next request."""
    app, address = shared
    app.begun.clear()
    app.bodies.clear()
    head = b"POST /1 HTTP/1.1\r\nHost: localhost\r\n" + change + framing
    pieces = {1: [head + body + LAST % 2], 2: [head, body + LAST % 2], 3: [head[:-30], head[-30:] + body[:2]]}
    with connected(address) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces[packets]:
            client.sendall(piece)
            until(lambda: app.begun or packets == 3, "the head to be read")
        if packets == 3:
            client.sendall(body[2:] + LAST % 2)
        answers = received(client)
    closes = b"Connection: close" in change
    assert answers.count(b"HTTP/1.1 200") == (1 if closes else 2)
    assert b"101" not in answers
    assert app.begun == (["/1"] if closes else ["/1", "/2"])
    assert app.bodies[0] == b"body"


def test_many_offers_of_another_protocol_in_one_packet(served):
    app, address = served
    one = b"POST /1 HTTP/1.1\r\nHost: a\r\n" + CHANGES["WebSocket"] + b"".join(LENGTH)
    with connected(address) as client:
        client.sendall(one * MAX_PIPELINED + LAST % 2)
        assert received(client).count(b"HTTP/1.1 200") == MAX_PIPELINED + 1
    assert app.bodies == [b"body"] * MAX_PIPELINED + [b""]


def test_offers_of_another_protocol_have_limits(served):
    _, address = served
    with connected(address) as client:
        client.sendall(b"POST /1 HTTP/1.1\r\n" + CHANGES["WebSocket"] + FIELDS + b"\r\n")
        assert b" 400 " in received(client)


def test_the_head_of_a_response_comes_in_one_packet_with_its_body(shared):
    _, address = shared
    for _ in range(20):
        with connected(address) as client:
            client.sendall(GET % 0)
            first = client.recv(1 << 16)
            assert first.startswith(b"HTTP/1.1 200")
            assert b"begun" in first


def test_a_head_without_a_body_does_not_wait_for_one(shared):
    _, address = shared
    with connected(address) as client:
        client.sendall(GET.replace(b"GET", b"HEAD") % 1)
        assert received(client, end=b"\r\n\r\n").startswith(b"HTTP/1.1 200")
        client.sendall(LAST % 2)
        assert received(client).startswith(b"HTTP/1.1 200")


def test_a_client_that_asks_first_is_told_to_continue(shared):
    app, address = shared
    app.bodies.clear()
    with connected(address) as client:
        client.sendall(b"POST /1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        assert received(client, end=b"\r\n\r\n").startswith(b"HTTP/1.1 100")
        client.sendall(b"body" + LAST % 2)
        assert received(client).count(b"HTTP/1.1 200") == 2
    assert app.bodies[0] == b"body"


MALFORMED = {
    "no HTTP": b"hello\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
    "a tunnel": b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n",
    "two lengths": b"POST /1 HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "length and chunks": b"POST /1 HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a negative length": b"POST /1 HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "a length of 30 digits": b"POST /1 HTTP/1.1\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\n",
    "a path of other bytes": b"GET /\xff HTTP/1.1\r\n\r\n",
    "no path": b"GET  HTTP/1.1\r\n\r\n",
    "a header without colon": b"GET / HTTP/1.1\r\nHost\r\n\r\n",
    "headers without end": b"GET / HTTP/1.1\r\n" + FIELDS,
}


@pytest.mark.parametrize("request_bytes", MALFORMED.values(), ids=MALFORMED)
def test_malformed_requests_are_answered_with_a_problem_document(shared, request_bytes):
    app, address = shared
    app.begun.clear()
    with connected(address) as client:
        client.sendall(request_bytes)
        head, _, body = received(client).partition(b"\r\n\r\n")
    status, *headers = head.decode().lower().split("\r\n")
    assert status == "http/1.1 400 bad request"
    assert {"connection: close", "content-type: application/problem+json"} <= set(headers)
    assert f"content-length: {len(body)}" in headers
    problem = json.loads(body)
    assert (problem["status"], problem["type"]) == (400, "urn:quickml:problem:bad-request")
    assert "callback" not in problem["detail"]
    assert app.begun == []


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
