"""`quickml watch`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime

from quickml.cli.display.display import display_on
from quickml.cli.display.outages import Outages
from quickml.cli.display.output import note
from quickml.client import Client, Job
from quickml.errors import JobError, ServiceError
from quickml.events import Event, Failed, Status, meaning

PATIENCE_S = 300.0
"""How long to try to reconnect: long enough for a laptop that sleeps or changes networks."""
LACKING = {
    "worker": "no worker is connected to the server; the job starts when one connects",
    "gpu": "the job needs a GPU, and no connected worker has one; it starts when such a worker connects",
    "long_seat": "all connected workers take only short jobs; the job starts when one for long jobs connects",
}
"""The message for each value of `lacks`."""


def watch_job(job_id: str, *, server: str | None, as_json: bool) -> None:
    """Show the events of a job, from the first to the last.

    Raises:
        JobError: it failed, or was cancelled.
        ServiceError: there is no such job, or the server cannot be reached.
    """
    outages = Outages()
    with Client(server, patience_s=PATIENCE_S, on_retry=outages) as client:
        follow(client, job_id, as_json=as_json, outages=outages)


def follow(client: Client, job_id: str, *, as_json: bool, outages: Outages | None = None) -> None:
    """Show the events of a job through an open client, and report `outages` of its connection.

    Ctrl-C ends the process with code 130 and leaves the job alone.
    """
    display = display_on(sys.stdout, as_json=as_json, waiting="waiting for the server …")
    try:
        say_what_it_lacks(client, job_id)
        with display, closing(client.events(job_id)) as received:
            for event in received:
                if outages is not None:
                    outages.over()
                ended = _end(event, job_id)
                if as_json or not ended:
                    display.show(event)
                if ended:
                    raise ended
    except KeyboardInterrupt:
        note(
            "",
            f"detached: {job_id} continues on the server; `quickml watch {job_id}` follows it again,"
            f" `quickml stop {job_id}` stops its training early",
        )
        sys.exit(130)
    if not as_json:
        with suppress(ServiceError):  # deleted just now
            note(*_what_next(client.job(job_id)))


def _what_next(job: Job) -> Iterator[str]:
    if job.files_deleted_at is not None:
        yield f"its files were deleted on {_day(job.files_deleted_at)}; the numbers are kept"
        return
    yield f"download the files with `quickml download {job.id}`"
    if job.delete_files_at is not None:
        yield f"the server deletes them on {_day(job.delete_files_at)}"


def _day(moment: datetime) -> str:
    """In the time of this machine."""
    return f"{moment.astimezone():%Y-%m-%d at %H:%M}"


def say_what_it_lacks(client: Client, job_id: str) -> None:
    """Say on standard error if no connected worker can run a job, and why."""
    lacks = client.job(job_id).lacks
    if lacks is not None:
        note(LACKING.get(lacks, f"no connected worker has what the job needs: {lacks}"))


def _end(event: Event, job_id: str) -> JobError | None:
    """The error that a job ended with, if this event is its end and it failed."""
    if isinstance(event, Failed):
        return JobError("; ".join(event.message.splitlines()))
    status = meaning(event.type).status
    return JobError(f"{job_id} was cancelled") if status is Status.CANCELLED else None
