"""What users of several machines wait for: a part of `machines.py`.

How old an event of a worker on one machine is when somebody who watches a server on another one sees it, and
how much longer a small job takes with PostgreSQL and S3 than with SQLite and a folder; and what a server
computes for each of them.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import uvloop

import s3_process
import service
from capacity import DELIVERY_MS, SUBMIT_MS
from fake_worker import documented
from hosts import site_of
from postgres_process import Postgres
from server_process import Server, serving
from waiting import until

SEEN_MS, RATIO = 250.0, 1.2
"""What each may take: p95 of the age of events; Iris, of the time with SQLite and a folder."""
IRIS = Path(__file__).parents[1] / "iris_spec.json"


def _flags(server: Postgres, address: str) -> list[str]:
    return ["--database", address.partition("?")[0], "--database-password-file", str(server.password_file)]


def of_watching(server: Postgres, seconds: float) -> list[float]:
    """Seconds from the making of each event of a job on one host to its arrival at a client of another."""
    with site_of(server) as site:
        site.start(1, epoch_s=seconds / 3)
        flags = [*_flags(server, site.address), "--workers", "0", "--files", str(site.folder / "artifacts")]
        with serving(site.folder / "b", *flags) as web:
            job_id, ages = web.submit(documented("diligent")), []
            with web.client.stream("GET", f"/v1/jobs/{job_id}/events") as answer:
                opened_at = datetime.now(UTC)
                for line in answer.iter_lines():
                    if line.startswith("data: "):
                        event = json.loads(line[6:])
                        made_at = datetime.fromisoformat(event["time"])
                        is_new = made_at > opened_at  # what was there before is sent first
                        if is_new and event["type"] in (
                            "progress",
                            "epoch",
                        ):  # the fake worker's others are constants
                            ages.append((datetime.now(UTC) - made_at).total_seconds())
    return ages


def of_server(server: Postgres, submissions: int, watchers: int, seconds: float) -> tuple[float, float]:
    """CPU in ms that a server with PostgreSQL needs for a submission, and to send an event to one watcher."""
    here = argparse.Namespace(data=None)
    with site_of(server) as site:
        flags = [*_flags(server, site.address), "--workers", "0", "--files", str(site.folder / "artifacts")]
        with service.serving(here, *flags) as web:
            web.wait_ready()
            with closing(http.client.HTTPConnection(web.host, web.port)) as connection:
                site.store.cancel(_submitted(connection))  # the first one loads what is needed
                before = web.cpu_s()
                queued = [_submitted(connection) for _ in range(submissions)]
                submit_ms = (web.cpu_s() - before) * 1000 / submissions
                for one in queued:
                    site.store.cancel(one)
                site.start(1, epoch_s=seconds)
                job_id = _submitted(connection)
            until(lambda: site.trains(job_id), "the training")
            arrivals, lost, share = uvloop.run(service.watch_many(web, job_id, watchers, seconds))
    assert not lost, lost
    return submit_ms, share * seconds * 1000 / sum(map(len, arrivals.values()))


def _submitted(connection: http.client.HTTPConnection) -> str:
    document = json.dumps(documented("diligent"))
    connection.request("POST", "/v1/jobs", document, {"Content-Type": "application/json"})
    return json.loads(connection.getresponse().read())["id"]


def of_iris(server: Postgres, times: int) -> tuple[float, float]:
    """Median seconds from POST to ready, with SQLite and a folder, and with PostgreSQL and S3; in turns."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bucket = stack.enter_context(closing(s3_process.S3()))
        place, _, keys = bucket.new().partition("&credentials_file=")
        far = [*_flags(server, server.new()), "--files", place, "--files-credentials-file", str(bucket.keys)]
        assert keys
        servers = [
            stack.enter_context(serving(folder / name, *flags)) for name, flags in (("a", []), ("b", far))
        ]
        rounds = [[_iris_s(one) for one in servers] for _ in range(times + 1)]
    near_s, far_s = (statistics.median(column) for column in zip(*rounds[1:], strict=True))  # once to warm up
    return near_s, far_s


def _iris_s(server: Server) -> float:
    began = time.perf_counter()
    job_id = server.submit(IRIS.read_bytes())
    last = server.events(job_id)[-1][1]
    assert last["type"] == "verified", last
    return time.perf_counter() - began


def measure(server: Postgres, *, seconds: float = 30.0, times: int = 9) -> Iterator[str]:
    """The rows of `machines.py`."""
    ages = of_watching(server, seconds)
    seen_ms = statistics.quantiles(ages, n=20)[-1] * 1000
    yield f"event at a watcher     {seen_ms:8.0f} ms old (p95 of {len(ages)}), at most {SEEN_MS:g}"
    submit_ms, delivery_ms = of_server(server, 150, 500, seconds / 2)
    yield f"submission           {submit_ms:8.2f} ms of a server's CPU, at most {SUBMIT_MS:g}"
    yield f"event for a watcher  {delivery_ms:8.3f} ms of a server's CPU, at most {DELIVERY_MS:g}"
    near_s, far_s = of_iris(server, times)
    yield (
        f"Iris, POST to ready    {far_s:8.2f} s with PostgreSQL and S3,"
        f" {far_s / near_s:.2f} of SQLite and a folder, at most {RATIO:g}"
    )
