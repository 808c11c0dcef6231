"""`quickml watch`."""

from __future__ import annotations

import sys
from contextlib import closing

from quickml.cli.display.display import display_on
from quickml.cli.display.outages import Outages
from quickml.client import Client
from quickml.errors import JobError
from quickml.events import Event, Failed, Status, meaning

PATIENCE_S = 300.0
"""A lost connection is made again for so long: a laptop sleeps, a network is left and come back to."""


def watch_job(job_id: str, *, server: str | None, as_json: bool) -> None:
    """Show what a job tells, from its first event to its last.

    Raises:
        JobError: it failed, or was cancelled.
        ServiceError: there is no such job, or the server is lost.
    """
    outages = Outages()
    with Client(server, patience_s=PATIENCE_S, on_retry=outages) as client:
        follow(client, job_id, as_json=as_json, outages=outages)


def follow(client: Client, job_id: str, *, as_json: bool, outages: Outages | None = None) -> None:
    """The same with a client at hand, and what it tells its outages to.

    Ctrl-C leaves the job alone and ends the process with code 130.
    """
    display = display_on(sys.stdout, as_json=as_json, waiting="waiting for the server …")
    try:
        with display, closing(client.events(job_id)) as told:
            for event in told:
                if outages is not None:
                    outages.over()
                ended = _end(event, job_id)
                if as_json or not ended:
                    display.show(event)
                if ended:
                    raise ended
    except KeyboardInterrupt:
        print(
            f"\ndetached: {job_id} goes on; `quickml watch {job_id}` shows it again, `quickml stop {job_id}`"
            " ends its training and keeps what was learned",
            file=sys.stderr,
        )
        sys.exit(130)
    if not as_json:
        print(f"`quickml download {job_id}` fetches the files", file=sys.stderr)


def _end(event: Event, job_id: str) -> JobError | None:
    """The error that a job ended with."""
    if isinstance(event, Failed):
        return JobError(event.message)
    status = meaning(event.type).status
    return JobError(f"{job_id} was cancelled") if status is Status.CANCELLED else None
