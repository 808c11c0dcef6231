"""Creating an upload as the two protocols do it, with or without bytes in the same request."""

from __future__ import annotations

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from quickml.api import routes
from quickml.errors import QuickMLError
from quickml.http.state import AppState
from quickml.http.uploads import fields
from quickml.http.uploads.appending import AppendingRequest
from quickml.http.uploads.interim import send_interim
from quickml.http.uploads.protocols import OFFSET, AppendRequest, IetfProtocol, UploadProtocol
from quickml.service import NewUpload


async def create(request: Request, state: AppState, owner: str, protocol: UploadProtocol) -> Response:
    """Create an upload, and append the body to it if there is one."""
    new, wanted = protocol.creation(request.headers)
    appending = AppendingRequest(request, state, owner, protocol, wanted)
    try:
        begun = await run_in_threadpool(state.service.uploads.begin, owner, new)
    except QuickMLError as error:
        return await appending.refused(error)
    location = routes.address(routes.UPLOAD, upload_id=begun.upload.id)
    described = protocol.headers(begun, state.service.uploads.limits)
    if isinstance(protocol, IetfProtocol):
        limit = {"Upload-Limit": described["Upload-Limit"]}
        send_interim(request, protocol, {"Location": location, **limit})
    if not _appends(request, protocol, new, wanted):
        return Response(status_code=201, headers={**described, "Location": location})
    response = await appending.answer(begun.upload.id)
    if response.status_code == 204:  # something has arrived, and more will
        response.status_code = 201
        response.headers["Location"] = location
    return response


def _appends(request: Request, protocol: UploadProtocol, new: NewUpload, wanted: AppendRequest) -> bool:
    """Whether there is anything to do but to create the upload."""
    has_body = "transfer-encoding" in request.headers or bool(fields.content_length(request.headers))
    if protocol.name == "tus":
        if has_body and fields.media_type(request.headers) != OFFSET:
            found = fields.media_type(request.headers)[:80]
            raise HTTPException(415, f"Content-Type: expected {OFFSET}, found {found!r}")
        return has_body or new.size_bytes == 0
    return has_body or bool(wanted.is_last)
