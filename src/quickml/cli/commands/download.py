"""`quickml download`."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from quickml import results
from quickml.cli.commands.watch import PATIENCE_S
from quickml.cli.display.formatting import printable, size
from quickml.cli.display.outages import Outages
from quickml.cli.display.transfer import Transfer, transfer_on
from quickml.client import Artifact, Client, Job, Progress
from quickml.client.download.file import POLL_S
from quickml.client.download.partial import disk_errors
from quickml.errors import InputError, JobStateError, ResultError, ServiceError
from quickml.files.lock import Lock

_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


def download_job(
    job_id: str, *, names: Sequence[str], out: Path | None, server: str | None, as_json: bool
) -> None:
    """Fetch files of a job into a folder, which appears when the last of them is here and right.

    What has come stays when something goes wrong; the same command goes on from there.

    Raises:
        JobStateError: the job is not ready.
        InputError: it has no such file.
        ServiceError: there is no such job, the server does not answer, or sends something else.
        ResultError: the folder holds something already, or cannot be written.
    """
    outages = Outages()
    try:
        with Client(server, patience_s=PATIENCE_S, on_retry=outages) as client:
            job = client.job(job_id)
            if job.status != "ready":
                raise JobStateError(job_id=job.id, status=job.status, expected="ready")
            chosen = _chosen(client.artifacts(job_id), names)
            with _draft(job, out) as draft, transfer_on(sys.stderr, as_json=as_json) as transfer:
                _fetch(client, chosen, draft.path, transfer, outages)
                with disk_errors(draft.folder):
                    _leave_only(draft.path, {_name(file, as_folder) for file, as_folder in chosen})
                    place = draft.publish()
    except KeyboardInterrupt:
        _say_how_to_go_on(job_id, names, out, server)
        sys.exit(130)
    rows = [_row(file, as_folder) for file, as_folder in chosen]
    if as_json:
        print(json.dumps({"job": job.id, "folder": str(place), "files": rows}))
        return
    for row in rows:
        print(f"{printable(row['name']):<24} {size(row['size_bytes']):>10}")
    print(printable(str(place)))


def _chosen(files: Sequence[Artifact], names: Sequence[str]) -> list[tuple[Artifact, bool]]:
    """What to fetch, and whether as a folder: without names everything, packages as folders."""
    offered = {file.package.name: (file, True) for file in files if file.package is not None}
    offered |= {file.name: (file, False) for file in files}
    if unknown := [name for name in names if name not in offered]:
        raise InputError(f"--file: expected one of {', '.join(offered)}; found {unknown[0]!r:.80}")
    if names:
        return [offered[name] for name in dict.fromkeys(names)]
    return [(file, file.package is not None) for file in files]


def _fetch(
    client: Client,
    chosen: Sequence[tuple[Artifact, bool]],
    folder: Path,
    transfer: Transfer,
    outages: Outages,
) -> None:
    fetched_bytes = 0

    def show(progress: Progress) -> None:
        nonlocal fetched_bytes
        if progress.fetched_bytes != fetched_bytes:
            fetched_bytes = progress.fetched_bytes
            outages.over()
        transfer.show(progress)

    for file, as_folder in chosen:
        fetch = client.download_package if as_folder else client.download
        fetch(file, folder, progress=show)


@contextmanager
def _draft(job: Job, out: Path | None) -> Iterator[results.Draft]:
    """A folder that the same command finds again, one at a time.

    Raises:
        ResultError: the result folder holds something already, or the draft cannot be made.
    """
    if not _ID.fullmatch(job.id):
        raise ServiceError(f"jobs: expected an id, found {job.id!r:.80}")
    asked = out or results.default_folder(job.name)
    folder = asked.resolve()
    if out:
        results.check_free(folder)
    hidden = f".{folder.name}-{job.id}" if out else f".{job.id}"
    path, lock = (folder.with_name(f"{hidden}.{suffix}") for suffix in ("partial", "lock"))
    held = Lock(lock)
    try:
        with disk_errors(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            is_first = held.take()
        if not is_first:
            print(f"waiting for another download of {job.id}", file=sys.stderr, flush=True)
        with disk_errors(folder):
            while not (held.is_held or held.take()):
                time.sleep(POLL_S)
            if out:
                results.check_free(folder)
            if path.is_symlink():
                raise ResultError(f"{path}: expected a folder of an earlier download, found a link")
            path.mkdir(exist_ok=True)
        yield results.Draft(path=path, asked=asked, folder=folder, exact=out is not None)
    finally:
        if held.is_held:
            with suppress(OSError):  # something has come, to be gone on with
                path.rmdir()
        held.release()


def _leave_only(folder: Path, names: set[str]) -> None:
    """Remove what an earlier command fetched or began, and this one was not asked for."""
    for path in folder.iterdir():
        if path.name not in names:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def _name(file: Artifact, as_folder: bool) -> str:
    return file.package.name if as_folder and file.package is not None else file.name


def _row(file: Artifact, as_folder: bool) -> dict[str, Any]:
    if not as_folder or file.package is None:
        return {"name": file.name, "size_bytes": file.size_bytes, "sha256": file.sha256}
    files = [vars(inner) for inner in file.package.files]
    return {"name": file.package.name, "size_bytes": file.package.size_bytes, "files": files}


def _say_how_to_go_on(job_id: str, names: Sequence[str], out: Path | None, server: str | None) -> None:
    command = ["quickml", "download", job_id]
    for name in names:
        command += ["--file", name]
    if out is not None:
        command += ["--out", str(out)]
    if server is not None and "token=" not in server:
        command += ["--server", server]
    print(f"\nstopped: `{shlex.join(command)}` goes on from here", file=sys.stderr)
