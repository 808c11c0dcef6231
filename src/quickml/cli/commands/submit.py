"""`quickml submit`."""

from __future__ import annotations

import sys
from pathlib import Path

from quickml.cli.commands.watch import PATIENCE_S, follow
from quickml.cli.display.outages import Outages
from quickml.cli.source import read_bytes
from quickml.client import Client
from quickml.client.records import to_json


def submit_spec(path: Path, *, server: str | None, watch: bool, as_json: bool) -> None:
    """Hand a document to a server. The job's id is printed alone, for a pipe; unless it is watched.

    Raises:
        SpecError: the document cannot be read, or the server finds it wrong.
        ServiceError: the server does not take it.
    """
    document = read_bytes(path)
    outages = Outages()
    with Client(server, patience_s=PATIENCE_S, on_retry=outages) as client:
        job = client.submit(document)
        if not watch:
            print(to_json(job) if as_json else job.id)
            return
        print(f"{job.id} waits for its turn on {client.server}", file=sys.stderr)
        follow(client, job.id, as_json=as_json, outages=outages)
