"""Drivers: they perform the steps that a flow asks for, with httpx's client or its asynchronous one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Generic, Self, TypeVar, cast

import httpx

from quickml.client.flow import Emit, Flow, Outgoing, Receive, ResponseHead, RunBlocking, Send, Sleep, Step
from quickml.errors import UnreachableError

T = TypeVar("T")
H = TypeVar("H", httpx.Client, httpx.AsyncClient)

SILENCE_S = 45.0
"""Reconnect an event stream that has sent nothing for this long: three heartbeats are missing."""
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class BaseDriver(Generic[T, H]):
    """Runs one flow; H is a client of httpx. A context manager, which closes the flow and its connection."""

    def __init__(self, flow: Flow[T], http: H) -> None:
        self._flow = flow
        self._http: H = http
        self._response: httpx.Response | None = None

    def _resume(self, result: object = None, error: Exception | None = None) -> Step:
        """Send the result of a step into the flow, or raise its error there: the next step.

        At its end, what the flow returns is emitted.
        """
        try:
            if error is not None:
                return self._flow.throw(_translated(error, self._http.base_url))
            return self._flow.send(result)
        except StopIteration as end:
            return Emit(item=end.value)


class Driver(BaseDriver[T, httpx.Client]):
    """The driver for calls that block."""

    _chunks: Iterator[bytes]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._flow.close()
        finally:
            self._close_response()

    def advance(self) -> T:
        """Run the flow to the next item that it emits, or to its end: the item, or what the flow returns."""
        step = self._resume()
        while not isinstance(step, Emit):
            try:
                result = self._perform(step)
            except Exception as error:
                step = self._resume(error=error)
            else:
                step = self._resume(result)
        return cast(T, step.item)

    def _perform(self, step: Step) -> object:
        if isinstance(step, Receive):
            return next(self._chunks, b"")
        self._close_response()
        match step:
            case Send():
                request = _request(self._http, step, _pieces(step.body) if step.body else None)
                response = self._response = self._http.send(request, stream=True)
                self._chunks = response.iter_bytes() if step.is_event_stream else response.iter_raw()
                return ResponseHead(status=response.status_code, headers=response.headers)
            case Sleep():
                time.sleep(step.pause_s)
            case RunBlocking():
                return step.work()
        return None

    def _close_response(self) -> None:
        if self._response is not None:
            self._response.close()


class AsyncDriver(BaseDriver[T, httpx.AsyncClient]):
    """The driver for an event loop."""

    _chunks: AsyncIterator[bytes]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            self._flow.close()
        finally:
            await self._close_response()

    async def advance(self) -> T:
        """See `Driver.advance`."""
        step = self._resume()
        while not isinstance(step, Emit):
            try:
                result = await self._perform(step)
            except Exception as error:
                step = self._resume(error=error)
            else:
                step = self._resume(result)
        return cast(T, step.item)

    async def _perform(self, step: Step) -> object:
        if isinstance(step, Receive):
            return await anext(self._chunks, b"")
        await self._close_response()
        match step:
            case Send():
                request = _request(self._http, step, _awaited_pieces(step.body) if step.body else None)
                response = self._response = await self._http.send(request, stream=True)
                self._chunks = response.aiter_bytes() if step.is_event_stream else response.aiter_raw()
                return ResponseHead(status=response.status_code, headers=response.headers)
            case Sleep():
                await asyncio.sleep(step.pause_s)
            case RunBlocking():
                return await _in_thread(step.work)
        return None

    async def _close_response(self) -> None:
        if self._response is not None:
            await self._response.aclose()


async def _in_thread(work: Callable[[], T]) -> T:
    """Run `work` in a thread. A cancelled task still waits for it: it uses files that are closed next."""
    running = asyncio.get_running_loop().run_in_executor(None, work)  # no task, which an ending loop cancels
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        running.exception()  # retrieved, so that asyncio does not log it
        raise cancelled
    return running.result()


def _pieces(body: Outgoing) -> Iterator[bytes]:
    for piece in body.pieces():
        yield piece
        body.on_sent(len(piece))


async def _awaited_pieces(body: Outgoing) -> AsyncIterator[bytes]:
    pieces = body.pieces()
    while piece := await _in_thread(lambda: next(pieces, b"")):
        yield piece
        body.on_sent(len(piece))


def _request(
    http: httpx.Client | httpx.AsyncClient, step: Send, pieces: Iterator[bytes] | AsyncIterator[bytes] | None
) -> httpx.Request:
    """The request of a step, as httpx has it."""
    call, timeout = step.call, httpx.Timeout(http.timeout)
    if step.is_event_stream:
        timeout.read = SILENCE_S
    return http.build_request(
        call.method,
        call.path,
        params=dict(call.query) or None,
        headers=dict(call.headers),
        content=call.content if pieces is None else pieces,
        timeout=timeout,
    )


def _translated(error: Exception, server: httpx.URL) -> Exception:
    """An error of httpx as ours; any other one as it is."""
    if not isinstance(error, httpx.RequestError):
        return error
    what = "cannot be reached" if isinstance(error, NEVER_SENT) else "the connection broke"
    message = f"{str(server).rstrip('/')}: {what} ({str(error) or type(error).__name__})"
    return UnreachableError(message, was_sent=not isinstance(error, NEVER_SENT))
