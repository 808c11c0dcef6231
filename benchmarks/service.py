"""What `quickml serve` must reach: real servers in processes of their own, on this machine.

    python benchmarks/service.py iris      # one job on an idle server, against the script: two minutes
    python benchmarks/service.py queue     # 100 jobs of 10 owners: three minutes
    python benchmarks/service.py watchers  # 2,000 streams of one job: one minute
    python benchmarks/service.py validate  # 500 requests a second on one core: half a minute
    python benchmarks/service.py pictures  # 16 requests with a picture of 25 megapixels each: half a minute
    python benchmarks/service.py idle      # what a server takes that does nothing: one minute
    python benchmarks/service.py finished  # 20,000 finished jobs with 120,000 files: one minute
    python benchmarks/service.py stored    # what a job of MNIST leaves on the disk: one minute
    python benchmarks/service.py all

Prints one line per promise: the figure, what it may be at most (or at least), and whether it is kept.
`--data` names a folder for the servers' data where the usual place for temporary files is slow or small.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import http.client
import io
import json
import os
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import uvloop
from sqlalchemy import delete, insert, select

from against_reference import promise, reference
from quickml import Client, composition, data_folder, events
from quickml.client import Job
from quickml.document import read
from quickml.jobs.job import NewJob
from quickml.jobs.jobs import JobStore
from quickml.service import OPEN_OWNER
from quickml.settings import Settings
from quickml.storage.backends import Backends
from quickml.storage.database import tables

ROOT = Path(__file__).resolve().parent.parent
QUICKML = [sys.executable, "-c", "from quickml.cli import main; main()"]
IRIS = json.loads((ROOT / "iris_spec.json").read_text())
RATE = 505
"""Requests asked for in a second, a few more than must be answered."""
MNIST = json.loads((ROOT / "mnist_cnn.json").read_text())


Parts = dict[str, Callable[[argparse.Namespace], None]]


class Server:
    """`quickml serve` in a process of its own, with a folder of its own."""

    def __init__(self, data: Path, *options: str, core: int | None = None) -> None:
        self.data, self.began = data, time.perf_counter()
        pinned = [] if core is None else ["taskset", "--cpu-list", str(core)]
        command = [*pinned, *QUICKML, "serve", "--port", "0", "--data", str(data), *options]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=(data / "server.log").open("w"), text=True
        )
        printed = (re.search(r"http://\S+", line) for line in self.process.stdout)
        found = next((match for match in printed if match), None)
        if found is None:
            sys.exit((data / "server.log").read_text())
        self.address = found[0]
        self.host, _, port = self.address.removeprefix("http://").partition(":")
        self.port = int(port)

    def readiness(self) -> dict:
        """What `/readyz` says; nothing while it does not answer."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
        with closing(connection):
            try:
                connection.request("GET", "/readyz")
                return json.loads(connection.getresponse().read())
            except (OSError, http.client.HTTPException):
                return {}

    def wait_ready(self) -> float:
        """Seconds from the start of the process to `/readyz` with 200."""
        while not self.readiness().get("ready"):
            time.sleep(0.005)
        return time.perf_counter() - self.began

    def wait_warm(self) -> None:
        """Until every worker has loaded its libraries."""
        while set(self.readiness().get("workers", {"starting": 1})) - {"trouble"} != {"idle"}:
            time.sleep(0.1)

    def memory_mb(self, which: str = "VmRSS") -> float:
        """Resident memory of the server's process, not its workers': VmRSS is now, VmHWM the most so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{which}:\s+(\d+) kB", status)[1]) * 1024 / 1e6

    def cpu_s(self) -> float:
        """Processor time of the server's own process."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(asked: argparse.Namespace, *options: str, core: int | None = None) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(dir=asked.data, ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder), *options, core=core)
        try:
            yield server
        finally:
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(60)


def note(text: str) -> None:
    print(f"        {text}", flush=True)


# One job


