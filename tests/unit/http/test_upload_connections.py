"""Uploads over real connections: cut anywhere, slow, without a length, two at once; what has arrived is kept."""

import hashlib
import os
import socket
import threading
import time
from contextlib import closing
from random import Random

import httpx
import pytest

import rounds
from live_server import live
from quickml.http.uploads.receiving import BodyReceiver
from quickml.service import FileLimits
from waiting import until

DATA = os.urandom(1 << 20)
SHA256 = hashlib.sha256(DATA).hexdigest()
PARTIAL = {"Content-Type": "application/partial-upload"}
REGISTERED = "https://iana.org/assignments/http-problem-types#"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    limits = FileLimits(uploads_per_owner=1000)
    with live(tmp_path_factory.mktemp("server"), workers=0, files=limits, body_timeout_s=2.0) as one:
        yield one


@pytest.fixture
def taken(monkeypatch):
    """How many bytes of bodies the server has taken from its connections."""
    sizes, taken_by = [], BodyReceiver._next

    async def counted(self):
        message = await taken_by(self)
        sizes.append(len(message.get("body", b"")))
        return message

    monkeypatch.setattr(BodyReceiver, "_next", counted)
    return lambda: sum(sizes)


def begun(server, data=DATA, **about):
    about = {"name": "a", "size_bytes": len(data), **about}
    answer = httpx.post(f"{server.url}/v1/files", json=about)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


def offset(server, address):
    answer = httpx.head(server.url + address, timeout=30)
    assert answer.status_code == 204, answer.headers
    return int(answer.headers["upload-offset"])


def head_of(address, start, *, last=True, length=None, more=""):
    """The head of a request that appends; chunked without a length."""
    framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return (
        f"PATCH {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/partial-upload\r\n"
        f"Upload-Offset: {start}\r\nUpload-Complete: ?{int(last)}\r\n{framing}\r\n{more}\r\n"
    ).encode()


def response(connection):
    """The whole response of a connection that is closed after it, or its head."""
    found = b""
    while b"\r\n\r\n" not in found:
        piece = connection.recv(1 << 16)
        if not piece:
            break
        found += piece
    return found


