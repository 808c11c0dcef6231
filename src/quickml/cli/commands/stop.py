"""`quickml stop`."""

from __future__ import annotations

from quickml.client import Client
from quickml.client.records import Job, to_json
from quickml.events import Status


def stop_job(job_id: str, *, server: str | None, as_json: bool) -> None:
    """Ask a job to finish with what was learned so far.

    Raises:
        ServiceError: there is no such job, or the server does not answer.
    """
    with Client(server) as client:
        job = client.stop(job_id)
    print(to_json(job) if as_json else _sentence(job))


def _sentence(job: Job) -> str:
    if job.status is Status.CANCELLED:
        return f"{job.id} is cancelled: nothing was learned yet"
    if job.is_finished:
        return f"{job.id} is {job.status} already"
    return f"{job.id} stops: what was learned is kept, compiled and verified"
