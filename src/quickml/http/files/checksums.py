"""A file part by part: which of it a client has received otherwise than it is."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from quickml.api.messages import PartsMessage
from quickml.errors import DownloadsError
from quickml.http.files.streaming import left
from quickml.http.routes.links import Fetcher
from quickml.http.state import TheService
from quickml.service import Parts

router = APIRouter()

AT_ONCE = 2
"""Files that are read at a time; others wait without a thread, which other requests need."""
PER_OWNER = 32
"""Files of one owner that are read or waited for."""


class Readings:
    """Files that are read for their parts, one of an owner at a time. Belongs to the event loop."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._owners: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._open: dict[tuple[str, str], asyncio.Task[Parts | None]] = {}
        self._asking: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def asked(
        self, owner: str, sha256: str, read: Callable[[], Parts]
    ) -> Iterator[asyncio.Task[Parts | None]]:
        """One reading for all who ask for the same; `read` is called unless all leave before its turn.

        Raises:
            DownloadsError: the owner waits for too many files.
        """
        key = owner, sha256
        if key not in self._open:
            if sum(owner == other for other, _ in self._open) >= PER_OWNER:
                raise DownloadsError(PER_OWNER)
            self._open[key] = asyncio.create_task(self._run(key, read))
            self._open[key].add_done_callback(_seen)
        self._asking[key] += 1
        try:
            yield self._open[key]
        finally:
            self._asking[key] -= 1
            if not self._asking[key]:
                del self._asking[key]

    async def _run(self, key: tuple[str, str], read: Callable[[], Parts]) -> Parts | None:
        try:
            async with self._owners[key[0]], self._turns:
                return await run_in_threadpool(read) if self._asking[key] else None
        finally:
            del self._open[key]


def _seen(reading: asyncio.Task[Parts | None]) -> None:
    """An error is nobody's who has left, and not to be told as one that was overlooked."""
    if not reading.cancelled():
        reading.exception()


@router.get("/v1/artifacts/{sha256}", response_model=PartsMessage)
async def get_parts(service: TheService, owner: Fetcher, sha256: str, request: Request) -> JSONResponse:
    """The sha256 of each part of a file, computed from what is on the disk."""
    readings: Readings = request.app.state.readings
    with readings.asked(owner, sha256, partial(service.parts, sha256, owner)) as reading:
        gone = asyncio.create_task(left(request.receive))
        try:
            await asyncio.wait((reading, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
    if not reading.done() or (found := reading.result()) is None:
        raise HTTPException(400, "the client: expected it to wait for the answer, found it gone")
    return JSONResponse(vars(found))
