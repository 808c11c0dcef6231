"""What answers of delivered files must reach: a real server in a process of its own, on this machine.

    python benchmarks/pencil.py prediction   # one digit with all layers, one stroke after the other
    python benchmarks/pencil.py clients      # 30 clients, each 10 times a second, one job or 30
    python benchmarks/pencil.py occlusion    # which parts of a digit matter
    python benchmarks/pencil.py owners       # one owner's strokes, while another explains digits all the time
    python benchmarks/pencil.py all          # two minutes, of which one trains MNIST

Prints one line per promise, as `service.py` does. Clients are a few lines on asyncio's protocols with one
connection each, since httpx takes longer for a request than the server does.
"""

from __future__ import annotations

import argparse
import asyncio
import atexit
import functools
import json
import re
import shutil
import signal
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from sqlalchemy import insert, select, update

from against_reference import promise
from quickml import Client, data_folder
from quickml.export.coreml.reading.files import read
from quickml.export.runtime import Runtime
from quickml.service import OPEN_OWNER
from quickml.storage.backends import Backends
from quickml.storage.database import tables
from service import MNIST, Parts, Server, note, parser_of, run, token

JSON_BODY = {"Content-Type": "application/json"}
BYTES = {"Content-Type": "application/octet-stream", "Accept": "application/octet-stream"}
STROKES = 400
CLIENTS, RATE_HZ, SECONDS = 30, 10, 10


