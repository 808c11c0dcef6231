"""SculptML's five routes, as its app of 2018 knows them: models by name, on top of the same jobs.

A name that was used before means its newest job. Stopping keeps and compiles what was learned.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.exceptions import HTTPException

from quickml.document import understand
from quickml.document.sculptml import name_of
from quickml.errors import DocumentError
from quickml.events import TERMINAL, EpochEnded, Status, from_json
from quickml.http import problems
from quickml.http.auth import Owner
from quickml.http.files.response import REVALIDATED, respond
from quickml.http.server.bodies import RawBody
from quickml.http.state import TheService
from quickml.service import Job, Service

router = APIRouter()

ModelName = Annotated[str, Query(description="As in the document.")]
BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
}
MOST = 200
"""Jobs that `get-all` looks through."""
TAIL = 8
"""The last `epoch` is among so many events of a ready job: `trained`, `compiled`, `verified` follow it."""


@router.post("/make-model", response_class=PlainTextResponse, openapi_extra=BODY)
def make_model(service: TheService, owner: Owner, body: RawBody) -> Response:
    """Queue a model. The body is taken for JSON whatever it calls itself."""
    try:
        job = service.submit(body, owner)
    except DocumentError as error:
        detail = str(error)
        return problems.response(400, "document", "The model cannot be made", detail, problems=error.problems)
    return PlainTextResponse(f"{job.name} is being made")


@router.get("/check-model")
def check_model(service: TheService, owner: Owner, model_name: ModelName) -> JSONResponse:
    """How far a model is; ready when its file can be fetched."""
    job = _newest(service, owner, model_name)
    return JSONResponse(
        {
            "ready": int(job.status is Status.READY),
            "model_path": None,
            "progress": job.progress,
            "progress_info": {
                "loss": _metric(job.metrics, "loss"),
                "acc": _metric(job.metrics, "accuracy"),
                "epoch": job.epoch,
                "total_epochs": job.epochs,
            },
        }
    )


@router.get(
    "/get-model",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "The .mlmodel file"}},
)
def get_model(service: TheService, owner: Owner, model_name: ModelName, request: Request) -> Response:
    """The model's `.mlmodel` file."""
    job = _newest(service, owner, model_name)
    for artifact in service.artifacts(job.id, owner):
        if artifact.kind == "mlmodel":
            _, stored = service.file(artifact.sha256, artifact.name, owner)
            return respond(request, owner, artifact, stored, name=f"{job.name}.mlmodel", cache=REVALIDATED)
    raise HTTPException(404, f"{model_name[:64]!r}: its file is not there, or not yet")


@router.get("/get-all")
def get_all(service: TheService, owner: Owner) -> JSONResponse:
    """All models that are ready, the newest first."""
    newest: dict[str, Job] = {}
    for job in service.jobs(owner, statuses=(Status.READY,), limit=MOST):
        newest.setdefault(job.name, job)
    rows = {f"model_{place}": _row(service, job) for place, job in enumerate(newest.values())}
    return JSONResponse({"num_models": len(rows), **rows})


@router.get("/stop-model", response_class=PlainTextResponse)
def stop_model(service: TheService, owner: Owner, model_name: ModelName) -> PlainTextResponse:
    """Stop training, and keep and compile what was learned."""
    job = _newest(service, owner, model_name)
    if job.status in TERMINAL:
        raise HTTPException(404, f"{model_name[:64]!r}: it is not being made")
    service.stop(job.id, owner)
    return PlainTextResponse(f"{job.name} is being stopped")


def _newest(service: Service, owner: str, model_name: str) -> Job:
    job = service.newest(name_of(model_name), owner)
    if job is None:
        raise HTTPException(404, f"{model_name[:64]!r}: there is no such model")
    return job


def _row(service: Service, job: Job) -> dict[str, Any]:
    sizes = [file.size_bytes for file in service.artifacts(job.id, job.owner) if file.kind == "mlmodel"]
    return {
        "name": job.name,
        "dataset": understand(json.loads(job.document)).info.name,
        "size": sizes[0] if sizes else 0,
        "train_acc": _train_accuracy(service, job),
        "test_acc": _metric(job.metrics, "accuracy"),
    }


def _train_accuracy(service: Service, job: Job) -> float:
    tail = service.events(job.id, job.owner, after=max(job.last_event - TAIL, 0))
    epochs = [told for event in tail if isinstance(told := from_json(event.body), EpochEnded)]
    return _metric(epochs[-1].metrics, "accuracy") if epochs else 0.0


def _metric(metrics: Any, name: str) -> float:
    """A number in any case: the app knows nothing of null."""
    value = metrics.get(name)
    return value if value is not None and abs(value) < float("inf") else 0.0
