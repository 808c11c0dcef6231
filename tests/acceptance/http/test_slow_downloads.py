"""Clients that take their time, stop or leave, and what a real server spends on them."""

import hashlib
import re
import shutil
import socket
import ssl
import struct
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from nginx_process import make_certificate
from server_process import PATIENCE_S, serving
from stored_files import store_files, url
from waiting import until

BLOCK = hashlib.shake_256(b"a block").digest(1 << 20)
SIZE = 32 << 20
STALL_S = 1.5
MANY = 200


def stored(folder):
    """A file in the data folder of a server to come."""
    (folder / "large.bin").write_bytes(BLOCK * (SIZE // len(BLOCK)))
    (file,) = store_files(folder / "data", folder / "large.bin")
    return file


@pytest.fixture(scope="module")
def patient(tmp_path_factory):
    """A server that waits for its clients, and where it has the file."""
    folder = tmp_path_factory.mktemp("patient")
    file = stored(folder)
    with serving(folder / "data") as server:
        yield server, file


@contextmanager
def asking(server, file, buffer_bytes=16 << 10):
    """A client that has asked for the file, and reads what its caller reads."""
    scheme, host, port = re.fullmatch(r"(https?)://(.+):(\d+)", server.address).groups()
    with ExitStack() as stack:
        client = stack.enter_context(socket.socket())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        client.settimeout(PATIENCE_S)
        client.connect((host, int(port)))
        if scheme == "https":
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            client = stack.enter_context(context.wrap_socket(client))
        client.sendall(f"GET {url(file)} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert client.recv(12) == b"HTTP/1.1 200"
        yield client


def is_open(server, client):
    """Whether the server has its end of a connection; the client's tells nothing while it does not read."""
    name = client.getsockname()
    return name in [one.raddr for one in psutil.Process(server.process.pid).net_connections()]


def drained(client):
    """All that is left to read, until the server or the system closes the connection."""
    size = 0
    try:
        while chunk := client.recv(1 << 20):
            size += len(chunk)
    except (ConnectionResetError, ssl.SSLError):
        pass
    return size


def open_files(server, file):
    return [one.path for one in psutil.Process(server.process.pid).open_files() if file.sha256 in one.path]


def test_many_clients_that_stop_cost_little_memory(patient):
    server, file = patient
    process = psutil.Process(server.process.pid)
    server.client.get(url(file))
    before = process.memory_info().rss
    with ExitStack() as stack:
        for _ in range(MANY):
            stack.enter_context(asking(server, file))
        most = max(process.memory_info().rss for _ in range(20) if not time.sleep(0.05))
        assert len(open_files(server, file)) == MANY
        assert most - before < MANY * (256 << 10), "not what one of them would get"
        assert server.client.get("/healthz").status_code == 200
        text = server.client.get("/metrics").text
        assert f"quickml_downloads {MANY}.0" in text
    until(lambda: not open_files(server, file), "the end of all downloads")


def test_a_client_that_leaves_lets_go_of_the_file_at_once(patient):
    server, file = patient
    with asking(server, file) as client:
        client.recv(100_000)
        assert open_files(server, file)
    until(lambda: not open_files(server, file), "the file to be closed", patience_s=PATIENCE_S)
    assert "Traceback" not in server_log(server)


def server_log(server):
    (data,) = [line.split()[-1] for line in server.greeting.splitlines() if line.startswith("data ")]
    return Path(f"{data}.log").read_text(encoding="utf-8")


@contextmanager
def strictly(folder, scheme, *flags):
    """A server that does not wait long, and its file."""
    file = stored(folder)
    if scheme == "https":
        if shutil.which("openssl") is None:
            pytest.skip("no openssl to make a certificate with")
        make_certificate(folder)
        flags += ("--tls-cert", folder / "chain.pem", "--tls-key", folder / "key.pem")
    with (
        serving(folder / "data", "--stall-s", STALL_S, *flags) as server,
        httpx.Client(base_url=server.address, timeout=PATIENCE_S, verify=False) as client,
    ):
        server.client.close()
        server.client = client
        yield server, file


@pytest.fixture(scope="module", params=["http", "https"])
def strict(request, tmp_path_factory):
    with strictly(tmp_path_factory.mktemp("strict"), request.param) as found:
        yield found


def test_a_client_that_stops_is_cut_off(strict):
    server, file = strict
    with asking(server, file) as client:
        client.recv(100_000)
        began = time.monotonic()
        until(lambda: not is_open(server, client), "the end of the connection", patience_s=PATIENCE_S)
        assert time.monotonic() - began > STALL_S / 2
        assert drained(client) < SIZE
    until(lambda: not open_files(server, file), "the file to be closed")


def test_a_client_that_stops_before_the_last_bytes_is_cut_off_too(strict):
    """What the server still has then is less than a buffer, and the answer is over for it."""
    server, file = strict
    with asking(server, file) as client:
        left = SIZE - 300_000
        while left > 0:
            left -= len(client.recv(min(left, 1 << 16)))
        until(lambda: not is_open(server, client), "the end of the connection", patience_s=PATIENCE_S)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what a client has taken")
def test_a_client_that_reads_slowly_and_steadily_is_not(strict):
    """Far slower than a buffer within the time after which a client has stalled."""
    server, file = strict
    with asking(server, file) as client:
        end = time.monotonic() + 4 * STALL_S
        while time.monotonic() < end:
            assert client.recv(4 << 10)
            time.sleep(STALL_S / 50)
        assert is_open(server, client)
        for _ in range(100):
            assert client.recv(1 << 16), "as fast as it likes"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_slow_client_is_cut_off_where_there_is_a_minimum_rate(tmp_path, scheme):
    with strictly(tmp_path, scheme, "--min-rate-bytes", "100MB") as (server, file):
        with asking(server, file) as client:
            size = 0
            try:
                while chunk := client.recv(4 << 10):
                    size += len(chunk)
                    time.sleep(0.002)
            except (ConnectionResetError, ssl.SSLError):
                pass
            assert size < SIZE
        assert server.client.get("/healthz").status_code == 200
        assert "Traceback" not in server_log(server)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_client_that_is_fast_enough_gets_all_of_it(tmp_path, scheme):
    with strictly(tmp_path, scheme, "--min-rate-bytes", "1000") as (server, file):
        for _ in range(3):
            with asking(server, file) as client:
                size = 12
                while size < SIZE:
                    found = client.recv(1 << 20)
                    assert found, "the end before all of it"
                    size += len(found)
        assert "Traceback" not in server_log(server)


def test_a_client_that_leaves_with_requests_waiting_lets_go_too(patient):
    """Of several at once on one connection, the first one is the one that is answered."""
    server, file = patient
    with asking(server, file) as client:
        client.sendall(f"GET {url(file)} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 3)
        client.recv(100_000)
        assert open_files(server, file)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    until(lambda: not open_files(server, file), "the file to be closed", patience_s=PATIENCE_S / 8)


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    """A server that gives an owner two downloads and 4 MiB in a second."""
    folder = tmp_path_factory.mktemp("limited")
    file = stored(folder)
    with serving(folder / "data", "--max-rate-bytes", "4MiB", "--downloads-per-owner", "2") as server:
        yield server, file


def test_downloads_of_one_owner_share_a_rate(limited):
    server, file = limited
    size, found = 4 << 20, []

    def fetch():
        headers = {"Range": f"bytes=0-{size - 1}"}
        found.append(httpx.get(server.address + url(file), headers=headers, timeout=PATIENCE_S).content)

    began = time.monotonic()
    threads = [threading.Thread(target=fetch) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert time.monotonic() - began > 1.5, "8 MiB at 4 MiB per second, but for the first and last pieces"
    assert found == [BLOCK * 4] * 2


def test_a_third_download_is_told_to_come_back(limited):
    server, file = limited
    with asking(server, file), asking(server, file):
        refused = server.client.get(url(file))
        assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
        assert int(refused.headers["retry-after"]) > 0
        assert server.client.get("/v1/jobs").status_code == 200
    part = {"Range": "bytes=0-9"}
    until(lambda: server.client.get(url(file), headers=part).status_code == 206, "room for another one")
