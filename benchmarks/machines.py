"""What the work of many machines costs a database: CPU time of PostgreSQL per append, per claim and per job.
And what hosts do, and what users wait for: see `hosts.py` and `waits.py`.

    python benchmarks/machines.py

Starts a PostgreSQL of its own in a temporary folder, on loopback, with everything written to the disk as on a
real server. The CPU times are those of all of its processes.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests" / "support"))

import hosts
import waits
from capacity import APPEND_MS, JOB_MS
from job_examples import (
    HOLDER,
    Jobs,
    artifact,
    epoch_ended,
    new,
    progress,
    started,
    to_verifying,
    trained,
    verified,
)
from postgres_process import Meter, Postgres
from quickml.jobs.hosts import Hosts
from quickml.jobs.job import Limits
from quickml.storage.database.postgres import PostgresDatabase
from quickml.storage.database.tables import jobs

CLAIM_MS = 1.0
QUEUED = 10_000
PLAN = "x" * 6_000
"""About as long as the plan of a small network."""
EPOCHS = 25
"""Of a job: appends of two events each."""


def of_append(store: Jobs, meter: Meter, times: int) -> float:
    store.submit(replace(new(max_seconds=60.0), plan=PLAN, epochs=times))
    attempt, last = store.claim(), 0

    def append():
        nonlocal last
        last = store.append(attempt, [progress(epochs=times)], after=last)

    for _ in range(100):
        append()
    found = meter.ms_each(append, times)
    store.cancel(attempt.job_id)
    return found


def of_claim(store: Jobs, meter: Meter, owners: int, times: int) -> float:
    """A claim while `QUEUED` jobs wait."""
    store.submit(replace(new("owner 0"), plan=PLAN))
    others = [column.name for column in jobs.columns if column.name not in ("id", "owner", "idempotency_key")]
    with store._database.write() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO jobs (id, owner, {', '.join(others)})"
            f" SELECT overlay(id placing lpad(n::text, 8, '0') from 23), 'owner ' || mod(n, {owners}),"
            f" {', '.join(others)}"
            f" FROM jobs, generate_series(1, {QUEUED}) AS n"
        )
        connection.exec_driver_sql(
            "INSERT INTO turns (owner, turn, waiting) SELECT owner, 0, min(id) FROM jobs GROUP BY owner"
            " ON CONFLICT (owner) DO UPDATE SET waiting = excluded.waiting"
        )
    with closing(store._database._engine.raw_connection()) as connection:
        connection.cursor().execute("VACUUM ANALYZE jobs, turns")
    limits = Limits(running_per_owner=max(2, 2 * times // owners))
    for _ in range(20):
        store.claim(limits)
    return meter.ms_each(lambda: store.claim(limits), times)


def one_job(store: Jobs, known: Hosts) -> None:
    """All calls of a job from its submission to its files.

    In each epoch its worker appends, its executor looks for wishes, and a server that is watched reads.
    """
    store.submit(replace(new(epochs=EPOCHS), plan=PLAN))
    attempt = store.claim()
    last = store.append(attempt, [started(EPOCHS)], after=0)
    for epoch in range(1, EPOCHS + 1):
        news = [progress(epoch, epochs=EPOCHS), epoch_ended(epoch, epochs=EPOCHS)]
        last = store.append(attempt, news, after=last)
        known.look(HOLDER)
        store.news({attempt.job_id: last - 2})
    known.renew(HOLDER)
    last = store.append(attempt, [trained(EPOCHS)], after=last)
    store.keep_checkpoint(attempt, "ab" * 32)
    to_verifying(store, attempt)
    store.complete(attempt, [artifact(attempt.job_id, f"{number}.bin") for number in range(9)], verified())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--calls", type=int, default=1000)
    options = parser.parse_args()
    server = Postgres(fsync=True)
    try:
        for title, most, measure in (
            ("append", APPEND_MS, partial(of_append, times=options.calls)),
            ("job", JOB_MS, partial(of_job, times=options.calls // 20)),
            ("claim, 200 jobs each", CLAIM_MS, partial(of_claim, owners=50, times=options.calls)),
            ("claim, 1 job each", CLAIM_MS, partial(of_claim, owners=QUEUED, times=options.calls)),
        ):
            database = PostgresDatabase(server.new())
            store, meter = Jobs(database), Meter(server)
            found = measure(store, meter)
            print(f"{title:22} {found:8.2f} ms of PostgreSQL's CPU, at most {most:g}", flush=True)
            database.close()
        for row in chain(hosts.measure(server), waits.measure(server)):
            print(row, flush=True)
    finally:
        server.close()


def of_job(store, meter, times):
    known = Hosts(store._database)
    for _ in range(3):
        one_job(store, known)
    return meter.ms_each(lambda: one_job(store, known), times)


if __name__ == "__main__":
    main()
