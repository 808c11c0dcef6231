"""`quickml jobs`: the jobs of the server on this machine, whether it runs or not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from quickml import composition
from quickml.cli.display.output import note, say, say_json
from quickml.service import Job, Lifetimes
from quickml.settings import Settings

MAX_JOBS = 1000
"""How many are listed."""


def list_jobs(settings: Settings, *, owner: str | None, as_json: bool) -> None:
    """Print jobs, the newest first, of all owners or of one."""
    store, retention = composition.jobs(settings)
    found = store.jobs(owner=owner, limit=MAX_JOBS)
    kept = {
        one: retention.of([job for job in found if job.owner == one]) for one in {job.owner for job in found}
    }
    if not found:
        note(f"no jobs{f' of {owner}' if owner else ''} in {settings.storage.place}")
    for job in found:
        row = dict(_row(job, kept.get(job.owner, Lifetimes())))
        if as_json:
            say_json(row)
        else:
            error = f"  {row['error'].splitlines()[0]}" if row["error"] else ""
            line = f"{row['id']}  {row['created_at']}  {row['status']:10} {row['progress']:4.0%}"
            say(f"{line}  {row['owner']}  {row['name']}{error}{_told(row)}")


def _told(row: Mapping[str, Any]) -> str:
    """When the job or its files are deleted, or were."""
    if row["files_deleted_at"]:
        return f"  files deleted on {row['files_deleted_at']}"
    if row["delete_files_at"] and row["status"] == "ready":
        return f"  files will be deleted on {row['delete_files_at']}"
    return f"  will be deleted on {row['delete_at']}" if row["delete_at"] else ""


def _row(job: Job, kept: Lifetimes) -> Iterator[tuple[str, Any]]:
    yield from ((name, getattr(job, name)) for name in ("id", "owner", "name", "progress", "epoch", "epochs"))
    yield "status", job.status.value
    yield "created_at", job.created_at.isoformat(timespec="seconds")
    yield "metrics", {name: value if math.isfinite(value) else None for name, value in job.metrics.items()}
    yield "error", job.error
    times = {
        "delete_at": kept.delete_at(job),
        "delete_files_at": kept.delete_files_at(job),
        "files_deleted_at": job.files_deleted_at,
    }
    for name, time in times.items():
        yield name, None if time is None else time.isoformat(timespec="seconds")
