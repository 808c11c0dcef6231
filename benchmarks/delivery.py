"""Delivery of files beside Debian's nginx: real servers in processes of their own, on this machine.

    python benchmarks/delivery.py fast    # one client, a file of 200 MB: half a minute
    python benchmarks/delivery.py zip     # the same with the zip of a package, which is put together
    python benchmarks/delivery.py slow    # 500 clients that take 128 KiB a second: two minutes
    python benchmarks/delivery.py resume  # a download that is cut 20 times: half a minute
    python benchmarks/delivery.py all

Prints one line per promise: the figure, what it may be at most (or at least), and whether it is kept.
`--data` names a folder for the servers' data where the usual place for temporary files is slow or small.
"""

from __future__ import annotations

import argparse
import array
import asyncio
import fcntl
import hashlib
import json
import multiprocessing
import os
import random
import re
import resource
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from against_reference import promise
from quickml import Client
from service import IRIS, ROOT, Server, note, parser_of, run

sys.path.append(str(ROOT / "tests" / "support"))
from quickml.export.coreml.archive import zipped
from quickml.jobs.job import Artifact
from stored_files import store_files, store_result, url

FILE_BYTES = 200_000_000
STEP_BYTES, STEP_S = 64 << 10, 0.5
"""What a slow client takes at once, and how often."""
ARRIVAL_S = 2.0
"""In which the slow clients come, one after the other."""
PHONE_BUFFER_BYTES = 64 << 10
"""SO_RCVBUF of a slow client. The kernel doubles it, which is what phones begin with (131,072 in Android)."""
HOST = "127.0.0.1"
PREFIX = "/protected/"