class Connection:
    """One connection that is kept alive, with one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, server: Server) -> Connection:
        return cls(*await asyncio.open_connection(server.host, server.port))

    async def get(self, path: str) -> bytes:
        return await self.post(path, b"", {}, method="GET")

    async def post(self, path: str, body: bytes, headers: dict[str, str], method: str = "POST") -> bytes:
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        if (length := re.search(rb"content-length: (\d+)", head, re.IGNORECASE)) is not None:
            content = await self._reader.readexactly(int(length[1]))
        else:
            content = await self._chunks()
        assert head.startswith(b"HTTP/1.1 200"), head + content[:500]
        return content

    async def _chunks(self) -> bytes:
        content = b""
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            content += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readexactly(2)
        return content

    def close(self) -> None:
        self._writer.close()


def digit(number: int) -> bytes:
    """A stroke that moves by a pixel from one request to the next: no two are equal."""
    pixels = bytearray(28 * 28)
    for step in range(18):
        row, column = 5 + step, 6 + (step + number) % 16
        for place in (row * 28 + column, row * 28 + column + 1):
            pixels[place] = 255 - number % 100
    return bytes(pixels)


def p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(0.95 * len(seconds))]


async def timed(ask: Callable[[int], Awaitable[bytes]], count: int) -> tuple[list[float], bytes]:
    """Seconds of each request, after 20 that are not counted, and the last response."""
    seconds, content = [], b""
    for number in range(count + 20):
        began = time.perf_counter()
        content = await ask(number)
        seconds.append(time.perf_counter() - began)
    return seconds[20:], content


def told(what: str, seconds: list[float]) -> None:
    note(f"{what}: median {statistics.median(seconds) * 1e3:.2f} ms, p95 {p95(seconds) * 1e3:.2f} ms")


@contextmanager
def ready(
    asked: argparse.Namespace, *options: str, owner: str = OPEN_OWNER
) -> Iterator[tuple[Server, list[str]]]:
    """A server with 30 MNIST jobs whose weights differ: one is trained for an epoch, the others are copies.

    It is started after that, so that its memory is that of a server which has done nothing yet.
    """
    with tempfile.TemporaryDirectory(dir=asked.data, ignore_cleanup_errors=True) as folder:
        shutil.copytree(trained(asked.data), folder, dirs_exist_ok=True)
        jobs = copies(Path(folder), CLIENTS, owner)
        server = Server(Path(folder), *options)
        try:
            server.wait_ready()
            server.wait_warm()
            yield server, jobs
        finally:
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(60)


@functools.cache
def trained(data: Path | None) -> Path:
    """The data folder of a server that has trained MNIST for an epoch, once for all parts."""
    folder = Path(tempfile.mkdtemp(dir=data))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    server = Server(folder)
    with Client(server.address) as client:
        job = client.submit({**MNIST, "training": {**MNIST["training"], "epochs": 1}})
        *_, last = client.events(job.id)
        assert last.type == "verified", last
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(60)
    return folder


def copies(data: Path, count: int, owner: str) -> list[str]:
    """Jobs like the trained one, whose `.mlmodel` files have weights of their own."""
    backends = Backends.open(data_folder.DataFolder(folder=data).addresses)
    path = data / "copy.mlmodel"
    with backends.database.read() as connection:
        (job,) = connection.execute(select(tables.jobs)).mappings()
        files = connection.execute(select(tables.artifacts)).mappings()
        (file,) = [dict(one) for one in files if one["name"] == "model.mlmodel"]
    with backends.artifacts.local_path(file["sha256"]) as stored:
        model = read(stored).model
    jobs = []
    for number in range(count):
        network = next(one for one in (model.neuralNetworkClassifier, model.neuralNetwork) if one.layers)
        for layer in network.layers:
            if layer.WhichOneof("layer") == "innerProduct":
                layer.innerProduct.bias.floatValue[0] += 1e-3
        path.write_bytes(model.SerializeToString())
        stored = backends.artifacts.put(path)
        jobs.append(f"job_{number:026}")
        with backends.database.write() as connection:
            connection.execute(
                insert(tables.jobs), {**job, "id": jobs[-1], "owner": owner, "idempotency_key": None}
            )
            changed = {"job_id": jobs[-1], "sha256": stored.sha256, "size_bytes": stored.size_bytes}
            connection.execute(insert(tables.artifacts), {**file, **changed})
    path.unlink()
    backends.close()
    return jobs


def prediction(asked: argparse.Namespace) -> None:
    alone(asked)
    with ready(asked) as (server, jobs):
        asyncio.run(_prediction(server, jobs[0]))


def alone(asked: argparse.Namespace) -> None:
    """What ONNX Runtime itself takes of a run of the file, without a server."""
    data = trained(asked.data)
    backends = Backends.open(data_folder.DataFolder(folder=data).addresses)
    with backends.database.read() as connection:
        files = connection.execute(select(tables.artifacts)).mappings()
        (sha256,) = [one["sha256"] for one in files if one["name"] == "model.mlmodel"]
    with backends.artifacts.local_path(sha256) as path:
        names = Runtime.load(path, engine="onnx").layers
        for what, layers in (("", ()), (" with all layers", names)):
            runtime = Runtime.load(path, engine="onnx", keep=layers)
            name = runtime.only_input().name
            sample = {name: np.frombuffer(digit(0), np.uint8).reshape(28, 28, 1)}
            feeds, session = runtime._feeds(sample), runtime._engine._session
            library = middle(lambda feeds=feeds, session=session: session.run(None, feeds))
            whole = middle(lambda runtime=runtime, sample=sample: runtime.run(sample))
            note(f"a run{what}: {whole * 1e3:.3f} ms, of which ONNX Runtime {library * 1e3:.3f} ms")
    backends.close()


def middle(work: Callable[[], object]) -> float:
    """The median seconds of a call, after some that are not counted."""
    found = []
    for _ in range(1000):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return statistics.median(found[100:])


async def _prediction(server: Server, job: str) -> None:
    connection, path = await Connection.to(server), f"/v1/jobs/{job}/predictions"

    async def arrays(number: int) -> bytes:
        return await connection.post(f"{path}?activations=*", digit(number), BYTES)

    async def from_json(number: int) -> bytes:
        body = {"inputs": [list(digit(number))], "activations": True}
        return await connection.post(path, json.dumps(body).encode(), {**BYTES, **JSON_BODY})

    async def as_json(number: int) -> bytes:
        body = {"inputs": [list(digit(number))], "activations": True}
        return await connection.post(path, json.dumps(body).encode(), JSON_BODY)

    await connection.get(f"/v1/jobs/{job}")  # somebody looks at the job, as every page does
    await asyncio.sleep(3)
    began = time.perf_counter()
    await arrays(0)
    note(f"first stroke {(time.perf_counter() - began) * 1e3:.1f} ms")
    seconds, content = await timed(arrays, STROKES)
    told("bytes in both directions", seconds)
    told("numbers as JSON, response as bytes", (await timed(from_json, STROKES))[0])
    others, text = await timed(as_json, 50)
    told(f"JSON in both directions, {len(text) / 1e3:.0f} KB", others)
    promise("prediction with all layers, median ms", statistics.median(seconds) * 1e3, at_most=2)
    promise("prediction with all layers, p95 ms", p95(seconds) * 1e3, at_most=5)
    promise("prediction with all layers, KB", len(content) / 1e3, at_most=30)
    connection.close()


# Many clients


def clients(asked: argparse.Namespace) -> None:
    for count in (1, CLIENTS):
        with ready(asked) as (server, jobs):
            before, resident = server.memory_mb("RssAnon"), server.memory_mb()
            seconds = asyncio.run(_clients(server, jobs[:count]))
            grown, all_grown = server.memory_mb("RssAnon") - before, server.memory_mb() - resident
            what = f"{CLIENTS} clients, {count} job{'s' * (count > 1)}"
            told(f"{what}, {len(seconds) / SECONDS:.0f} requests a second", seconds)
            note(f"{what}: memory {resident:.0f} {all_grown:+.0f} MB, with mapped files")
            promise(f"{what}, p95 ms", p95(seconds) * 1e3, at_most=50)
            promise(f"{what}, growth of the server's memory without mapped files, MB", grown, at_most=150)


async def _clients(server: Server, jobs: list[str]) -> list[float]:
    """Each asks at its own moments, whether or not an earlier answer was late: the wait counts."""
    for job in jobs:  # first strokes are measured elsewhere
        connection = await Connection.to(server)
        await connection.post(f"/v1/jobs/{job}/predictions?activations=*", digit(0), BYTES)
        connection.close()
    began, seconds = time.perf_counter() + 0.5, []

    async def draw(number: int) -> None:
        connection = await Connection.to(server)
        path = f"/v1/jobs/{jobs[number % len(jobs)]}/predictions?activations=*"
        for stroke in range(RATE_HZ * SECONDS):
            due = began + (stroke + number / CLIENTS) / RATE_HZ
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await connection.post(path, digit(stroke), BYTES)
            seconds.append(time.perf_counter() - due)
        connection.close()

    await asyncio.gather(*map(draw, range(CLIENTS)))
    return seconds


# Explanations


def occlusion(asked: argparse.Namespace) -> None:
    with ready(asked) as (server, jobs):
        asyncio.run(_occlusion(server, jobs[0]))


async def _occlusion(server: Server, job: str) -> None:
    connection = await Connection.to(server)

    async def explained(number: int) -> bytes:
        return await connection.post(f"/v1/jobs/{job}/explanations", digit(number), BYTES)

    seconds, content = await timed(explained, 50)
    told(f"occlusion of a digit, {len(content) / 1e3:.1f} KB", seconds)
    promise("occlusion of a digit, median ms", statistics.median(seconds) * 1e3, at_most=80)
    connection.close()


def owners(asked: argparse.Namespace) -> None:
    """Ada's strokes alone, and while Bob explains digits and asks for 64 answers all the time."""
    with ready(asked, "--access", "tokens", owner="ada") as (server, jobs):
        secrets = token(server, "ada"), token(server, "bob")
        backends = Backends.open(data_folder.DataFolder(folder=server.data).addresses)
        with backends.database.write() as connection:
            connection.execute(update(tables.jobs).where(tables.jobs.c.id == jobs[1]).values(owner="bob"))
        backends.close()
        alone, beside = asyncio.run(_owners(server, jobs, *secrets))
    told("Ada alone", alone)
    told("Ada beside Bob", beside)
    promise("strokes beside another owner's explanations, p95 ms", p95(beside) * 1e3, at_most=50)


