"""Bytes of a file to a client, read from the disk no faster than the client takes them."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from quickml.errors import ArtifactError, ArtifactNotFoundError
from quickml.http.files.quotas import Download, Downloads
from quickml.http.files.ranges import Span

Given = TypeVarTuple("Given")
Result = TypeVar("Result")

log = logging.getLogger(__name__)

_threads = ThreadPoolExecutor(8, thread_name_prefix="file")
"""For files. The rest of the API has others, which no rush for files takes away from it."""


class FileBody(Response):
    """An answer out of pieces of a file, and texts between them. Plain ASGI, as `EventStream` is.

    Its headers are all given, `Content-Length` among them.
    """

    def __init__(
        self,
        path: Path,
        pieces: Sequence[Span | bytes],
        *,
        status: int,
        headers: Mapping[str, str],
        downloads: Downloads,
        owner: str,
    ) -> None:
        super().__init__(status_code=status, headers=headers)
        self._path, self._pieces, self._downloads, self._owner = path, pieces, downloads, owner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """See ASGI.

        Raises:
            DownloadsError: the owner has too many; nothing was sent then, nor by any of the others.
            ArtifactNotFoundError: the file was removed a moment ago.
            ArtifactError: it cannot be opened.
        """
        with self._downloads.opened(self._owner) as download:
            with _opened(self._path) as file:
                await send(
                    {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
                )
                gone = asyncio.create_task(left(receive))
                try:
                    is_whole = await _Sender(file, send, gone, download).send(self._pieces)
                finally:
                    gone.cancel()
            if is_whole:
                await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Sender:
    """One answer on its way."""

    def __init__(self, file: FileIO, send: Send, gone: asyncio.Task[None], download: Download) -> None:
        self._file, self._send, self._gone, self._download = file, send, gone, download

    async def send(self, pieces: Sequence[Span | bytes]) -> bool:
        """Send all pieces, while the client is there; whether it is all that was promised."""
        for piece in pieces:
            if isinstance(piece, bytes):
                await self._send({"type": "http.response.body", "body": piece, "more_body": True})
            elif not await self._send_span(piece):
                return False
        return True

    async def _send_span(self, span: Span) -> bool:
        start = span.start
        while start < span.stop:
            size = self._download.piece(span.stop - start)
            if (delay_s := self._download.take(size)) > 0:
                await asyncio.wait((self._gone,), timeout=delay_s)
            if self._gone.done():
                return False
            chunk = await _read(self._file, start, size)
            if not chunk:
                log.error("%s: expected %d bytes, found %d", self._file.name, span.stop, start)
                return False  # the connection is closed, and the client knows that it is not all
            self._download.count(len(chunk))  # first: who leaves now has had it
            await self._hand_on(chunk)
            start += len(chunk)
        return True

    async def _hand_on(self, chunk: bytes | memoryview) -> None:
        """Send, and come back when the client has taken it, so that nothing is read before."""
        await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        await self._send({"type": "http.response.body", "body": b"", "more_body": True})
        await asyncio.sleep(0)  # perhaps nothing was waited for, and others want to go on too


async def in_thread(function: Callable[[*Given], Result], *arguments: *Given) -> Result:
    """Call what may wait for a disk, in one of the threads for files."""
    return await asyncio.get_running_loop().run_in_executor(_threads, function, *arguments)


def _opened(path: Path) -> FileIO:
    """At once: it was looked for a moment ago, so that the system has it in memory."""
    try:
        return FileIO(path)
    except FileNotFoundError:
        raise ArtifactNotFoundError(path.name) from None
    except OSError as error:
        raise ArtifactError(f"{path}: cannot be read ({error.strerror})") from error


async def _read(file: FileIO, start: int, size: int) -> bytes | memoryview:
    """At once where the system has it in memory; otherwise in a thread, since the disk may take its time."""
    if chunk := _read_cached(file, start, size):
        return chunk
    return await in_thread(_read_waiting, file, start, size)


def _read_cached(file: FileIO, start: int, size: int) -> memoryview | None:
    if not hasattr(os, "RWF_NOWAIT"):  # not Linux
        return None
    buffer = bytearray(size)
    try:
        found = os.preadv(file.fileno(), [buffer], start, os.RWF_NOWAIT)
    except OSError:  # it is not there, or the file system does not say
        return None
    return memoryview(buffer)[:found]


def _read_waiting(file: FileIO, start: int, size: int) -> bytes:
    file.seek(start)
    return file.read(size)


async def left(receive: Receive) -> None:
    """Return when the client is gone. Sending to it raises nothing: only `receive` tells."""
    try:
        while (await receive())["type"] != "http.disconnect":
            pass
    except HTTPException:
        pass  # a body that does not end is as good as none