NGINX = """
daemon off; {user} worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 2048; }}
http {{
    access_log off; default_type application/octet-stream; sendfile on; tcp_nopush on;
    client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
    uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
    upstream quickml {{ server {upstream}; keepalive 32; }}
    server {{ listen {host}:{alone}; location / {{ alias {artifacts}/; }} }}
    server {{
        listen {host}:{front};
        location / {{
            proxy_pass http://quickml; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host $http_host; proxy_buffering off;
            proxy_buffer_size 64k; proxy_buffers 4 64k;
        }}
        location {prefix} {{
            internal; alias {artifacts}/; etag off; add_header ETag $upstream_http_etag;
        }}
    }}
}}
"""
"""Sends files as Debian's nginx.conf has it."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a client may come to the file: an address, and the processes whose memory that takes."""

    name: str
    port: int
    path: str
    processes: list[int]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The same file in three ways, and the server that clients reach directly."""

    server: Server
    ways: list[Way]
    file: Path
    """Where it lies; its name is its sha256."""


def _model(folder: Path) -> Callable[[Path], Artifact]:
    """A file to be served."""
    content = folder / "model.mlmodel"
    content.write_bytes(random.Random(5).randbytes(FILE_BYTES))
    return lambda data: store_files(data, content)[0]


def _package(folder: Path) -> Callable[[Path], Artifact]:
    """A package whose zip is to be served; nginx is given the zip as a file."""
    weights = folder / "result" / "model.mlpackage" / "Data" / "com.apple.CoreML" / "weights"
    weights.mkdir(parents=True)
    (weights / "weight.bin").write_bytes(random.Random(5).randbytes(FILE_BYTES))
    (folder / "result" / "model.mlpackage" / "Manifest.json").write_bytes(b"{}")
    archive = zipped(folder / "result" / "model.mlpackage")

    def put(data: Path) -> Artifact:
        file = store_result(data, folder / "result")[0]
        place = data / "artifacts" / "zip" / file.sha256
        place.parent.mkdir()
        shutil.copyfile(archive, place)
        return file

    return put


@contextmanager
def stage(
    asked: argparse.Namespace, content: Callable[[Path], Callable[[Path], Artifact]] = _model
) -> Iterator[Stage]:
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(_folder(asked))) for _ in range(3)]
        put = content(folders[0])
        plain = stack.enter_context(_serving(folders[1], put))
        behind = stack.enter_context(_serving(folders[2], put, "--accel-redirect", PREFIX))
        file = next((folders[1] / "artifacts").glob(f"*/{plain.sha256}"))
        alone, front = _free_port(), _free_port()
        nginx = stack.enter_context(_nginx(folders[0], behind.server, alone, front))
        path, own = plain.path, [plain.server.process.pid]
        yield Stage(
            server=plain.server,
            file=file,
            ways=[
                Way(name="nginx", port=alone, path=f"/{file.parent.name}/{file.name}", processes=nginx),
                Way(name="directly", port=plain.server.port, path=path, processes=own),
                Way(
                    name="behind nginx", port=front, path=path, processes=[*nginx, behind.server.process.pid]
                ),
            ],
        )


def _folder(asked: argparse.Namespace) -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(dir=asked.data, ignore_cleanup_errors=True)


@dataclass(frozen=True)
class Served:
    server: Server
    path: str
    job_id: str
    sha256: str


@contextmanager
def _serving(data: Path, put: Callable[[Path], Artifact], *options: str) -> Iterator[Served]:
    """A server that has this file, and does nothing else."""
    file = put(data)
    server = Server(data, "--workers", "1", *options)
    try:
        server.wait_warm()
        yield Served(server, url(file), file.job_id, file.sha256)
    finally:
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(60)


@contextmanager
def _nginx(folder: Path, behind: Server, alone: int, front: int) -> Iterator[list[int]]:
    """The ids of its processes."""
    (folder / "nginx.conf").write_text(
        NGINX.format(
            user="user root;" if os.geteuid() == 0 else "",  # the servers' folders are nobody else's business
            folder=folder,
            host=HOST,
            alone=alone,
            front=front,
            upstream=f"{behind.host}:{behind.port}",
            artifacts=behind.data / "artifacts",
            prefix=PREFIX,
        )
    )
    process = subprocess.Popen(["nginx", "-e", folder / "error.log", "-c", folder / "nginx.conf"])
    try:
        while not _listens(front):
            if process.poll() is not None:
                sys.exit((folder / "error.log").read_text())
            time.sleep(0.05)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        yield [process.pid, *map(int, children.split())]
    finally:
        process.terminate()
        process.wait(60)


def _listens(port: int) -> bool:
    with suppress(ConnectionError), closing(socket.create_connection((HOST, port))):
        return True
    return False


def _free_port() -> int:
    with closing(socket.create_server((HOST, 0))) as probe:
        return probe.getsockname()[1]


# Figures of processes and the kernel


def memory_mb(processes: list[int], which: str = "VmRSS") -> float:
    """VmRSS is all that is resident, files' pages among it, VmHWM its peak, RssAnon the process's own."""
    found = (re.search(rf"{which}:\s+(\d+) kB", Path(f"/proc/{one}/status").read_text()) for one in processes)
    return sum(int(match[1]) for match in found) * 1024 / 1e6


def forget_peak(processes: list[int]) -> None:
    """VmHWM begins anew."""
    for one in processes:
        Path(f"/proc/{one}/clear_refs").write_text("5")


def kernel_mb() -> float:
    """What the kernel holds for TCP, on both sides of every connection of this machine."""
    pages = re.search(r"^TCP: .* mem (\d+)$", Path("/proc/net/sockstat").read_text(), re.MULTILINE)[1]
    return int(pages) * resource.getpagesize() / 1e6


class Growth:
    """A context; by how much figures have grown at most since its beginning."""

    EVERY_S = 0.05

    def __init__(self, **figures: Callable[[], float]) -> None:
        self._figures, self._is_over = figures, threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Growth:
        self._before = {name: figure() for name, figure in self._figures.items()}
        self._most = dict(self._before)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        self._look()

    def __getitem__(self, name: str) -> float:
        return self._most[name] - self._before[name]

    def _watch(self) -> None:
        while not self._is_over.wait(self.EVERY_S):
            self._look()

    def _look(self) -> None:
        for name, figure in self._figures.items():
            self._most[name] = max(self._most[name], figure())


# One fast client

KINDS = {0: "copies", socket.MSG_TRUNC: "discards"}
"""What a client does with what comes. One whose system throws it away is not what the server waits for."""


def fast(asked: argparse.Namespace) -> None:
    _fast(asked, _model, behind=0.9)


def packed(asked: argparse.Namespace) -> None:
    """nginx cannot send what is put together: it passes on what the server sends."""
    _fast(asked, _package, behind=0.3)


def _fast(
    asked: argparse.Namespace, content: Callable[[Path], Callable[[Path], Artifact]], behind: float
) -> None:
    with stage(asked, content) as found:
        alone = statistics.median(_client_alone(found.file) for _ in range(5))
        note(f"a client that discards takes {alone:.0f} MB/s from a loop around sendfile")
        for way in found.ways:
            assert _digest(way) == found.file.name, way.name
            forget_peak(way.processes)
        own = found.ways[1].processes
        figures = {which: lambda which=which: memory_mb(own, which) for which in ("VmHWM", "RssAnon")}
        with Growth(**figures) as growth:
            rounds = [_round(found.ways, number) for number in range(asked.runs or 25)]
    for flags, kind in KINDS.items():
        for way in found.ways:
            rates = [one[way.name, flags] for one in rounds]
            shown = f"{statistics.median(rates):.0f} MB/s ({min(rates):.0f} to {max(rates):.0f})"
            note(f"{way.name}, a client that {kind}: {shown}")
    for name, limit in (("directly", 0.3), ("behind nginx", behind)):
        for flags, kind in KINDS.items():
            ratio = statistics.median(one[name, flags] / one["nginx", flags] for one in rounds)
            promise(f"{name}, a client that {kind}, median ratio to nginx", ratio, at_least=limit)
    note(f"the server's own memory (RssAnon) grows by {growth['RssAnon']:.1f} MB at most")
    promise("its memory, files' pages among it (VmHWM), grows by, MB", growth["VmHWM"], at_most=10)


def _round(ways: list[Way], number: int) -> dict[tuple[str, int], float]:
    """Every way once; who comes first takes turns, since others use this machine too."""
    turn = number % len(ways)
    return {(way.name, flags): take(way, flags) for flags in KINDS for way in [*ways[turn:], *ways[:turn]]}


def take(way: Way, flags: int = 0, size: int = 1 << 20) -> float:
    """Megabytes a second, from the request to the last byte; with MSG_TRUNC the kernel throws them away."""
    buffer, total = bytearray(size), 0
    with closing(socket.create_connection((HOST, way.port))) as connection:
        began = time.perf_counter()
        connection.sendall(request(way))
        while count := connection.recv_into(buffer, size, flags):
            total += count
        seconds = time.perf_counter() - began
    assert total > FILE_BYTES, f"{way.name}: {bytes(buffer[:400])!r}"
    return total / 1e6 / seconds


def request(way: Way) -> bytes:
    return f"GET {way.path} HTTP/1.1\r\nHost: {HOST}:{way.port}\r\nConnection: close\r\n\r\n".encode()


def _digest(way: Way) -> str:
    """Of what comes; after this it lies in memory, and whatever is made once has been made."""
    with closing(socket.create_connection((HOST, way.port))) as connection:
        connection.sendall(request(way))
        with connection.makefile("rb") as stream:
            while stream.readline().strip():
                pass
            return hashlib.file_digest(stream, "sha256").hexdigest()


def _client_alone(file: Path) -> float:
    """What `take` can, from a thread that does no more than any server has to."""

    def send() -> None:
        connection, _ = listener.accept()
        with closing(connection), file.open("rb") as stream:
            connection.recv(1 << 10)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            connection.sendfile(stream)

    with closing(socket.create_server((HOST, 0))) as listener:
        thread = threading.Thread(target=send)
        thread.start()
        port = listener.getsockname()[1]
        rate = take(Way(name="sendfile", port=port, path="/", processes=[]), socket.MSG_TRUNC)
        thread.join()
    return rate


# Many slow clients


@dataclass(frozen=True, kw_only=True)
class Crawled:
    """What slow clients got."""

    seconds: float
    shares: list[float]
    """Of what each wanted."""
    held_mb: float
    """What the kernel holds on their side in the end; in life that is the phones' memory."""


