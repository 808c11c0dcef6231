"""Jobs, events and artifacts for the tests of what is stored."""

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

import postgres_process
from quickml import events
from quickml.events import Status
from quickml.jobs.job import NO_LIMITS, Artifact, NewJob
from quickml.jobs.jobs import JobStore
from quickml.storage.database.postgres import PostgresDatabase
from quickml.storage.database.sqlite import SqliteDatabase

BEGINNING = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)

DATABASES = ("sqlite", pytest.param("postgres", marks=postgres_process.needs_postgres))
"""The databases that the contract of everything stored is tested on."""
HOLDER = "host_of_the_tests"


@cache
def _empty():
    folder = tempfile.TemporaryDirectory()
    SqliteDatabase(Path(folder.name) / "empty.db").close()
    return folder


def opened(path, kind="sqlite"):
    """A new database, or one that another process has; not made anew, which takes longer than most tests."""
    if kind == "postgres":
        return PostgresDatabase(postgres_process.emptied())
    assert kind == "sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        shutil.copy(Path(_empty().name) / "empty.db", path)
    return SqliteDatabase(path)


class Jobs(JobStore):
    """A store whose attempts are claimed by the tests, and whose events follow those that are there."""

    def claim(self, limits=NO_LIMITS, holder=HOLDER, **asked):
        return super().claim(holder, limits, **asked)

    def append(self, attempt, events, after=None, **changes):
        if after is None:
            after = max((event.sequence for event in self.events(attempt.job_id, limit=10**6)), default=0)
        return super().append(attempt, events, after=after, **changes)


class Clock:
    """Stands still, until it is put on."""

    def __init__(self):
        self.time = BEGINNING

    def __call__(self):
        return self.time

    def put_on(self, seconds=1.0):
        self.time += timedelta(seconds=seconds)


def new(owner="ada", *, document="{}", key=None, epochs=10, max_seconds=None):
    return NewJob(
        owner=owner,
        name="iris",
        document=document,
        epochs=epochs,
        max_seconds=max_seconds,
        idempotency_key=key,
    )


def started(epochs=10):
    return events.Started(time=BEGINNING, name="iris", dataset="iris", epochs=epochs, seed=0)


def progress(epoch=1, step=5, epochs=10, loss=0.5):
    return events.Progress(
        time=BEGINNING,
        epoch=epoch,
        epochs=epochs,
        step=step,
        steps=10,
        samples_per_second=1.0,
        metrics={"loss": loss},
    )


def epoch_ended(epoch=1, epochs=10, loss=0.5):
    return events.EpochEnded(
        time=BEGINNING, epoch=epoch, epochs=epochs, metrics={"loss": loss}, learning_rate=0.1, seconds=1.0
    )


def trained(epochs=10, stopped=None):
    return events.Trained(
        time=BEGINNING, epochs=epochs, stopped=stopped, metrics={"loss": 0.25, "accuracy": 1.0}, seconds=1.0
    )


def verified():
    return events.Verified(time=BEGINNING, parity=(), folder="x", files=(), seconds=1.0)


def artifact(job_id, name="model.mlmodel", sha256="ab" * 32, size_bytes=5):
    return Artifact(
        job_id=job_id, name=name, kind="mlmodel", size_bytes=size_bytes, sha256=sha256,
        media_type="application/octet-stream",
    )  # fmt: skip


def to_verifying(store, attempt):
    for status in (Status.TRAINING, Status.COMPILING, Status.VERIFYING):
        store.advance(attempt, status)


def finish(store, attempt, *files):
    to_verifying(store, attempt)
    store.complete(attempt, files or (artifact(attempt.job_id),), verified())
