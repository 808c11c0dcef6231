"""`quickml download`."""

from __future__ import annotations

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
from quickml.cli.display.formatting import size
from quickml.cli.display.outages import Outages
from quickml.cli.display.output import note, say, say_json
from quickml.cli.display.transfer import Transfer, transfer_on
from quickml.client import Artifact, Client, Job, Progress
from quickml.client.download.disk import POLL_S, disk_errors
from quickml.errors import FilesDeletedError, InputError, JobStateError, ResultError, ServiceError
from quickml.files.lock import Lock

_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


VARIANT = "variant"
"""The kind of a file with other weights than the delivered one. They are stored in a folder of their own."""


def download_job(
    job_id: str,
    *,
    names: Sequence[str],
    variants: bool = False,
    out: Path | None,
    server: str | None,
    as_json: bool,
) -> None:
    """Download files of a job into a folder, which appears once all of them are complete and verified.

    Without names, these are all files, variants only if wanted. After a failure, the same command resumes.

    Raises:
        JobStateError: the job is not ready.
        FilesDeletedError: its files are deleted.
        InputError: it has no such file.
        ServiceError: there is no such job, or the server refuses or cannot be reached.
        ResultError: the folder is not empty, or cannot be written.
    """
    outages = Outages()
    try:
        with Client(server, patience_s=PATIENCE_S, on_retry=outages) as client:
            job = client.job(job_id)
            if job.status != "ready":
                raise JobStateError(job_id=job.id, status=job.status, expected="ready")
            chosen = _chosen(_offered(client, job, names), names, variants=variants)
            with _draft(job, out) as draft, transfer_on(sys.stderr, as_json=as_json) as transfer:
                _fetch(client, chosen, draft.path, transfer, outages)
                with disk_errors(draft.folder):
                    _remove_others(draft.path, {_path(file, as_folder) for file, as_folder in chosen})
                    published = draft.publish()
    except KeyboardInterrupt:
        _print_how_to_resume(job_id, names, out, server, variants=variants)
        sys.exit(130)
    rows = [_row(file, as_folder) for file, as_folder in chosen]
    if as_json:
        say_json({"job": job.id, "folder": str(published), "files": rows})
        return
    for row in rows:
        say(f"{row['name']:<24} {size(row['size_bytes']):>10}")
    say(str(published))


def _offered(client: Client, job: Job, names: Sequence[str]) -> Sequence[Artifact]:
    """The job's files. Raises FilesDeletedError if those that are wanted are deleted."""
    found = client.artifacts(job.id)
    if job.files_deleted_at is not None and not {file.name for file in found}.issuperset(names or [""]):
        raise FilesDeletedError(job_id=job.id, deleted_at=job.files_deleted_at)
    return found


def _chosen(
    files: Sequence[Artifact], names: Sequence[str], *, variants: bool
) -> list[tuple[Artifact, bool]]:
    """The named artifacts, and whether to download each as a folder. By default all, packages as folders;
    variants only if wanted."""
    offered = {file.package.name: (file, True) for file in files if file.package is not None}
    offered |= {file.name: (file, False) for file in files}
    if unknown := [name for name in names if name not in offered]:
        raise InputError(f"--file: expected one of {', '.join(offered)}; found {unknown[0]!r:.80}")
    if names:
        return [offered[name] for name in dict.fromkeys(names)]
    wanted = [file for file in files if variants or file.kind != VARIANT]
    return [(file, file.package is not None) for file in wanted]


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
        fetch(file, folder / _path(file, as_folder).parent, progress=show)


@contextmanager
def _draft(job: Job, out: Path | None) -> Iterator[results.Draft]:
    """A hidden folder with a fixed name, so that the same command can resume; locked against concurrent ones.

    Raises:
        ResultError: the result folder is not empty, or the hidden one cannot be created.
    """
    if not _ID.fullmatch(job.id):
        raise ServiceError(f"jobs: expected a job id, found {job.id!r:.80}")
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
            note(f"waiting for another download of {job.id}")
        with disk_errors(folder):
            while not (held.is_held or held.take()):
                time.sleep(POLL_S)
            if out:
                results.check_free(folder)
            if path.is_symlink():
                raise ResultError(f"{path}: expected a folder, found a symbolic link; remove it")
            path.mkdir(exist_ok=True)
        yield results.Draft(path=path, asked=asked, folder=folder, exact=out is not None)
    finally:
        if held.is_held:
            with suppress(OSError):  # not empty: something to resume from
                path.rmdir()
        held.release()


def _remove_others(folder: Path, kept: set[Path]) -> None:
    """Remove what an earlier command with other options has left."""
    inside = {Path(*path.parts[1:]) for path in kept if path.parts[0] == results.VARIANTS}
    for path in folder.iterdir():
        is_folder = path.is_dir() and not path.is_symlink()
        if path.name == results.VARIANTS and is_folder and inside:
            _remove_others(path, inside)
        elif Path(path.name) not in kept:
            if is_folder:
                shutil.rmtree(path)
            else:
                path.unlink()


def _path(file: Artifact, as_folder: bool) -> Path:
    """Where a file goes in the folder, as in that of `quickml run`."""
    name = file.package.name if as_folder and file.package is not None else file.name
    return Path(results.VARIANTS, name) if file.kind == VARIANT else Path(name)


def _row(file: Artifact, as_folder: bool) -> dict[str, Any]:
    name = _path(file, as_folder).as_posix()
    if not as_folder or file.package is None:
        return {"name": name, "size_bytes": file.size_bytes, "sha256": file.sha256}
    files = [inner.model_dump(include={"path", "size_bytes", "sha256"}) for inner in file.package.files]
    return {"name": name, "size_bytes": file.package.size_bytes, "files": files}


def _print_how_to_resume(
    job_id: str, names: Sequence[str], out: Path | None, server: str | None, *, variants: bool
) -> None:
    command = ["quickml", "download", job_id]
    for name in names:
        command += ["--file", name]
    if variants:
        command.append("--variants")
    if out is not None:
        command += ["--out", str(out)]
    if server is not None and "token=" not in server:
        command += ["--server", server]
    note("", f"stopped; resume with `{shlex.join(command)}`")