def slow(asked: argparse.Namespace) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    spawned = multiprocessing.get_context("spawn")
    with stage(asked) as found, ProcessPoolExecutor(2, mp_context=spawned) as pool:
        api = found.server.port
        pool.submit(ask, api, 2.0).result()
        for way in found.ways:
            time.sleep(2.0)  # for what the last clients have left behind
            kept = way.name == "directly"
            forget_peak(way.processes)
            figures = {
                "memory": lambda way=way: memory_mb(way.processes, "VmHWM"),
                "own": lambda way=way: memory_mb(way.processes, "RssAnon"),
                "kernel": kernel_mb,
            }
            with Growth(**figures) as growth:
                clients = pool.submit(crawl, way, asked.clients, asked.seconds)
                latencies = pool.submit(ask, api, ARRIVAL_S + asked.seconds)
                crawled, waited = clients.result(), latencies.result()
            note(
                f"{way.name}: {asked.clients} clients for {crawled.seconds:.0f} s, the least got"
                f" {min(crawled.shares):.0%} of what it wanted; on their side {crawled.held_mb:.0f} MB"
            )
            note(
                f"{way.name}: process {growth['memory']:.1f} MB more (own {growth['own']:.1f}), kernel"
                f" {growth['kernel']:.1f} MB, API's p99 {p99_ms(waited):.1f} ms, median"
                f" {statistics.median(waited) * 1000:.1f} ms"
            )
            if kept:
                told = f"{asked.clients} slow clients"
                promise(f"{told}, the least served got of what it wanted", min(crawled.shares), at_least=0.9)
                promise(f"{told}, the process's memory grows by, MB", growth["memory"], at_most=100)
                promise(f"{told}, kernel memory of TCP, both sides, MB", growth["kernel"], at_most=200)
                promise(f"{told}, the API's 99th percentile meanwhile, ms", p99_ms(waited), at_most=100)