def iris(asked: argparse.Namespace) -> None:
    ratios = []
    with serving(asked) as server, Client(server.address) as client:
        server.wait_warm()
        for _ in range(asked.runs or 10):
            theirs = reference("iris", 100)
            began = time.perf_counter()
            told = list(client.events(client.submit(IRIS).id))
            seconds = time.perf_counter() - began
            assert told[-1].type == "verified", told[-1]
            ratios.append(seconds / theirs.seconds)
            note(f"reference {theirs.seconds:.2f} s, service {seconds:.3f} s: {stages(told, seconds)}")
    promise("iris, POST to ready, median ratio to the script", statistics.median(ratios), at_most=0.25)


def stages(told: list[events.Event], seconds: float) -> str:
    """Where the time went, by the moments that the events carry."""
    found = {event.type: event.time.timestamp() for event in told}
    order = ["started", "built", "trained", "compiled", "verified"]
    parts = [f"{b} {found[b] - found[a]:.3f}" for a, b in pairwise(order)]
    rest = seconds - (found["verified"] - found["started"])
    return ", ".join([*parts, f"before and after {rest:.3f}"])


# Many jobs


def queue(asked: argparse.Namespace) -> None:
    """Nine owners send eleven jobs each, then the tenth sends one."""
    script = [reference("iris", 100).seconds for _ in range(2)]
    with serving(asked, "--access", "tokens") as server:
        clients = [Client(server.address, token=token(server, f"owner {n}")) for n in range(10)]
        server.wait_warm()
        for owner in clients[:9]:
            for _ in range(11):
                owner.submit(IRIS)
        last = clients[9].submit(IRIS)
        jobs = finished(clients, 100)
        single = clients[9].job(last.id)
        for client in clients:
            client.close()
    script += [reference("iris", 100).seconds for _ in range(2)]
    total = (max(job.finished_at for job in jobs) - jobs_began(jobs)).total_seconds()
    waited = (single.finished_at - single.created_at).total_seconds()
    note(f"100 jobs in {total:.1f} s; the script takes {', '.join(f'{one:.2f}' for one in script)} s")
    rank = sorted(job.started_at for job in jobs).index(single.started_at) + 1
    first = sorted(job.finished_at for job in jobs)[9]
    later = (single.created_at - jobs_began(jobs)).total_seconds()
    note(f"the single job was sent {later:.1f} s after the first")
    note(
        f"it began as number {rank} and was ready {waited:.1f} s later; ten were ready after"
        f" {(first - jobs_began(jobs)).total_seconds():.1f} s"
    )
    promise("jobs that are ready", sum(job.status == "ready" for job in jobs), at_least=100)
    promise("throughput, ratio to the script", 100 / total * statistics.median(script), at_least=8)
    promise("the single job's wait, in mean rounds of 10 jobs", waited / (total / 10), at_most=1.5)


def jobs_began(jobs: list[Job]) -> datetime:
    return min(job.created_at for job in jobs)


