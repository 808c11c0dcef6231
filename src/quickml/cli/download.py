"""`quickml download`."""

from __future__ import annotations

import json
from pathlib import Path

from quickml import results
from quickml.cli.words import printable, size
from quickml.client import Client
from quickml.errors import JobStateError


def download_job(job_id: str, *, out: Path | None, server: str | None, as_json: bool) -> None:
    """Fetch all files of a job into a folder, which appears when the last of them is here and right.

    Raises:
        JobStateError: the job is not ready.
        ServiceError: there is no such job, the server does not answer, or sends something else.
        ResultError: the folder holds something already, or cannot be written.
    """
    with Client(server) as client:
        job = client.job(job_id)
        if job.status != "ready":
            raise JobStateError(job_id=job.id, status=job.status, expected="ready")
        with results.draft(out or results.default_folder(job.name), exact=out is not None) as draft:
            files = client.artifacts(job_id)
            for file in files:
                client.download(file, draft.path)
            place = draft.publish()
    if as_json:
        rows = [{"name": file.name, "size_bytes": file.size_bytes, "sha256": file.sha256} for file in files]
        print(json.dumps({"job": job.id, "folder": str(place), "files": rows}))
        return
    for file in files:
        print(f"{file.name:<24} {size(file.size_bytes):>10}")
    print(printable(str(place)))