def p99_ms(latencies: list[float]) -> float:
    return statistics.quantiles(latencies, n=100)[98] * 1000


def crawl(way: Way, count: int, seconds: float) -> Crawled:
    """Clients take turns: each takes its step twice a second, and what was late with the next one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    began, clients = time.perf_counter(), []
    for number in range(count):
        _wait_until(began + number * ARRIVAL_S / count)
        clients.append(_phone(way))
    wanted, got = [0] * count, [0] * count
    began = time.perf_counter()
    for turn in range(int(seconds / STEP_S) * count):
        _wait_until(began + turn * STEP_S / count)
        number = turn % count
        wanted[number] += STEP_BYTES
        got[number] += _taken(clients[number], wanted[number] - got[number])
    took = time.perf_counter() - began
    held = sum(_held(client) for client in clients)
    for client in clients:
        client.close()
    shares = [has / should for has, should in zip(got, wanted, strict=True)]
    return Crawled(seconds=took, shares=shares, held_mb=held / 1e6)


def _wait_until(due: float) -> None:
    time.sleep(max(0.0, due - time.perf_counter()))


def _phone(way: Way) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PHONE_BUFFER_BYTES)  # before there is a connection
    client.connect((HOST, way.port))
    client.sendall(request(way))
    client.setblocking(False)
    return client


def _taken(client: socket.socket, most: int) -> int:
    total = 0
    with suppress(BlockingIOError):
        while total < most and (content := client.recv(most - total)):
            total += len(content)
    return total


def _held(client: socket.socket) -> int:
    so_meminfo = 55
    return struct.unpack_from("=I", client.getsockopt(socket.SOL_SOCKET, so_meminfo, 36))[0]


def ask(port: int, seconds: float) -> list[float]:
    """Latencies of 50 documents to check and 10 lists of jobs a second, from when each was due."""
    return asyncio.run(_ask(port, seconds))


async def _ask(port: int, seconds: float, rate: int = 60, connections: int = 6) -> list[float]:
    body = json.dumps(IRIS).encode()
    headers = f"HTTP/1.1\r\nHost: {HOST}:{port}\r\n"
    typed = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    validate = f"POST /v1/validate {headers}{typed}".encode() + body
    jobs = f"GET /v1/jobs {headers}\r\n".encode()
    latencies, began = [], time.perf_counter() + 0.1

    async def connection(number: int) -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        for turn in range(number, int(rate * seconds), connections):
            due = began + turn / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            writer.write(jobs if number == 0 else validate)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 200"), answer
            await reader.readexactly(int(re.search(rb"content-length: (\d+)", answer, re.IGNORECASE)[1]))
            latencies.append(time.perf_counter() - due)
        writer.close()

    await asyncio.gather(*(connection(number) for number in range(connections)))
    return latencies


# A download that is cut


class Cutter:
    """A proxy that resets connections when so many bytes of the file have passed, each place once.

    It holds little by itself, so that what was sent and is lost is what the server and the client lose.
    """

    BUFFER_BYTES = 32 << 10

    def __init__(self, port: int, places: list[int]) -> None:
        self._port, self._places = port, sorted(places)
        self._listener = socket.create_server((HOST, 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.BUFFER_BYTES)
        self.address = f"http://{HOST}:{self._listener.getsockname()[1]}"
        self.sent: list[tuple[int, int]] = []
        """Of each answer, where in the file it began, and how far the server's bytes had come in the end."""
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        with closing(client), closing(socket.socket()) as server, suppress(ConnectionError):
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.BUFFER_BYTES)
            server.connect((HOST, self._port))
            while asked := _head(client):
                server.sendall(asked)
                answer = _head(server)
                client.sendall(answer)
                if (
                    asked.startswith(b"GET")
                    and b"\r\n\r\n" in answer
                    and not self._body(answer, server, client)
                ):
                    return

    def _body(self, answer: bytes, server: socket.socket, client: socket.socket) -> bool:
        """Whether all of it has passed."""
        ranged = re.search(rb"content-range: bytes (\d+)-", answer, re.IGNORECASE)
        begin = int(ranged[1]) if ranged else 0
        end = begin + int(re.search(rb"content-length: (\d+)", answer, re.IGNORECASE)[1])
        cut = next((place for place in self._places if begin < place < end), end)
        position = begin
        while position < cut:
            content = server.recv(min(self.BUFFER_BYTES, cut - position))
            if not content:
                break
            position += len(content)
            client.sendall(content)
        unread = array.array("i", [0])
        fcntl.ioctl(server, termios.FIONREAD, unread)
        self.sent.append((begin, position + unread[0]))
        if cut == end:
            return True
        self._places.remove(cut)
        for one in (client, server):  # at once, and nothing that is still on its way arrives
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False


