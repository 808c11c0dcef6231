"""`quickml upload` and `quickml files`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from quickml.cli.commands.watch import PATIENCE_S
from quickml.cli.display.formatting import size
from quickml.cli.display.outages import Outages
from quickml.cli.display.output import note, say, say_json
from quickml.cli.display.transfer import transfer_on
from quickml.client import Client, UploadProgress, UserFile
from quickml.errors import InputError

MIN_DIGITS = 8
"""Digits of a SHA-256 that are enough to name a file."""
_DIGITS = re.compile(f"[0-9a-f]{{{MIN_DIGITS},64}}")


def upload_file(path: Path, *, name: str | None, server: str | None, as_json: bool) -> None:
    """Upload a file, and print its SHA-256 alone, for pipes. The same command continues after a failure.

    Raises:
        InputError: the file cannot be read.
        ServiceError: the server refuses it, or cannot be reached.
    """
    outages = Outages()
    sent_bytes = 0
    try:
        with (
            Client(server, patience_s=PATIENCE_S, on_retry=outages) as client,
            transfer_on(sys.stderr, as_json=as_json) as transfer,
        ):

            def show(progress: UploadProgress) -> None:
                nonlocal sent_bytes
                if progress.sent_bytes != sent_bytes:
                    sent_bytes = progress.sent_bytes
                    outages.over()
                transfer.show(progress)

            file = client.upload(path, name=name, progress=show)
    except KeyboardInterrupt:
        note("", "stopped; the same command continues the upload")
        sys.exit(130)
    if as_json:
        say_json({**file.model_dump(mode="json", exclude={"url"}), "sent_bytes": sent_bytes})
        return
    if sent_bytes == 0 and file.size_bytes:
        note(f"{file.name} was on the server already; nothing was sent")
    say(file.sha256)


def list_files(*, server: str | None, as_json: bool) -> None:
    """Print the files that were uploaded, the newest first.

    Raises:
        ServiceError: the server cannot be reached.
    """
    with Client(server) as client:
        found = list(client.files())
    if not found:
        note("no files; `quickml upload FILE` uploads one")
    for file in found:
        if as_json:
            say_json(file.model_dump_json(exclude={"url"}))
        else:
            created = file.created_at.isoformat(timespec="seconds")
            say(f"{file.sha256[:12]}  {created}  {size(file.size_bytes):>10}  {', '.join(file.names)}")


def delete_file(wanted: str, *, server: str | None) -> None:
    """Delete a file with everything that was made of it.

    Raises:
        InputError: there is no such file, or there are several.
        ServiceError: a job needs it, or the server cannot be reached.
    """
    with Client(server) as client:
        file = _chosen(list(client.files()), wanted)
        client.delete_file(file.sha256)
    say(f"{file.name} ({file.sha256[:12]}) was deleted")


def _chosen(files: list[UserFile], wanted: str) -> UserFile:
    found = [file for file in files if wanted in file.names]
    if not found and _DIGITS.fullmatch(wanted):
        found = [file for file in files if file.sha256.startswith(wanted)]
    if not found:
        raise InputError(
            f"{wanted!r:.80}: expected the name of a file, or the beginning of its SHA-256, as"
            " `quickml files list` prints them"
        )
    if len(found) > 1:
        digits = ", ".join(file.sha256[:12] for file in found)
        raise InputError(
            f"{wanted!r:.80}: expected one file, found {len(found)}; name it by the beginning of its"
            f" SHA-256: {digits}"
        )
    return found[0]
