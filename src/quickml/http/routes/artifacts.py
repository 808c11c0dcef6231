"""Finished files: what a job has, and the bytes."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from quickml.api.messages import Manifest, artifact_messages
from quickml.http.auth import Owner
from quickml.http.files.response import deliver
from quickml.http.files.streaming import in_thread
from quickml.http.openapi import PROBLEM
from quickml.http.routes.links import Fetcher
from quickml.http.state import TheService
from quickml.service import Service

router = APIRouter()

FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "The file"},
    206: {"description": "Parts of it; several as `multipart/byteranges`"},
    304: {"description": "The client has it"},
    412: {**PROBLEM, "description": "A condition that does not hold"},
    416: {**PROBLEM, "description": "None of the ranges is there; `Content-Range` has the size"},
}


@router.get("/v1/jobs/{job_id}/artifacts", response_model=Manifest)
def list_artifacts(service: TheService, owner: Owner, job_id: str) -> Manifest:
    """The files of a job; none before it is ready."""
    return Manifest(artifacts=artifact_messages(service.artifacts(job_id, owner)))


# The inner one comes first and answers both, so that `Allow` names both; the outer one is for the document.
@router.get("/v1/artifacts/{sha256}/{filename:path}", response_class=Response, responses=FILE)
@router.api_route("/v1/artifacts/{sha256}/{filename:path}", methods=["GET", "HEAD"], include_in_schema=False)
async def get_artifact(
    service: TheService, fetcher: Fetcher, sha256: str, filename: str, request: Request
) -> Response:
    """A file by its content and name, or parts of it: conditions and ranges are those of RFC 9110."""
    return await in_thread(_answer, service, fetcher, sha256, filename, request)


def _answer(service: Service, fetcher: str, sha256: str, filename: str, request: Request) -> Response:
    artifact, path = service.file(sha256, filename, fetcher)
    return deliver(request, fetcher, artifact, path)
