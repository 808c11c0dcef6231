"""`quickml stop`."""

from __future__ import annotations

from quickml.cli.display.output import say, say_json
from quickml.client import Client, Job
from quickml.events import Status


def stop_job(job_id: str, *, server: str | None, as_json: bool) -> None:
    """Stop the training of a job early.

    Raises:
        ServiceError: there is no such job, or the server cannot be reached.
    """
    with Client(server) as client:
        job = client.stop(job_id)
    say_json(job.model_dump_json(exclude={"links"})) if as_json else say(_sentence(job))


def _sentence(job: Job) -> str:
    if job.status is Status.CANCELLED:
        return f"{job.id} is cancelled: its training had not started"
    if job.is_finished:
        return f"{job.id} is already {job.status}"
    return f"{job.id} is stopping: the model trained so far will be exported and verified"