def _head(connection: socket.socket) -> bytes:
    """A request or an answer up to its body, and no byte more; nothing at the end."""
    found = b""
    while not found.endswith(b"\r\n\r\n"):
        more = connection.recv(1)
        if not more:
            return b""
        found += more
    return found


def resume(asked: argparse.Namespace) -> None:
    drawn = random.Random(asked.seed)
    places = [drawn.randrange(1, FILE_BYTES) for _ in range(20)]
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(_folder(asked))) for _ in range(3)]
        content = folders[0] / "model.mlmodel"
        content.write_bytes(drawn.randbytes(FILE_BYTES))
        served = stack.enter_context(_serving(folders[1], lambda data: store_files(data, content)[0]))
        cutter = Cutter(served.server.port, places)
        with Client(served.server.address) as client:
            (artifact,) = client.artifacts(served.job_id)
        began = time.perf_counter()
        with Client(cutter.address) as client:
            path = client.download(artifact, folders[2])
        seconds = time.perf_counter() - began
        assert hashlib.sha256(path.read_bytes()).hexdigest() == artifact.sha256
        read = _sent_by(served.server)
    again = [end - begin for (_, end), (begin, _) in zip(cutter.sent, cutter.sent[1:], strict=False)]
    note(
        f"{len(again)} resumptions in {seconds:.1f} s; median {statistics.median(again) / 1024:.1f} KiB again"
    )
    note(f"the server itself handed out {(read - FILE_BYTES) / 1024:.0f} KiB more than the file has, in all")
    promise("resumptions", len(again), at_least=20)
    promise("sent again at a resumption, largest, KiB", max(again) / 1024, at_most=256)
    promise(
        "sent in all, times the file",
        sum(end - begin for begin, end in cutter.sent) / FILE_BYTES,
        at_most=1.2,
    )


def _sent_by(server: Server) -> float:
    """Bytes of files by its own count, which has also what never left the machine."""
    with closing(socket.create_connection((server.host, server.port))) as connection:
        connection.sendall(f"GET /metrics HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        text = connection.makefile("r").read()
    return sum(float(one) for one in re.findall(r'sent_bytes_total\{route="/v1/artifacts/.*\} (\S+)', text))


PARTS = {"fast": fast, "zip": packed, "slow": slow, "resume": resume}


def main() -> None:
    parser = parser_of(__doc__, PARTS)
    parser.add_argument("--runs", type=int, help="instead of 25 for fast")
    parser.add_argument("--clients", type=int, default=500, help="slow ones")
    parser.add_argument("--seconds", type=float, default=20.0, help="of slow clients")
    parser.add_argument("--seed", type=int, default=5, help="of the places where a download is cut")
    run(parser, PARTS)


if __name__ == "__main__":
    main()