async def _owners(server: Server, jobs: list[str], ada: str, bob: str) -> tuple[list[float], list[float]]:
    mine = await Connection.to(server)

    async def stroke(number: int) -> bytes:
        headers = {**BYTES, "Authorization": f"Bearer {ada}"}
        return await mine.post(f"/v1/jobs/{jobs[0]}/predictions?activations=*", digit(number), headers)

    async def busy(path: str, body: bytes, headers: dict[str, str]) -> None:
        theirs = await Connection.to(server)
        while True:
            await theirs.post(
                f"/v1/jobs/{jobs[1]}/{path}", body, {**headers, "Authorization": f"Bearer {bob}"}
            )

    alone, _ = await timed(stroke, STROKES)
    many = json.dumps({"inputs": [list(digit(number)) for number in range(64)]}).encode()
    tasks = [asyncio.create_task(busy("explanations?stride=1", digit(1), BYTES)) for _ in range(4)]
    tasks += [asyncio.create_task(busy("predictions", many, JSON_BODY)) for _ in range(4)]
    beside, _ = await timed(stroke, STROKES)
    for task in tasks:
        task.cancel()
    return alone, beside


PARTS: Parts = {"prediction": prediction, "clients": clients, "occlusion": occlusion, "owners": owners}


def main() -> None:
    run(parser_of(__doc__, PARTS), PARTS)


if __name__ == "__main__":
    main()
