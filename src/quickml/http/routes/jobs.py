"""Jobs: submit, look, stop, cancel, remove. And a document looked through without a job."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from quickml.api.messages import (
    JobDetails,
    JobMessage,
    JobPage,
    Validation,
    artifact_messages,
    job_fields,
    job_message,
)
from quickml.document import Plan
from quickml.document.shapes import summary
from quickml.errors import DocumentError
from quickml.events import Status
from quickml.http.auth import Owner
from quickml.http.server.bodies import JsonBody
from quickml.http.state import TheService, TheState
from quickml.service import Job, Service

router = APIRouter()

SMALL_BYTES = 8 << 10
"""A document up to this is understood in the time that handing it to a thread would take."""
DOCUMENT = {"requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}}
"""In the OpenAPI document, where `openapi.py` puts the document's own schema in."""
_KEY = re.compile(r"[!-~]{1,255}")


@router.post("/v1/jobs", status_code=202, response_model=JobMessage, openapi_extra=DOCUMENT)
def create_job(
    service: TheService,
    owner: Owner,
    body: JsonBody,
    response: Response,
    idempotency_key: Annotated[str | None, Header(description="Names this job: once is enough.")] = None,
) -> JobMessage:
    """Queue a job. It is stored when this answers; the same `Idempotency-Key` gives the first job again."""
    if idempotency_key is not None and not _KEY.fullmatch(idempotency_key):
        raise HTTPException(400, "Idempotency-Key: expected 1 to 255 visible ASCII characters")
    job = service.submit(body, owner, idempotency_key)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return job_message(job)


@router.get("/v1/jobs", response_model=JobPage)
def list_jobs(
    service: TheService,
    owner: Owner,
    status: Annotated[list[Status] | None, Query(description="Of these statuses alone.")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="So many at most.")] = 50,
    cursor: Annotated[str | None, Query(description="The page behind: `next` of the one before.")] = None,
) -> JobPage:
    """The caller's jobs, newest first."""
    found = service.jobs(owner, statuses=status or (), limit=limit + 1, before=cursor)
    page = found[:limit]
    return JobPage(jobs=[job_message(job) for job in page], next=page[-1].id if len(found) > limit else None)


@router.get("/v1/jobs/{job_id}", response_model=JobDetails)
def get_job(service: TheService, owner: Owner, job_id: str) -> JobDetails:
    """One job: status, progress, metrics, what was asked for, and its files."""
    return _details(service, service.job(job_id, owner))


@router.post("/v1/jobs/{job_id}/stop", status_code=202, response_model=JobMessage)
def stop_job(service: TheService, owner: Owner, job_id: str) -> JobMessage:
    """Stop training, keep what was learned, compile it. Nothing changes for a finished job."""
    return job_message(service.stop(job_id, owner))


@router.post("/v1/jobs/{job_id}/cancel", response_model=JobMessage)
def cancel_job(service: TheService, owner: Owner, job_id: str) -> JobMessage:
    """Give a job up. Nothing changes for a finished one."""
    return job_message(service.cancel(job_id, owner))


@router.delete("/v1/jobs/{job_id}", status_code=204)
async def delete_job(state: TheState, owner: Owner, job_id: str) -> None:
    """Remove a job with its events and files; one that is not finished is given up first."""
    await run_in_threadpool(state.service.delete, job_id, owner)
    state.watchers.drop(job_id)


@router.post("/v1/validate", response_model=Validation, openapi_extra=DOCUMENT)
async def validate(service: TheService, _: Owner, body: JsonBody) -> JSONResponse:
    """What a document means: shapes, parameters, memory, warnings; or every problem. Nothing is trained."""
    # Here, and not in a thread: most documents take less than the way there and back.
    if len(body) <= SMALL_BYTES:
        return JSONResponse(_validated(service, body))
    return JSONResponse(await run_in_threadpool(_validated, service, body))


def _validated(service: Service, body: bytes) -> dict[str, Any]:
    try:
        plan = service.plan(body)
    except DocumentError as error:
        return {"valid": False, "problems": [vars(problem) for problem in error.problems], "warnings": []}
    return _meaning(plan)


def _meaning(plan: Plan) -> dict[str, Any]:
    return {
        "valid": True,
        "problems": [],
        "warnings": [vars(notice) for notice in plan.notices],
        **summary(plan.graph),
        "memory_bytes": plan.memory_bytes,
        "spec": plan.document.model_dump(mode="json", exclude_none=True),
    }


def _details(service: Service, job: Job) -> JobDetails:
    files = artifact_messages(service.artifacts(job.id, job.owner))
    return JobDetails(**job_fields(job), document=json.loads(job.document), artifacts=files)
