"""The five routes of the SculptML app of 2018, on top of jobs.

A model is named by `model_name`; if several jobs have the name, the newest counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException

from quickml.api import routes
from quickml.api.sculptml import SculptmlModel, SculptmlModels, SculptmlProgress, SculptmlStatus
from quickml.document import restore
from quickml.document.names import as_name
from quickml.errors import DocumentError, QuickMLError
from quickml.events import TERMINAL, EpochEnded, Status
from quickml.http import problems
from quickml.http.answers import event_of
from quickml.http.auth import Owner
from quickml.http.files.response import REVALIDATED, respond
from quickml.http.openapi import DOCUMENT, FILE
from quickml.http.server.bodies import RawBody
from quickml.http.state import TheService, TheState, read_files
from quickml.service import Job, Service

router = APIRouter()

ModelName = Annotated[str, Query(description="Name of the model.")]
MOST = 200
"""Number of jobs that `get-all` considers."""
TAIL = 16
"""Number of last events of a ready job that include its last `epoch`; others follow it, such as `batches`."""


@router.post(
    routes.MAKE_MODEL,
    response_class=PlainTextResponse,
    response_description="A message",
    openapi_extra=DOCUMENT,
)
async def make_model(state: TheState, owner: Owner, body: RawBody) -> Response:
    """Submit a model. The body is read as JSON whatever its Content-Type."""
    await read_files(state, owner, body)
    try:
        job = await state.checks.run(owner, state.service.submit, body, owner)
    except DocumentError as error:
        detail = str(error)
        return problems.response(
            400, "document", "Invalid document", detail, problems=error.problems, more=error.more
        )
    return PlainTextResponse(f"{job.name} is being made")


@router.get(routes.CHECK_MODEL, response_description="The status of the model")
def check_model(service: TheService, owner: Owner, model_name: ModelName) -> SculptmlStatus:
    """Get the status of a model."""
    job = _newest(service, owner, model_name)
    return SculptmlStatus(
        ready=1 if job.status is Status.READY else 0,
        progress=job.progress,
        progress_info=SculptmlProgress(
            loss=_metric(job.metrics, "loss"),
            acc=_metric(job.metrics, "accuracy"),
            epoch=job.epoch,
            total_epochs=job.epochs,
        ),
    )


@router.get(
    routes.GET_MODEL,
    response_class=Response,
    responses={200: {"content": FILE, "description": "The .mlmodel file"}},
)
def get_model(service: TheService, owner: Owner, model_name: ModelName, request: Request) -> Response:
    """Download the `.mlmodel` file of a model."""
    job = _newest(service, owner, model_name)
    for artifact in service.artifacts(job.id, owner):
        if artifact.kind == "mlmodel":
            _, stored = service.file(artifact.sha256, artifact.name, owner)
            return respond(request, owner, artifact, stored, name=f"{job.name}.mlmodel", cache=REVALIDATED)
    raise HTTPException(
        404, f"model_name: expected a model with a file, found {model_name[:64]!r} without one"
    )


@router.get(routes.GET_ALL, response_description="Models")
def get_all(service: TheService, owner: Owner) -> SculptmlModels:
    """List the models that can be downloaded, newest first."""
    newest: dict[str, Job] = {}
    for job in service.jobs(owner, statuses=(Status.READY,), limit=MOST):
        newest.setdefault(job.name, job)
    rows = {f"model_{place}": _row(service, job) for place, job in enumerate(newest.values())}
    return SculptmlModels(num_models=len(rows), **rows)


@router.get(routes.STOP_MODEL, response_class=PlainTextResponse, response_description="A message")
def stop_model(service: TheService, owner: Owner, model_name: ModelName) -> PlainTextResponse:
    """Stop training early, keep the weights, and export the model."""
    job = _newest(service, owner, model_name)
    if job.status in TERMINAL:
        raise HTTPException(
            404, f"model_name: expected a model in training, found {model_name[:64]!r} finished"
        )
    service.stop(job.id, owner)
    return PlainTextResponse(f"{job.name} is being stopped")


def _newest(service: Service, owner: str, model_name: str) -> Job:
    job = service.newest(as_name(model_name), owner)
    if job is None:
        raise HTTPException(404, f"model_name: expected a model, found {model_name[:64]!r}")
    return job


def _row(service: Service, job: Job) -> SculptmlModel:
    sizes = [file.size_bytes for file in service.artifacts(job.id, job.owner) if file.kind == "mlmodel"]
    return SculptmlModel(
        name=job.name,
        dataset=_dataset(job),
        size=sizes[0] if sizes else 0,
        train_acc=_train_accuracy(service, job),
        test_acc=_metric(job.metrics, "accuracy"),
    )


def _dataset(job: Job) -> str:
    """The name of the dataset; empty if only another release can read the job's plan or document."""
    with suppress(QuickMLError):
        return restore(job.plan, job.document).info.name
    return ""


def _train_accuracy(service: Service, job: Job) -> float:
    tail = service.events(job.id, job.owner, after=max(job.last_event - TAIL, 0))
    epochs = [told for event in tail if isinstance(told := event_of(event), EpochEnded)]
    return _metric(epochs[-1].metrics, "accuracy") if epochs else 0.0


def _metric(metrics: Mapping[str, float], name: str) -> float:
    """A metric, or 0: the app does not understand null."""
    value = metrics.get(name)
    return value if value is not None and abs(value) < float("inf") else 0.0
