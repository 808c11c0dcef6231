"""`quickml jobs`: what a server on this machine has, running or not."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from quickml import composition
from quickml.settings import Settings

MOST = 1000


def list_jobs(settings: Settings, *, owner: str | None, as_json: bool) -> None:
    """Print jobs, the newest first; of this owner where one is named."""
    for job in composition.jobs(settings).jobs(owner=owner, limit=MOST):
        row = dict(_row(job))
        if as_json:
            print(json.dumps(row, ensure_ascii=False))
        else:
            error = f"  {row['error'].splitlines()[0]}" if row["error"] else ""
            print(
                f"{row['id']}  {row['created_at']}  {row['status']:10} {row['progress']:4.0%}"
                f"  {row['owner']}  {row['name']}{error}"
            )


def _row(job: Any) -> Iterator[tuple[str, Any]]:
    yield from ((name, getattr(job, name)) for name in ("id", "owner", "name", "progress", "epoch", "epochs"))
    yield "status", job.status.value
    yield "created_at", job.created_at.isoformat(timespec="seconds")
    yield "metrics", {name: value if math.isfinite(value) else None for name, value in job.metrics.items()}
    yield "error", job.error
