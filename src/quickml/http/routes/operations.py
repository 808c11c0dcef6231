"""For operators: liveness, readiness, metrics."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from pydantic_core import to_json

from quickml.api import routes
from quickml.api.operations import Liveness, Readiness
from quickml.http.answers import readiness
from quickml.http.auth import Owner
from quickml.http.state import TheService, TheState

router = APIRouter()


@router.get(routes.OPENAPI, include_in_schema=False)
async def openapi(request: Request, state: TheState) -> Response:
    """Get the OpenAPI document."""
    content = await state.checks.run("", lambda: to_json(request.app.openapi()))
    return Response(content, media_type="application/json")


@router.get(routes.HEALTH, response_description="The process is alive")
async def healthz() -> Liveness:
    """Check liveness: answers as long as the process runs."""
    return Liveness()


@router.get(
    routes.READINESS,
    response_description="Ready",
    responses={503: {"model": Readiness, "description": "Not ready"}},
)
def readyz(service: TheService, response: Response) -> Readiness:
    """Check readiness: database, disk space and workers.

    Workers that are still starting count as ready, since jobs wait for them in the queue. So does a server
    without workers of its own, whose `seats` are those of others.
    """
    health = service.health()
    response.status_code = 200 if health.is_ready else 503
    return readiness(health)


@router.get(
    routes.METRICS,
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Metrics"}},
)
async def metrics(state: TheState, _: Owner) -> Response:
    """Get metrics in the Prometheus text format."""
    text = await run_in_threadpool(state.metrics.text)
    return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)
