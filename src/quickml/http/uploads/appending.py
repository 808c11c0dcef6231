"""One request with bytes of an upload, from its headers to its response."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TypeVar, TypeVarTuple

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from quickml.api import routes
from quickml.errors import QuickMLError, UploadLengthError
from quickml.http import problems
from quickml.http.state import AppState
from quickml.http.uploads import fields
from quickml.http.uploads.interim import send_interim
from quickml.http.uploads.messages import file_message
from quickml.http.uploads.protocols import AppendRequest, IetfProtocol, UploadProtocol
from quickml.http.uploads.receiving import PIECE_BYTES, BodyReceiver
from quickml.service import Append, UserFile

Given = TypeVarTuple("Given")
Result = TypeVar("Result")

_writing = ThreadPoolExecutor(4, thread_name_prefix="upload")
"""For everything that takes milliseconds: a slow disk must not take the threads of other requests."""
_storing = ThreadPoolExecutor(2, thread_name_prefix="store-upload")
"""For what takes seconds: reading a complete upload to check it."""


class AppendingRequest:
    """A request that appends its body to an upload."""

    def __init__(self, request: Request, state: AppState, owner: str, protocol: UploadProtocol) -> None:
        self._request, self._state, self._owner = request, state, owner
        self._protocol = protocol
        self._uploads = state.service.uploads
        self._body = BodyReceiver(request.receive, timeout_s=state.settings.body_timeout_s)

    async def answer(self, upload_id: str) -> Response:
        """Append to an upload; the response, also for errors."""
        try:
            wanted = self._protocol.append(self._request.headers)
        except (QuickMLError, HTTPException) as error:
            return await self.refused(error)
        return await self.receive(upload_id, wanted)

    async def receive(self, upload_id: str, wanted: AppendRequest) -> Response:
        """Receive the body; the response, also for errors."""
        try:
            with self._state.memory.held(self._owner, PIECE_BYTES):
                return await self._receive(upload_id, wanted)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody receives it
        except (QuickMLError, HTTPException) as error:
            return await self.refused(error)

    async def _receive(self, upload_id: str, wanted: AppendRequest) -> Response:
        stack = ExitStack()
        appending = self._uploads.appending(
            upload_id, self._owner, offset=wanted.offset, length=wanted.length
        )
        try:
            append, active = await _in_thread(stack.enter_context, appending)
            active.on_interrupt(self._body.interrupt)
            return await self._append(append, wanted)
        finally:
            await asyncio.shield(_in_thread(stack.close))

    async def _append(self, append: Append, wanted: AppendRequest) -> Response:
        self._check_length(append)
        await self._body.receive_into(lambda piece: self._write(append, piece))
        await _in_thread(append.sync)
        is_whole = append.offset == append.upload.size_bytes if wanted.is_last is None else wanted.is_last
        if not is_whole:
            return self._described(Response(status_code=204), append)
        file = await _in_thread(self._uploads.complete, append.upload, threads=_storing)
        return self.completed(append.upload.id, file)

    def _check_length(self, append: Append) -> None:
        """Refuse a body that is too long before it is received."""
        size_bytes, content = append.upload.size_bytes, fields.content_length(self._request.headers)
        if size_bytes is not None and content is not None and append.offset + content > size_bytes:
            raise UploadLengthError(expected=size_bytes, found=append.offset + content)

    async def _write(self, append: Append, piece: bytearray) -> None:
        try:
            offset = await _in_thread(append.write, piece)
        except UploadLengthError:  # the draft wants such an upload to end
            await _in_thread(self._uploads.discard, append.upload)
            raise
        if offset is not None and isinstance(self._protocol, IetfProtocol):
            send_interim(self._request, self._protocol, {"Upload-Offset": str(offset)})

    def _described(self, response: Response, append: Append) -> Response:
        state = self._uploads.described(append.upload, append.offset)
        response.headers.update(self._protocol.headers(state, self._uploads.limits))
        return response

    def completed(self, upload_id: str, file: UserFile) -> Response:
        """The response to the request that has completed an upload."""
        is_tus = self._protocol.name == "tus"
        is_creation = self._request.method == "POST" and "upload_id" not in self._request.path_params
        headers = {
            **completed_headers(file),
            **self._protocol.base_headers(),
            "Upload-Offset": str(file.size_bytes),
        }
        if is_tus:
            if is_creation:
                headers["Location"] = routes.address(routes.UPLOAD, upload_id=upload_id)
            return Response(status_code=201 if is_creation else 204, headers=headers)
        headers |= {"Location": headers["Content-Location"], "Upload-Complete": "?1"}
        return JSONResponse(file_message(file).model_dump(mode="json"), 201, headers=headers)

    async def refused(self, error: QuickMLError | HTTPException) -> Response:
        """The response to a request that was refused, also in the middle of its body."""
        response = _problem(error)
        response.headers.update(self._protocol.base_headers())
        if not self._waits_for_100 and not self._body.is_complete:
            await self._body.drain()
        if not self._body.is_complete and _has_body(self._request):
            response.headers["Connection"] = "close"  # the rest of the body is not read
        return response

    @property
    def _waits_for_100(self) -> bool:
        """Whether the client sends its body only when it is asked to, which reading it would do."""
        return self._request.headers.get("expect", "").lower() == "100-continue"


def completed_headers(file: UserFile) -> dict[str, str]:
    """Headers that name the file that an upload has become."""
    return {
        "Content-Location": routes.address(routes.USER_FILE, sha256=file.sha256),
        "Repr-Digest": fields.repr_digest(file.sha256),
    }


def _problem(error: QuickMLError | HTTPException) -> Response:
    if isinstance(error, HTTPException):
        return problems.of_http(error)
    return problems.answer(error)


def _has_body(request: Request) -> bool:
    return "transfer-encoding" in request.headers or bool(fields.content_length(request.headers))


async def _in_thread(
    function: Callable[[*Given], Result], *arguments: *Given, threads: ThreadPoolExecutor = _writing
) -> Result:
    return await asyncio.get_running_loop().run_in_executor(threads, function, *arguments)
