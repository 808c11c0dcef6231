"""`quickml submit`."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from quickml.cli.commands.watch import PATIENCE_S, follow, say_what_it_lacks
from quickml.cli.display.outages import Outages
from quickml.cli.display.output import note, say, say_json
from quickml.cli.display.pictures import PictureProgress
from quickml.cli.display.transfer import transfer_on
from quickml.cli.document_file import read_bytes
from quickml.cli.own_files import with_uploaded_files
from quickml.client import Client
from quickml.errors import ServiceError


def submit_spec(path: Path, *, server: str | None, watch: bool, as_json: bool) -> None:
    """Submit a document and print the job id alone, for pipes; with `watch`, follow the job instead.

    Files that it names are uploaded first, unless the server has them.

    Raises:
        DocumentError: the document cannot be read, or the server found problems in it.
        ServiceError: the server refused it, or cannot be reached.
    """
    document = read_bytes(path)
    folder = Path() if str(path) == "-" else path.parent
    outages = Outages()
    with Client(server, patience_s=PATIENCE_S, on_retry=outages) as client:
        with transfer_on(sys.stderr, as_json=as_json) as transfer:
            document = with_uploaded_files(document, folder, client, transfer.show)
        job = client.submit(document, on_import=PictureProgress().show)
        if not watch:
            say_json(job.model_dump_json(exclude={"links"})) if as_json else say(job.id)
            with suppress(ServiceError):  # it is submitted
                say_what_it_lacks(client, job.id)
            return
        note(f"{job.id} is queued on {client.server}")
        follow(client, job.id, as_json=as_json, outages=outages)
