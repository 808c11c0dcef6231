"""Files of users: upload, list, delete."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from quickml.api import routes
from quickml.api.files import BegunUpload, FileRequest, UserFileDetails, UserFilePage
from quickml.http.auth import Owner
from quickml.http.openapi import request_body
from quickml.http.parameters import Cursor, Limit
from quickml.http.server.bodies import is_json, json_body, parse, wrong_type
from quickml.http.state import AppState, TheService, TheState
from quickml.http.uploads.creating import create
from quickml.http.uploads.messages import file_details, file_message, upload_message
from quickml.http.uploads.protocols import IetfProtocol, is_creation, offered, protocol_of
from quickml.service import NewUpload, checked_name

router = APIRouter()

FileSha256 = Annotated[str, Path(description="SHA-256 of the file, in hexadecimal.")]
Name = Annotated[str | None, Query(max_length=255, description="Return only the newest file with this name.")]
BEGUN: dict[int | str, dict[str, Any]] = {
    200: {"model": BegunUpload, "description": "The file, which you have uploaded before"},
    201: {"model": BegunUpload, "description": "The upload; `Location` is the path for its bytes"},
}


@router.post(
    routes.USER_FILES,
    status_code=201,
    responses=BEGUN,
    openapi_extra=request_body(FileRequest, or_bytes=True),
)
async def create_file(request: Request, state: TheState, owner: Owner) -> Response:
    """Begin to upload a file, or continue an upload of the same name, size and SHA-256.

    Send a description as JSON. Clients of the IETF's draft (with `Upload-Complete`) and of tus (with
    `Tus-Resumable`) create an upload as their protocol says, with or without the first bytes.
    """
    if is_creation(request.headers):
        return await create(request, state, owner, protocol_of(request.headers))
    if not is_json(request):
        expected = "application/json, or a header Upload-Complete beside the bytes of a file"
        raise wrong_type(request, expected)
    wanted = parse(FileRequest, await json_body(request, owner))
    new = NewUpload(name=checked_name(wanted.name), size_bytes=wanted.size_bytes, sha256=wanted.sha256)
    return await run_in_threadpool(_begin, state, owner, new, request)


def _begin(state: AppState, owner: str, new: NewUpload, request: Request) -> Response:
    uploads = state.service.uploads
    if (file := uploads.known(owner, new)) is not None:
        return _begun(BegunUpload(file=file_message(file)), 200)
    begun = uploads.begin(owner, new, resumes=True)
    if begun.upload.is_complete:
        return _begun(BegunUpload(file=file_message(uploads.file(begun.upload.content or "", owner))), 200)
    if new.size_bytes == 0:
        return _begun(BegunUpload(file=file_message(uploads.complete_empty(begun.upload))), 200)
    described = IetfProtocol(request.headers).headers(begun, uploads.limits)
    location = {"Location": routes.address(routes.UPLOAD, upload_id=begun.upload.id)}
    message = BegunUpload(upload=upload_message(begun, uploads.limits))
    return _begun(message, 201, {**described, **location})


def _begun(message: BegunUpload, status: int, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(message.model_dump(mode="json"), status, headers=headers)


@router.options(routes.USER_FILES, include_in_schema=False)
async def file_options(state: TheState) -> Response:
    """Get the limits on uploads and the protocols that are understood, as both protocols have it."""
    headers = {**offered(state.service.uploads.limits), "Allow": "GET, POST, OPTIONS"}
    return Response(status_code=204, headers=headers)


@router.get(routes.USER_FILES, response_description="A page of files")
def list_files(
    service: TheService, owner: Owner, name: Name = None, limit: Limit = 50, cursor: Cursor = None
) -> UserFilePage:
    """List your files, newest first."""
    if name is not None:
        newest = service.uploads.newest(name, owner)
        return UserFilePage(files=(file_message(newest),) if newest else (), next=None)
    files, last = service.uploads.files(owner, limit, cursor)
    return UserFilePage(files=tuple(map(file_message, files)), next=last)


@router.get(routes.USER_FILE, response_description="The file")
def get_file(service: TheService, owner: Owner, sha256: FileSha256) -> UserFileDetails:
    """Get what is known of a file, and which jobs use it."""
    file = service.uploads.file(sha256, owner)
    return file_details(file, service.uploads.jobs_with(file))


@router.delete(routes.USER_FILE, status_code=204, response_description="The file is deleted")
def delete_file(service: TheService, owner: Owner, sha256: FileSha256) -> None:
    """Delete a file and everything that was made of it, except the results of jobs.

    It is refused with 409 while a queued or running job needs the file.
    """
    service.uploads.delete(sha256, owner)