def appended(server, address, start, data=DATA):
    answer = httpx.patch(
        server.url + address,
        content=data[start:],
        headers={**PARTIAL, "Upload-Offset": str(start), "Upload-Complete": "?1"},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def cut_once(server, address, data, start, random):
    """Send a part of the rest and break the connection. Returns where."""
    cut = random.randrange(start, len(data) + 1)
    is_chunked = random.random() < 0.5
    with closing(server.connect()) as connection:
        connection.sendall(head_of(address, start, length=None if is_chunked else len(data) - start))
        piece = data[start:cut]
        if is_chunked:
            piece = b"%x\r\n%b" % (len(data) - start, piece)  # one chunk, which never ends
        connection.sendall(piece)
        if random.random() < 0.5:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
    return cut


def test_an_upload_that_is_cut_at_random_loses_and_doubles_nothing(server):
    random = Random(rounds.seed)
    for _ in range(rounds.choose(few=5, full=100)):
        data = random.randbytes(random.randrange(1, 1_500_000))
        sha256 = hashlib.sha256(data).hexdigest()
        address, sent, furthest = begun(server, data), 0, 0
        for _ in range(random.randrange(8)):
            furthest = max(furthest, cut_once(server, address, data, sent, random))
            known = offset(server, address)
            assert sent <= known <= furthest  # a request that was cut may come after the question
            sent = known
        answer = None
        while answer is None or answer.status_code == 409:  # a request that was cut may come after all
            asked = httpx.head(server.url + address)
            if asked.headers["upload-complete"] == "?1":
                break
            headers = {**PARTIAL, "Upload-Offset": asked.headers["upload-offset"], "Upload-Complete": "?1"}
            content = data[int(asked.headers["upload-offset"]) :]
            answer = httpx.patch(server.url + address, content=content, headers=headers, timeout=30)
        assert httpx.get(f"{server.url}/v1/files/{sha256}").json()["size_bytes"] == len(data)
        assert server.artifacts.open(sha256).read(1 << 21) == data


def test_what_was_received_is_kept_when_a_connection_ends(server, taken):
    address = begun(server)
    with closing(server.connect()) as connection:
        connection.sendall(head_of(address, 0, length=len(DATA)) + DATA[:300_000])
        until(lambda: taken() == 300_000, "the bytes")
    until(lambda: not server.uploads._appends.is_active(address.rpartition("/")[2]), "the end of the request")
    assert offset(server, address) == 300_000
    assert appended(server, address, 300_000)["sha256"] == SHA256


def test_asking_for_the_offset_ends_a_request_that_hangs(server, taken):
    """A phone has lost its network; its server has not noticed."""
    address = begun(server)
    with closing(server.connect()) as dead:
        dead.sendall(head_of(address, 0, length=len(DATA)) + DATA[:123_456])
        until(lambda: taken() == 123_456, "the bytes")
        assert offset(server, address) == 123_456
        assert appended(server, address, 123_456)["sha256"] == SHA256
        assert b"409" in response(dead).split(b"\r\n")[0]  # and not 408, the timeout of the body


def test_of_two_that_append_at_once_one_wins(server):
    address = begun(server)
    barrier, answers = threading.Barrier(2), []

    def send():
        barrier.wait()

        def slowly():
            for start in range(0, len(DATA), 1 << 17):
                yield DATA[start : start + (1 << 17)]
                time.sleep(0.02)

        headers = {**PARTIAL, "Upload-Offset": "0", "Upload-Complete": "?1", "Content-Length": str(len(DATA))}
        answers.append(httpx.patch(server.url + address, content=slowly(), headers=headers, timeout=30))

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won, lost = sorted(answers, key=lambda one: one.status_code)
    assert (won.status_code, won.json()["sha256"]) == (201, SHA256)
    assert lost.status_code == 409
    assert 0 <= int(lost.headers["upload-offset"]) <= len(DATA)


def test_cancelling_ends_a_request_that_appends(server):
    address = begun(server)
    with closing(server.connect()) as other:
        other.sendall(head_of(address, 0, length=len(DATA)) + DATA[:1000])
        until(lambda: server.uploads._appends.is_active(address.rpartition("/")[2]), "a request")
        assert httpx.delete(server.url + address, timeout=30).status_code == 204
    assert httpx.head(server.url + address).status_code == 404


def test_a_silent_client_is_told_so_and_its_bytes_are_kept(server):
    address = begun(server)
    with closing(server.connect()) as silent:
        silent.sendall(head_of(address, 0, length=len(DATA)) + DATA[:1234])
        assert b"408" in response(silent).split(b"\r\n")[0]
    assert offset(server, address) == 1234


def test_a_slow_client_is_waited_for(server):
    """The whole takes longer than the server's time for a body; no pause does."""
    address = begun(server, DATA[:40])
    with closing(server.connect()) as slow:
        slow.sendall(head_of(address, 0, length=40))
        for start in range(0, 40, 10):
            slow.sendall(DATA[start : start + 10])
            time.sleep(0.7)
        assert b"201 Created" in response(slow)


def test_a_refused_body_is_not_read_to_its_end(server):
    """The response arrives although the client sends before it reads."""
    address = begun(server, size_bytes=1 << 30)
    with closing(server.connect()) as connection:
        connection.sendall(head_of(address, 7, length=(1 << 30) - 7))
        connection.settimeout(30)
        with pytest.raises(OSError):
            for _ in range(1 << 14):
                connection.sendall(bytes(1 << 16))
        assert b"409 Conflict" in response(connection)
    assert offset(server, address) == 0


def test_a_client_that_waits_for_100_sends_nothing_in_vain(server):
    address = begun(server)
    with closing(server.connect()) as connection:
        connection.sendall(head_of(address, 7, length=len(DATA), more="Expect: 100-continue\r\n"))
        assert response(connection).startswith(b"HTTP/1.1 409")
    with closing(server.connect()) as connection:
        connection.sendall(head_of(address, 0, length=len(DATA), more="Expect: 100-continue\r\n"))
        assert response(connection) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(DATA)
        assert b"201 Created" in response(connection)


@pytest.mark.parametrize("version", [3, 5, 6, 8])
def test_a_client_of_the_draft_learns_the_address_before_it_has_sent_all(server, taken, version):
    """So a request that breaks can be resumed, as URLSession does."""
    complete = "Upload-Incomplete: ?0" if version == 3 else "Upload-Complete: ?1"
    head = (
        f"POST /v1/files HTTP/1.1\r\nHost: 127.0.0.1\r\n{complete}\r\nContent-Length: {len(DATA)}\r\n"
        f"Upload-Draft-Interop-Version: {version}\r\n\r\n"
    ).encode()
    with closing(server.connect()) as connection:
        connection.sendall(head + DATA[:5000])
        interim = response(connection).decode()
        assert interim.startswith("HTTP/1.1 104 Upload Resumption Supported\r\n")
        assert f"Upload-Draft-Interop-Version: {version}\r\n" in interim
        (address,) = (line[10:] for line in interim.split("\r\n") if line.startswith("Location: "))
        until(lambda: taken() == 5000, "the bytes")
    assert offset(server, address) == 5000
    assert appended(server, address, 5000)["sha256"] == SHA256


@pytest.mark.parametrize("version", ["", "2", "9", "x"])
def test_other_clients_get_no_interim_response_and_leave_nothing_behind(server, version):
    ids = server.partials.ids()
    more = f"Upload-Draft-Interop-Version: {version}\r\n" if version else ""
    head = f"POST /v1/files HTTP/1.1\r\nHost: 127.0.0.1\r\nUpload-Complete: ?1\r\nContent-Length: 9\r\n{more}\r\n"
    with closing(server.connect()) as connection:
        connection.sendall(head.encode() + b"123")
        until(lambda: server.partials.ids() - ids, "an upload")
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)
    until(lambda: not server.partials.ids() - ids, "the removal of what nobody can resume")
    with closing(server.connect()) as connection:
        connection.sendall(head.encode() + b"123456789")
        assert response(connection).startswith(b"HTTP/1.1 201")


