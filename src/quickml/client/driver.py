"""Drivers: they perform the steps that a flow asks for, with httpx's client or its asynchronous one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Generic, Self, TypeVar

import httpx

from quickml.client.flow import Emit, Flow, Receive, ResponseHead, RunBlocking, Send, Sleep, Step
from quickml.errors import UnreachableError

T = TypeVar("T")

SILENCE_S = 45.0
"""Reconnect an event stream that has sent nothing for this long: three heartbeats are missing."""
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Driver(Generic[T]):
    """Runs one flow. A context manager, which closes the flow and its connection."""

    def __init__(self, flow: Flow[T], http: httpx.Client) -> None:
        self._flow, self._http = flow, http
        self._response: httpx.Response | None = None
        self._chunks: Iterator[bytes] = iter(())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._flow.close()
        finally:
            self._close_response()

    def advance(self) -> T:
        """Run the flow to the next item that it emits, or to its end: the item, or what the flow returns."""
        try:
            step = next(self._flow)
            while not isinstance(step, Emit):
                try:
                    result = self._perform(step)
                except httpx.RequestError as error:
                    step = self._flow.throw(_unreachable(error, self._http.base_url))
                except Exception as error:
                    step = self._flow.throw(error)
                else:
                    step = self._flow.send(result)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        return step.item  # type: ignore[return-value]

    def _perform(self, step: Step) -> object:
        if isinstance(step, Receive):
            return next(self._chunks, b"")
        self._close_response()
        match step:
            case Send():
                response = self._response = self._http.send(_request(self._http, step), stream=True)
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


class AsyncDriver(Generic[T]):
    """`Driver` for an event loop."""

    def __init__(self, flow: Flow[T], http: httpx.AsyncClient) -> None:
        self._flow, self._http = flow, http
        self._response: httpx.Response | None = None
        self._chunks: AsyncIterator[bytes]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            self._flow.close()
        finally:
            await self._close_response()

    async def advance(self) -> T:
        """See `Driver.advance`."""
        try:
            step = next(self._flow)
            while not isinstance(step, Emit):
                try:
                    result = await self._perform(step)
                except httpx.RequestError as error:
                    step = self._flow.throw(_unreachable(error, self._http.base_url))
                except Exception as error:
                    step = self._flow.throw(error)
                else:
                    step = self._flow.send(result)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        return step.item  # type: ignore[return-value]

    async def _perform(self, step: Step) -> object:
        if isinstance(step, Receive):
            return await anext(self._chunks, b"")
        await self._close_response()
        match step:
            case Send():
                request = _request(self._http, step)
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


def _request(http: httpx.Client | httpx.AsyncClient, step: Send) -> httpx.Request:
    """The request of a step, as httpx has it."""
    call, timeout = step.call, httpx.Timeout(http.timeout)
    if step.is_event_stream:
        timeout.read = SILENCE_S
    return http.build_request(
        call.method,
        call.path,
        params=dict(call.query) or None,
        headers=dict(call.headers),
        content=call.content,
        timeout=timeout,
    )


def _unreachable(error: httpx.RequestError, server: httpx.URL) -> UnreachableError:
    """An error of httpx as ours."""
    was_sent = not isinstance(error, NEVER_SENT)
    what = "the connection broke" if was_sent else "cannot be reached"
    reason = str(error) or type(error).__name__
    return UnreachableError(f"{str(server).rstrip('/')}: {what} ({reason})", was_sent=was_sent)
