"""Jobs: submit, list, stop, cancel, delete."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from pydantic import Field
from starlette.exceptions import HTTPException

from quickml.api import routes
from quickml.api.jobs import JobDetails, JobMessage, JobPage
from quickml.events import Status
from quickml.http.answers import job_details, job_message
from quickml.http.auth import Owner
from quickml.http.openapi import DOCUMENT
from quickml.http.parameters import Cursor, JobId, Limit
from quickml.http.server.bodies import JsonBody
from quickml.http.state import TheService, TheState, read_files
from quickml.service import Job, Service

router = APIRouter()

_KEY = re.compile(r"[!-~]{1,255}")

IdempotencyKey = Annotated[
    str | None, Header(description="Makes retries safe: the same key returns the first job.")
]
Statuses = Annotated[
    Annotated[list[Status], Field(fail_fast=True)] | None,
    Query(description="Return jobs with these statuses only."),
]


@router.post(
    routes.JOBS, status_code=202, response_description="The job, which is queued", openapi_extra=DOCUMENT
)
async def create_job(
    state: TheState, owner: Owner, body: JsonBody, response: Response, idempotency_key: IdempotencyKey = None
) -> JobMessage:
    """Submit a document. The job is stored when the response is sent."""
    if idempotency_key is not None and not _KEY.fullmatch(idempotency_key):
        found = repr(idempotency_key)[:80]
        raise HTTPException(
            400, f"Idempotency-Key: expected 1 to 255 visible ASCII characters, found {found}"
        )
    await read_files(state, owner, body)
    job = await state.checks.run(owner, state.service.submit, body, owner, idempotency_key)
    response.headers["Location"] = routes.address(routes.JOB, job_id=job.id)
    return _message(state.service, job)


@router.get(routes.JOBS, response_description="A page of jobs")
def list_jobs(
    service: TheService, owner: Owner, status: Statuses = None, limit: Limit = 50, cursor: Cursor = None
) -> JobPage:
    """List the caller's jobs, newest first."""
    found = service.jobs(owner, statuses=status or (), limit=limit + 1, before=cursor)
    page = found[:limit]
    last = page[-1].id if len(found) > limit else None
    kept = service.retention.of(page)
    messages = tuple(job_message(job, kept) for job in page)
    return JobPage(jobs=messages, next=last)


@router.get(routes.JOB, response_description="The job")
def get_job(service: TheService, owner: Owner, job_id: JobId) -> JobDetails:
    """Get a job with its status, progress, metrics, document and files."""
    job, artifacts = service.details(job_id, owner)
    return job_details(
        job, service.retention.of([job]), artifacts, ahead=service.ahead(job), lacks=service.lack(job)
    )


@router.post(routes.JOB_STOP, status_code=202, response_description="The job, which is asked to stop")
def stop_job(service: TheService, owner: Owner, job_id: JobId) -> JobMessage:
    """Stop training early, keep the weights, and export the model. A finished job does not change."""
    return _message(service, service.stop(job_id, owner))


@router.post(routes.JOB_CANCEL, response_description="The job, which is cancelled or was finished")
def cancel_job(service: TheService, owner: Owner, job_id: JobId) -> JobMessage:
    """Cancel a job and discard its training. A finished job does not change."""
    return _message(service, service.cancel(job_id, owner))


@router.delete(routes.JOB, status_code=204, response_description="The job is deleted")
def delete_job(service: TheService, owner: Owner, job_id: JobId) -> None:
    """Delete a job with its events and files. A job that is not finished is cancelled first."""
    service.delete(job_id, owner)


def _message(service: Service, job: Job) -> JobMessage:
    return job_message(job, service.retention.of([job]))
