"""Unfinished uploads: ask for the offset, append, cancel."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from quickml.api import routes
from quickml.api.files import UploadList, UserFileMessage
from quickml.errors import QuickMLError
from quickml.http import problems
from quickml.http.auth import Owner
from quickml.http.state import AppState, TheService, TheState
from quickml.http.uploads.appending import AppendingRequest, completed_headers
from quickml.http.uploads.messages import upload_message
from quickml.http.uploads.protocols import OFFSET, PARTIAL, UploadProtocol, offered, protocol_of

router = APIRouter()

UploadId = Annotated[str, Path(description="ID of the upload.")]
Override = Annotated[
    str | None,
    Header(alias="X-HTTP-Method-Override", description="`PATCH`, `DELETE` or `HEAD`, for clients of tus."),
]
BYTES = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in (PARTIAL, OFFSET)}
BODY: dict[str, Any] = {"requestBody": {"required": True, "content": BYTES}}
APPENDED: dict[int | str, dict[str, Any]] = {
    201: {"model": UserFileMessage, "description": "The file: all of it has arrived"},
    204: {"description": "Appended; `Upload-Offset` is the number of bytes that have arrived"},
}


@router.get(routes.UPLOADS, response_description="Uploads")
def list_uploads(service: TheService, owner: Owner) -> UploadList:
    """List your uploads that are not complete, newest first."""
    uploads = service.uploads
    return UploadList(
        uploads=tuple(upload_message(state, uploads.limits) for state in uploads.open_uploads(owner))
    )


@router.head(routes.UPLOAD, status_code=204, response_description="`Upload-Offset` is what has arrived")
async def get_offset(request: Request, state: TheState, owner: Owner, upload_id: UploadId) -> Response:
    """Ask how much of an upload has arrived. A request that still appends to it is ended.

    Once it is complete, `Content-Location` is the path of the file.
    """
    return await _answered(request, _offset, state, owner, upload_id)


async def _answered(request: Request, answer: Any, state: AppState, owner: str, upload_id: str) -> Response:
    """An answer with the headers of the protocol, which errors have too."""
    protocol = protocol_of(request.headers)
    try:
        response: Response = await run_in_threadpool(answer, state, owner, upload_id, protocol)
    except QuickMLError as error:
        response = problems.answer(error)
    response.headers.update(protocol.base_headers())
    return response


def _offset(state: AppState, owner: str, upload_id: str, protocol: UploadProtocol) -> Response:
    uploads = state.service.uploads
    found = uploads.state(upload_id, owner)
    headers = {**protocol.headers(found, uploads.limits), "Cache-Control": "no-store"}
    if found.upload.content is not None and found.upload.is_complete:
        headers |= completed_headers(uploads.file(found.upload.content, owner))
    return Response(status_code=204, headers=headers)


@router.patch(
    routes.UPLOAD,
    status_code=204,
    response_description="Appended",
    response_class=Response,
    responses=APPENDED,
    openapi_extra=BODY,
)
async def append_to_upload(request: Request, state: TheState, owner: Owner, upload_id: UploadId) -> Response:
    """Append bytes at `Upload-Offset`. With `Upload-Complete: ?1`, they are the last ones.

    Clients of tus send `Tus-Resumable` and the media type of tus. What arrives before a connection breaks is
    kept.
    """
    protocol = protocol_of(request.headers)
    return await AppendingRequest(request, state, owner, protocol).answer(upload_id)


@router.delete(routes.UPLOAD, status_code=204, response_description="The upload is removed")
async def cancel_upload(request: Request, state: TheState, owner: Owner, upload_id: UploadId) -> Response:
    """Cancel an upload, and remove what has arrived of it."""
    return await _answered(request, _cancel, state, owner, upload_id)


def _cancel(state: AppState, owner: str, upload_id: str, _: UploadProtocol) -> Response:
    state.service.uploads.cancel(upload_id, owner)
    return Response(status_code=204)


ALLOWED = "HEAD, PATCH, DELETE, OPTIONS"
OVERRIDES = {"PATCH": append_to_upload, "DELETE": cancel_upload, "HEAD": get_offset}


@router.post(routes.UPLOAD, include_in_schema=False)
async def override_method(
    request: Request, state: TheState, owner: Owner, upload_id: UploadId, method: Override = None
) -> Response:
    """What tus wants for clients that can send nothing but POST."""
    routed = OVERRIDES.get((method or "").upper())
    if routed is None or "tus-resumable" not in request.headers:
        raise HTTPException(405, "expected HEAD, PATCH or DELETE, found POST", headers={"Allow": ALLOWED})
    return await routed(request, state, owner, upload_id)


@router.options(routes.UPLOAD, include_in_schema=False)
async def upload_options(state: TheState, upload_id: UploadId) -> Response:
    """Get the limits on uploads and the protocols that are understood. The upload need not exist."""
    del upload_id
    headers = {**offered(state.service.uploads.limits), "Allow": ALLOWED}
    return Response(status_code=204, headers=headers)
