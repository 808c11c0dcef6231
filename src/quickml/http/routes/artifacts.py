"""Finished files: what a job has, and the bytes."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from quickml.api.messages import Manifest, PartsMessage, artifact_messages
from quickml.http.auth import Owner
from quickml.http.files.response import respond
from quickml.http.files.streaming import in_thread
from quickml.http.openapi import PROBLEM
from quickml.http.routes.links import Fetcher
from quickml.http.state import TheService
from quickml.service import Service

router = APIRouter()

_checksum_threads = ThreadPoolExecutor(2, thread_name_prefix="checksums")
"""For look-ups of checksums. Those of files that an older release stored are made once, which takes time."""

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
    artifact, stored = service.file(sha256, filename, fetcher)
    return respond(request, fetcher, artifact, stored)


@router.get("/v1/artifacts/{sha256}", response_model=PartsMessage)
async def get_parts(service: TheService, owner: Fetcher, sha256: str) -> PartsMessage:
    """The sha256 of each part of a file, made when it was stored: for clients that repair a download."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(_checksum_threads, service.checksums, sha256, owner)
    return PartsMessage.model_validate(vars(found))
