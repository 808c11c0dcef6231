"""Creating an upload as the two protocols do it, with or without bytes in the same request."""

from __future__ import annotations

from contextlib import suppress

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from quickml.api import routes
from quickml.errors import QuickMLError, UploadNotFoundError
from quickml.http.state import AppState
from quickml.http.uploads import fields
from quickml.http.uploads.appending import AppendingRequest
from quickml.http.uploads.interim import send_interim
from quickml.http.uploads.protocols import OFFSET, IetfProtocol, UploadProtocol


async def create(request: Request, state: AppState, owner: str, protocol: UploadProtocol) -> Response:
    """Create an upload, and append the body to it if there is one."""
    appending, uploads = AppendingRequest(request, state, owner, protocol), state.service.uploads
    try:
        new, wanted = protocol.creation(request.headers)
        _check_type(request, protocol)
        begun = await run_in_threadpool(uploads.begin, owner, new)
    except (QuickMLError, HTTPException) as error:
        return await appending.refused(error)
    location = routes.address(routes.UPLOAD, upload_id=begun.upload.id)
    described = protocol.headers(begun, uploads.limits)
    is_announced = isinstance(protocol, IetfProtocol) and send_interim(
        request, protocol, {"Location": location, "Upload-Limit": described["Upload-Limit"]}
    )
    is_done = new.size_bytes == 0 if protocol.name == "tus" else bool(wanted.is_last)
    if not _has_body(request) and not is_done:
        return Response(status_code=201, headers={**described, "Location": location})
    response = await appending.receive(begun.upload.id, wanted)
    if response.status_code >= 400 and not is_announced:  # the client cannot know what to resume
        with suppress(UploadNotFoundError):
            await run_in_threadpool(uploads.cancel, begun.upload.id, owner)
    if response.status_code == 204:  # something has arrived, and more will
        response.status_code = 201
        response.headers["Location"] = location
    return response


def _has_body(request: Request) -> bool:
    return "transfer-encoding" in request.headers or bool(fields.content_length(request.headers))


def _check_type(request: Request, protocol: UploadProtocol) -> None:
    found = fields.media_type(request.headers)
    if protocol.name == "tus" and _has_body(request) and found != OFFSET:
        raise HTTPException(415, f"Content-Type: expected {OFFSET}, found {found[:80]!r}")
