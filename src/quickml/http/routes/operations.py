"""For whoever runs the server: is it alive, is it ready, what does it do."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from quickml._version import __version__
from quickml.http.auth import Owner
from quickml.http.state import TheService, TheState
from quickml.service import Health

router = APIRouter()


@router.get("/")
async def index() -> dict[str, Any]:
    """What this is, and where to go on."""
    links = {"openapi": "/v1/openapi.json", "jobs": "/v1/jobs", "datasets": "/v1/datasets"}
    return {"name": "QuickML", "version": __version__, "links": links}


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """That the process answers, and nothing else."""
    return {"status": "alive"}


@router.get("/readyz", responses={503: {"description": "Not ready; the same shape"}})
def readyz(service: TheService) -> JSONResponse:
    """Whether jobs are taken and worked on: database, disk, workers. 503 where not.

    Workers that still load their libraries count as well: a job waits for them in the queue.
    """
    health = service.health()
    return JSONResponse(_report(health), 200 if health.is_ready else 503)


def _report(health: Health) -> dict[str, Any]:
    """Without reasons, which may name places on this machine: the log has them."""
    return {
        "ready": health.is_ready,
        "database": "unusable" if health.database else "usable",
        "disk": {"free_bytes": health.free_bytes, "needed_bytes": health.needed_bytes},
        "workers": {
            "trouble": bool(health.trouble),
            **{state.value: count for state, count in sorted(health.workers.items())},
        },
        "queued": health.queued,
    }


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Figures"}},
)
async def metrics(state: TheState, _: Owner) -> Response:
    """Figures for Prometheus."""
    text = await run_in_threadpool(state.metrics.text)
    return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)
