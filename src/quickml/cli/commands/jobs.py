"""`quickml jobs`: the jobs of the server on this machine, whether it runs or not."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from quickml import composition
from quickml.cli.display.output import note, say, say_json
from quickml.settings import Settings

MAX_JOBS = 1000
"""How many are listed."""


def list_jobs(settings: Settings, *, owner: str | None, as_json: bool) -> None:
    """Print jobs, the newest first, of all owners or of one."""
    found = composition.jobs(settings).jobs(owner=owner, limit=MAX_JOBS)
    if not found:
        note(f"no jobs{f' of {owner}' if owner else ''} in {settings.storage.place}")
    for job in found:
        row = dict(_row(job))
        if as_json:
            say_json(row)
        else:
            error = f"  {row['error'].splitlines()[0]}" if row["error"] else ""
            line = f"{row['id']}  {row['created_at']}  {row['status']:10} {row['progress']:4.0%}"
            say(f"{line}  {row['owner']}  {row['name']}{error}")


def _row(job: Any) -> Iterator[tuple[str, Any]]:
    yield from ((name, getattr(job, name)) for name in ("id", "owner", "name", "progress", "epoch", "epochs"))
    yield "status", job.status.value
    yield "created_at", job.created_at.isoformat(timespec="seconds")
    yield "metrics", {name: value if math.isfinite(value) else None for name, value in job.metrics.items()}
    yield "error", job.error
