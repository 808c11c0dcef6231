"""Finished files: what a job has, and the bytes."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from quickml.api import routes
from quickml.api.artifacts import Manifest, PartsMessage
from quickml.api.interface import InterfaceMessage
from quickml.errors import JobFileError
from quickml.http import openapi
from quickml.http.answers import artifact_messages, interface_message
from quickml.http.auth import Owner
from quickml.http.files.response import REVALIDATED, respond
from quickml.http.files.streaming import in_thread
from quickml.http.openapi import PROBLEM
from quickml.http.parameters import FileQuery, JobId, Sha256Path
from quickml.http.routes.links import Fetcher
from quickml.http.state import TheService, TheState
from quickml.service import ANSWERS, Service

router = APIRouter()

_checksum_threads = ThreadPoolExecutor(2, thread_name_prefix="checksums")
"""For look-ups of checksums. Those of files that an older release stored are made once, which takes time."""

FileName = Annotated[str, Path(description="Name of the file, with `/` between folders of a package.")]
FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": openapi.FILE, "description": "The file"},
    206: {"content": openapi.FILE, "description": "Ranges of the file; several as `multipart/byteranges`"},
    304: {"description": "Not modified"},
    307: {"description": "For a signed link: the file can be fetched from the storage itself"},
    412: {**PROBLEM, "description": "A precondition failed"},
    416: {**PROBLEM, "description": "Range not satisfiable; `Content-Range` has the size"},
}


@router.get(routes.JOB_ARTIFACTS, response_description="Files of the job")
def list_artifacts(service: TheService, owner: Owner, job_id: JobId) -> Manifest:
    """List the files of a job; the list is empty until the job is ready."""
    return Manifest(artifacts=artifact_messages(service.artifacts(job_id, owner)))


@router.get(routes.JOB_INTERFACE, response_description="The interface")
async def get_interface(
    state: TheState, owner: Owner, job_id: JobId, file: FileQuery = None
) -> InterfaceMessage:
    """Get what a Core ML file of a ready job says about itself: inputs, outputs, labels and minimum iOS."""
    found = await state.checks.run(owner, state.service.inference.describe, job_id, owner, file)
    return interface_message(*found)


@router.get(routes.JOB_ANSWERS, response_class=Response, responses=FILE)
async def get_answers(service: TheService, owner: Owner, job_id: JobId, request: Request) -> Response:
    """Download `answers.bin`: what the trained model answers to every test sample, with probabilities."""
    return await in_thread(_answers, service, owner, job_id, request)


def _answers(service: Service, owner: str, job_id: str, request: Request) -> Response:
    service.with_files(job_id, owner)
    for artifact in service.artifacts(job_id, owner):
        if artifact.kind == ANSWERS:
            _, stored = service.file(artifact.sha256, artifact.name, owner)
            return respond(request, owner, artifact, stored, cache=REVALIDATED)
    raise JobFileError(job_id=job_id, name="answers")


# The inner one comes first and answers both, so that `Allow` names both; the outer one is for the document.
@router.get(routes.FILE, response_class=Response, responses=FILE)
@router.api_route(routes.FILE, methods=["GET", "HEAD"], include_in_schema=False)
async def get_artifact(
    service: TheService, fetcher: Fetcher, sha256: Sha256Path, filename: FileName, request: Request
) -> Response:
    """Download a file, or ranges of it, by its SHA-256 and name. Preconditions and ranges follow RFC 9110."""
    return await in_thread(_answer, service, fetcher, sha256, filename, request)


def _answer(service: Service, fetcher: str, sha256: str, filename: str, request: Request) -> Response:
    artifact, stored = service.file(sha256, filename, fetcher)
    return respond(request, fetcher, artifact, stored)


@router.get(routes.PARTS, response_description="Checksums")
async def get_parts(service: TheService, owner: Fetcher, sha256: Sha256Path) -> PartsMessage:
    """Get the SHA-256 of each part of a file. Clients use it to repair damaged downloads."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(_checksum_threads, service.checksums, sha256, owner)
    return PartsMessage.model_validate(vars(found))