def test_progress_is_told_while_bytes_arrive(server, monkeypatch):
    monkeypatch.setattr("quickml.service.appending.SYNC_BYTES", 1 << 18)
    address = begun(server)
    with closing(server.connect()) as connection:
        more = "Upload-Draft-Interop-Version: 8\r\n"
        connection.sendall(head_of(address, 0, length=len(DATA), more=more) + DATA[: 600 << 10])
        interim = response(connection)
        assert interim.startswith(b"HTTP/1.1 104 ")
        assert b"Location" not in interim
        assert b"Upload-Offset: " in interim
        connection.sendall(DATA[600 << 10 :])
        final = b""
        while b"201 Created" not in final:
            final += (more := response(connection))
            assert more


def test_memory_does_not_grow_with_the_upload(server):
    """Bytes are written as they come; a client that is faster than the disk waits."""
    import tracemalloc

    size_bytes = rounds.choose(few=64, full=512) << 20
    address = begun(server, size_bytes=size_bytes)
    tracemalloc.start()
    try:
        piece = bytes(1 << 20)
        headers = {
            **PARTIAL,
            "Upload-Offset": "0",
            "Upload-Complete": "?1",
            "Content-Length": str(size_bytes),
        }
        content = (piece for _ in range(size_bytes >> 20))
        answer = httpx.patch(server.url + address, content=content, headers=headers, timeout=120)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status_code == 201
    assert peak_bytes < 20 << 20