def token(server: Server, owner: str) -> str:
    command = [*QUICKML, "token", "create", owner, "--data", str(server.data)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def finished(clients: list[Client], count: int) -> list[Job]:
    """All jobs, once they are; asked for seldom, so that asking costs nothing."""
    while True:
        jobs = [job for client in clients for job in client.jobs(page=200)]
        if sum(job.is_finished for job in jobs) == count:
            return jobs
        time.sleep(1.0)


# Many watchers


class Subscription(asyncio.Protocol):
    """One stream, read with as little work as possible: when each event came, by its number."""

    ID = re.compile(rb"id: (\d+)\n")

    def __init__(self, path: str, arrivals: dict[int, list[float]]) -> None:
        self._path, self._arrivals = path, arrivals
        self._last, self._rest = 0, b""
        self.is_lost = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        now, content = time.time(), self._rest + data
        for match in self.ID.finditer(content):
            sequence = int(match[1])
            if sequence > self._last:
                self._last = sequence
                self._arrivals.setdefault(sequence, []).append(now)
        self._rest = content[-24:]

    def connection_lost(self, _: Exception | None) -> None:
        self.is_lost = True


class Ledger:
    """When each event was first there to be read in the server's database, by its number.

    An event is stamped when it happens, and its worker keeps it a little before it is stored: for the beat in
    which many are stored together, and progress for its limit of five a second. The rest is the server's.
    """

    EVERY_S = 0.01

    def __init__(self, server: Server) -> None:
        self._store = composition.jobs(Settings.of(data=server.data))
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self.stored: dict[int, float] = {}

    def __enter__(self) -> Ledger:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _read(self) -> None:
        last = 0
        while not self._is_over.wait(self.EVERY_S):
            (job, *_), now = self._store.jobs(limit=1) or [None], time.time()
            newest = job.last_event if job else 0  # there is one job
            for number in range(last + 1, newest + 1):
                self.stored[number] = now
            last = newest


def watchers(asked: argparse.Namespace) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with serving(asked, "--workers", "1") as server, Client(server.address) as client:
        server.wait_warm()
        idle_mb = server.memory_mb()
        job = client.submit(MNIST)
        next(event for event in client.events(job.id) if event.type == "progress")
        with Ledger(server) as ledger:
            arrivals, lost, cpu = uvloop.run(watch_many(server, job.id, asked.watchers, asked.seconds))
        now_mb, peak_mb = server.memory_mb(), server.memory_mb("VmHWM")
        client.cancel(job.id)
        told = list(enumerate(client.events(job.id), 1))
    complete = [n for n, _ in told if len(arrivals.get(n, ())) == asked.watchers]
    begin = min(complete)
    moments = {number: event.time.timestamp() for number, event in told}
    ways = {
        "from the moment it tells of until it is stored": [ledger.stored[n] - moments[n] for n in complete],
        "stored to the first watcher": [min(arrivals[n]) - ledger.stored[n] for n in complete],
        "first to last watcher": [max(arrivals[n]) - min(arrivals[n]) for n in complete],
        "stored to the last watcher": [max(arrivals[n]) - ledger.stored[n] for n in complete],
        "from the moment it tells of to the last watcher": [max(arrivals[n]) - moments[n] for n in complete],
    }
    note(f"{len(complete)} events to {asked.watchers} watchers each; {lost} streams were cut off")
    note(f"memory {idle_mb:.0f} MB before, {now_mb:.0f} MB with them; the server used {cpu:.0%} of a core")
    for way, found in ways.items():
        note(f"{way}: median {statistics.median(found):.3f} s, longest {max(found):.3f} s")
    assert lost == 0
    assert complete == list(range(begin, begin + len(complete))), "an event is missing somewhere"
    promise(f"{asked.watchers} watchers, the server's memory at most, MB", peak_mb, at_most=250)
    promise(
        "a stored event's way to the last watcher, longest, s",
        max(ways["stored to the last watcher"]),
        at_most=0.5,
    )


async def watch_many(
    server: Server, job_id: str, count: int, seconds: float
) -> tuple[dict[int, list[float]], int, float]:
    """When events came, how many streams were lost, and how much of a core the server needed."""
    arrivals: dict[int, list[float]] = {}
    path = f"/v1/jobs/{job_id}/events"
    loop, open_ones = asyncio.get_running_loop(), []
    for _ in range(0, count, 50):
        made = (
            loop.create_connection(lambda: Subscription(path, arrivals), server.host, server.port)
            for _ in range(min(50, count - len(open_ones)))
        )
        open_ones += [protocol for _, protocol in await asyncio.gather(*made)]
    while any(one._last == 0 for one in open_ones):
        await asyncio.sleep(0.1)
    newest = max(arrivals)
    for sequence in list(arrivals):  # those of the replay are no measure of anything
        del arrivals[sequence]
    note(f"all {count} have what was told before, {newest} events")
    cpu, began = server.cpu_s(), time.perf_counter()
    await asyncio.sleep(seconds)
    cpu = (server.cpu_s() - cpu) / (time.perf_counter() - began)
    lost = sum(one.is_lost for one in open_ones)
    for one in open_ones:
        one.transport.abort()
    return arrivals, lost, cpu


# Many documents


def validate(asked: argparse.Namespace) -> None:
    """The server has one core to itself, and whoever asks another one."""
    cores = sorted(os.sched_getaffinity(0))
    with serving(asked, core=cores[0]) as server:
        os.sched_setaffinity(0, {cores[-1]})
        server.wait_warm()
        uvloop.run(ask(server, rate=200, seconds=2))
        latencies, cpu, rate = uvloop.run(ask(server, rate=RATE, seconds=asked.seconds))
        flooded, _, most = uvloop.run(ask(server, rate=None, seconds=3))
        os.sched_setaffinity(0, set(cores))
    p99 = statistics.quantiles(latencies, n=100)[98] * 1000
    note(f"median {statistics.median(latencies) * 1000:.1f} ms; the server used {cpu:.0%} of its core")
    note(f"without pauses {most:.0f} a second, median {statistics.median(flooded) * 1000:.1f} ms")
    promise("validate of mnist_cnn, 16 connections, answers a second", rate, at_least=500)
    promise("validate of mnist_cnn, 99th percentile, ms", p99, at_most=50)


async def ask(server: Server, *, rate: float | None, seconds: float) -> tuple[list[float], float, float]:
    """Latencies, the server's share of a core, and answers a second.

    With a rate, requests are due at fixed times and a latency counts from then, not from when its connection
    was free: a server that stalls cannot slow the asking down.
    """
    body = json.dumps(MNIST).encode()
    head = "POST /v1/validate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    request, latencies = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body, []
    began = time.perf_counter() + 0.1
    cpu = server.cpu_s()

    async def connection(number: int) -> None:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        turn = 0
        while True:
            now = time.perf_counter()
            due = began + (turn * 16 + number) / rate if rate else max(now, began)
            if due >= began + seconds:
                break
            if due > now:
                await asyncio.sleep(due - now)
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 200"), answer
            length = int(re.search(rb"content-length: (\d+)", answer, re.IGNORECASE)[1])
            content = await reader.readexactly(length)
            assert content.startswith(b'{"valid":true'), content[:80]
            latencies.append(time.perf_counter() - due)
            turn += 1
        writer.close()

    await asyncio.gather(*(connection(number) for number in range(16)))
    took = time.perf_counter() - began
    return latencies, (server.cpu_s() - cpu) / took, len(latencies) / took


# Large pictures

DIGITS = {
    "name": "digits",
    "dataset": "digits",
    "model": {"layers": [{"type": "Flatten"}, {"type": "Dense", "units": 10, "activation": "softmax"}]},
    "training": {"epochs": 1},
}


def pictures(asked: argparse.Namespace) -> None:
    """One owner sends 16 requests at once; meanwhile another one asks for small things."""
    with serving(asked, "--access", "tokens") as server:
        clients = [Client(server.address, token=token(server, owner)) for owner in ("large", "small")]
        (large, large_id), (small, small_id) = ((one, one.submit(DIGITS).id) for one in clients)
        for client, job_id in ((large, large_id), (small, small_id)):
            assert list(client.events(job_id))[-1].type == "verified"
            client.predictions(job_id, [picture(8)])  # loads the libraries and the model
        before_mb, content, latencies = server.memory_mb(), picture(5000), []
        with ThreadPoolExecutor(16) as threads:
            began = time.perf_counter()
            sent = [threads.submit(large.predictions, large_id, [content]) for _ in range(16)]
            while not all(one.done() for one in sent):
                latencies += [
                    seconds(small.job, small_id),
                    seconds(small.validate, IRIS),
                    seconds(small.predictions, small_id, [picture(8)]),
                ]
                time.sleep(0.01)
            took = time.perf_counter() - began
        answered = sum(len(one.result()) for one in sent)
        peak_mb = server.memory_mb("VmHWM")
    note(f"{answered} pictures of {len(content):,} bytes were answered in {took:.1f} s")
    note(f"memory {before_mb:.0f} MB before")
    note(f"another owner's {len(latencies)} requests: median {statistics.median(latencies) * 1000:.0f} ms")
    promise("16 pictures of 25 megapixels, the server's memory at most, MB", peak_mb, at_most=400)
    promise("another owner's request meanwhile, longest, ms", max(latencies) * 1000, at_most=200)


def seconds(function: Callable[..., object], *arguments: object) -> float:
    began = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - began


def picture(side: int) -> bytes:
    """A PNG file with transparency, which takes the most memory."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).convert("RGBA").save(buffer, "PNG")
    return buffer.getvalue()


# Nothing at all


def idle(asked: argparse.Namespace) -> None:
    starts, memory = [], []
    for _ in range(asked.runs or 5):
        with serving(asked) as server:
            starts.append(server.wait_ready())
            server.wait_warm()
            memory.append(server.memory_mb())
        note(f"ready after {starts[-1]:.2f} s, {memory[-1]:.0f} MB")
    promise("from the start of the process to /readyz, median s", statistics.median(starts), at_most=1.5)
    promise("the server's own memory, idle, largest MB", max(memory), at_most=120)


# What a job leaves


def stored(asked: argparse.Namespace) -> None:
    """Bytes of files by their kind, and those that are really stored, of `mnist_cnn.json` after one epoch."""
    document = {**MNIST, "training": {**MNIST["training"], "epochs": 1}}
    with serving(asked) as server, Client(server.address) as client:
        job = client.submit(document)
        assert list(client.events(job.id))[-1].type == "verified"
        sizes: Counter[str] = Counter()
        for file in client.artifacts(job.id):
            sizes[file.kind] += file.size_bytes
            sizes["in packages"] += file.package.size_bytes if file.package else 0
        left = sum(path.stat().st_size for path in (server.data / "artifacts").rglob("*") if path.is_file())
    note(", ".join(f"{kind} {size:,}" for kind, size in sizes.items()))
    total = sum(sizes.values())
    note(f"files of one job: {total / 1e6:.2f} MB can be downloaded, {left / 1e6:.2f} MB are stored")
    promise("stored of what can be downloaded of a job of MNIST", left / total, at_most=0.55)


# Many finished jobs


JOBS, FILES_PER_JOB = 20_000, 6
ASKED = 200
"""Number of requests of each kind; of a scrape of the metrics, a tenth."""


def finished_jobs(asked: argparse.Namespace) -> None:
    """Lists, deletions and metrics beside all that a year of jobs leaves."""
    with tempfile.TemporaryDirectory(dir=asked.data, ignore_cleanup_errors=True) as folder:
        ids = fill(Path(folder))
        server = Server(Path(folder))
        try:
            note(f"ready after {server.wait_ready():.2f} s")
            server.wait_warm()
            listed = timed(server, ASKED, "GET", lambda _: "/v1/jobs?limit=50")
            metrics = timed(server, ASKED // 10, "GET", lambda _: "/metrics")
            deleted = timed(server, ASKED, "DELETE", lambda n: f"/v1/jobs/{ids[n * JOBS // ASKED]}")
            others = beside_deleters(server, ids)
            note(f"{server.memory_mb():.0f} MB")
        finally:
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(60)
    note(
        f"a write beside 16 deleters: median {statistics.median(others):.0f} ms, longest {max(others):.0f} ms"
    )
    for name, found, most in (("DELETE", deleted, 10), ("list", listed, 10), ("/metrics", metrics, 100)):
        note(f"{name}: longest {max(found):.1f} ms")
        promise(f"{JOBS:,} finished jobs, {name}, median ms", statistics.median(found), at_most=most)


def beside_deleters(server: Server, ids: list[str]) -> list[float]:
    """Milliseconds of another client's writes while 16 clients delete without a pause."""
    rest = [job_id for number, job_id in enumerate(ids) if number % (JOBS // ASKED)]
    with ThreadPoolExecutor(16) as threads:
        for share in (rest[first:3200:16] for first in range(16)):
            threads.submit(timed, server, len(share), "DELETE", lambda n, share=share: f"/v1/jobs/{share[n]}")
        return timed(server, 50, "POST", lambda n: f"/v1/jobs/{rest[-1 - n]}/stop")


def fill(data: Path) -> list[str]:
    """A data folder with the jobs: rows that are copies of one real job, and files of four bytes."""
    backends = Backends.open(data_folder.DataFolder(folder=data).addresses)
    store = JobStore(backends.database)
    document = json.dumps(IRIS)
    plan = read(document).to_json()
    store.submit(NewJob(owner=OPEN_OWNER, name="iris", document=document, epochs=100, plan=plan))
    attempt = store.claim("host_of_the_benchmark")
    with backends.database.write() as connection:
        (row,) = connection.execute(select(tables.jobs)).mappings()
        row = {**row, "status": "ready", "finished_at": row["updated_at"], "holder": None, "begun_at": None}
        rows = [{**row, "id": f"job_{number:026}"} for number in range(JOBS)]
        connection.execute(delete(tables.jobs).where(tables.jobs.c.id == attempt.job_id))
        connection.execute(insert(tables.jobs), rows)
        events = [
            {"job_id": one["id"], "sequence": sequence, "type": "epoch", "body": "{}" * 100}
            for one in rows
            for sequence in range(1, 21)
        ]
        connection.execute(insert(tables.events), events)
        connection.execute(insert(tables.artifacts), list(artifacts_of(rows, data / "artifacts")))
    backends.close()
    return [one["id"] for one in rows]


def artifacts_of(rows: list[dict], folder: Path) -> Iterator[dict]:
    """The rows of all files, which are links to a few files."""
    originals = [folder / f"original {number}" for number in range(FILES_PER_JOB)]
    for original in originals:
        original.write_bytes(b"file")
    for place in range(FILES_PER_JOB):
        for number, row in enumerate(rows):
            sha256 = hashlib.sha256(f"{number} {place}".encode()).hexdigest()
            path = folder / sha256[:2] / sha256
            path.parent.mkdir(exist_ok=True)
            path.hardlink_to(originals[place])
            yield {
                **{"job_id": row["id"], "name": f"file{place}", "place": place, "kind": "report"},
                **{"size_bytes": 4, "sha256": sha256, "media_type": "application/octet-stream"},
            }


def timed(server: Server, count: int, method: str, path: Callable[[int], str]) -> list[float]:
    """Milliseconds of each of some requests on one connection."""
    found = []
    with closing(http.client.HTTPConnection(server.host, server.port, timeout=60)) as connection:
        for number in range(count):
            began = time.perf_counter()
            connection.request(method, path(number))
            answer = connection.getresponse()
            answer.read()
            assert answer.status in (200, 202, 204), answer.status
            found.append((time.perf_counter() - began) * 1000)
    return found


PARTS = {
    **{"iris": iris, "queue": queue, "watchers": watchers, "validate": validate, "idle": idle},
    "pictures": pictures,
    "finished": finished_jobs,
    "stored": stored,
}


def parser_of(description: str, parts: Parts) -> argparse.ArgumentParser:
    """For a choice of parts, and where their servers keep their data."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("which", choices=[*parts, "all"])
    parser.add_argument("--data", type=Path, help="where the servers' folders are made")
    return parser


def run(parser: argparse.ArgumentParser, parts: Parts) -> None:
    """Measure what was chosen."""
    asked = parser.parse_args()
    for name, part in parts.items():
        if asked.which in (name, "all"):
            part(asked)


def main() -> None:
    parser = parser_of(__doc__, PARTS)
    parser.add_argument("--runs", type=int, help="instead of 10 for iris, 5 for idle")
    parser.add_argument("--watchers", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=15.0, help="of watching, of asking")
    run(parser, PARTS)


if __name__ == "__main__":
    main()
