"""Sending bytes of stored files to clients, read no faster than a client receives them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from quickml.errors import ArtifactError
from quickml.http.files.quotas import Downloads, DownloadSlot
from quickml.http.files.ranges import ByteRange
from quickml.http.server.response_transport import sends_files
from quickml.service import ArtifactReader, FilePart

Given = TypeVarTuple("Given")
Result = TypeVar("Result")

log = logging.getLogger(__name__)

_threads = ThreadPoolExecutor(8, thread_name_prefix="file")
"""For work on files. The rest of the API has threads of its own, so that many downloads do not block it."""

Opener = Callable[[int, int], ArtifactReader]
"""Opens the bytes of a file from a first position up to, not including, a second one."""


class FileResponse(Response):
    """Responds with ranges of a file and texts between them.

    Args:
        open_range: see `Opener`.
        pieces: what the body consists of.
        status: of the response.
        headers: all of them, `Content-Length` included.
        downloads: where the download is counted and limited.
        owner: the owner whose quota it counts for.
    """

    def __init__(
        self,
        open_range: Opener,
        pieces: Sequence[ByteRange | bytes],
        *,
        status: int,
        headers: Mapping[str, str],
        downloads: Downloads,
        owner: str,
    ) -> None:
        super().__init__(status_code=status, headers=headers)
        self._open_range, self._pieces, self._downloads, self._owner = open_range, pieces, downloads, owner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI.

        Raises:
            DownloadsError: the owner has too many open downloads.
            ArtifactError: the file cannot be opened. As above, nothing was sent then.
        """
        first = next((piece for piece in self._pieces if isinstance(piece, ByteRange)), ByteRange(0, 0))
        with self._downloads.opened(self._owner) as slot:
            with await in_thread(self._open_range, *first) as reader:
                await send(self._start)
                gone = asyncio.create_task(disconnected(receive))
                try:
                    sender = _Sender(self._open_range, send, gone, slot, sends_files=sends_files(scope))
                    is_complete = await sender.send_all(self._pieces, reader)
                finally:
                    gone.cancel()
            if is_complete:
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    @property
    def _start(self) -> Message:
        return {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}


class _Sender:
    """Sends one response's body."""

    def __init__(
        self,
        open_range: Opener,
        send: Send,
        gone: asyncio.Task[None],
        slot: DownloadSlot,
        *,
        sends_files: bool,
    ) -> None:
        self._open_range, self._send, self._gone, self._slot = open_range, send, gone, slot
        self._sends_files = sends_files

    async def send_all(self, pieces: Sequence[ByteRange | bytes], reader: ArtifactReader) -> bool:
        """Send all pieces, of which `reader` has the first range; False where the body stays incomplete.

        The server then closes the connection, which tells the client.
        """
        current: ArtifactReader | None = reader
        for piece in pieces:
            if isinstance(piece, bytes):
                await self._send({"type": "http.response.body", "body": piece, "more_body": True})
                continue
            try:
                opened = current if current is not None else await in_thread(self._open_range, *piece)
                with opened:
                    if not await self._send_range(piece, opened):
                        return False
            except ArtifactError as error:
                log.error("download broken off: %s", error)
                return False
            current = None
        return True

    async def _send_range(self, piece: ByteRange, reader: ArtifactReader) -> bool:
        left = piece.size
        while left:
            size = self._slot.chunk_bytes(left)
            if (delay_s := self._slot.reserve(size)) > 0:
                await asyncio.wait((self._gone,), timeout=delay_s)
            if self._gone.done():
                return False
            chunk = (reader.cached_part(size) if self._sends_files else None) or await _read(reader, size)
            if not chunk:
                raise ArtifactError(f"a stored file: expected {left} more bytes at its end, found none")
            self._slot.count(len(chunk))  # before sending: a client that disconnects now has received it
            await self._send_chunk(chunk)
            left -= len(chunk)
        return True

    async def _send_chunk(self, chunk: memoryview | FilePart) -> None:
        """Send, and return when it has left the process, so that nothing is read before."""
        await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        await self._send({"type": "http.response.body", "body": b"", "more_body": True})
        await asyncio.sleep(0)  # if neither had to wait, other requests get their turn here


async def in_thread(function: Callable[[*Given], Result], *arguments: *Given) -> Result:
    """Call a function that may wait for storage, in one of the threads for files."""
    return await asyncio.get_running_loop().run_in_executor(_threads, function, *arguments)


async def _read(reader: ArtifactReader, size: int) -> memoryview:
    """Without a thread where the bytes are in memory already; that is most of the time."""
    if chunk := reader.read_cached(size):
        return chunk
    return await in_thread(_read_waiting, reader, size)


def _read_waiting(reader: ArtifactReader, size: int) -> memoryview:
    buffer = memoryview(bytearray(size))
    return buffer[: reader.readinto(buffer)]


async def disconnected(receive: Receive) -> None:
    """Return when the client has disconnected. Only `receive` tells: sending to it raises nothing."""
    try:
        while (await receive())["type"] != "http.disconnect":
            pass
    except HTTPException:
        pass  # a request body that does not end counts as a disconnect
