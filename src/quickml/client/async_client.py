"""`AsyncClient`: the same endpoints, for an event loop."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx

from quickml.client import endpoints
from quickml.client.download.file import Landing, content_of
from quickml.client.download.package import Parcel
from quickml.client.download.progress import OnProgress, untold
from quickml.client.endpoints import Call, Document
from quickml.client.following import Following
from quickml.client.records import Artifact, Job, Prediction, Validation
from quickml.client.retry import Contact, Exchange, OnRetry
from quickml.client.transport import SILENCE_S, TIMEOUT_S, arguments, awaited_answer, options, unreachable
from quickml.events import Event
from quickml.settings.remote import remote

T = TypeVar("T")


class AsyncClient:
    """A server, from afar: what `Client` can, to be awaited, in one event loop.

    An iterator of events that is left before its end is best wrapped in `contextlib.aclosing`, which closes
    its connection at once.
    """

    def __init__(
        self,
        server: str | None = None,
        *,
        token: str | None = None,
        patience_s: float = 60.0,
        timeout_s: float = TIMEOUT_S,
        verify: ssl.SSLContext | bool = True,
        on_retry: OnRetry | None = None,
    ) -> None:
        """See `Client`."""
        self._remote = remote(server, token)
        self._contact, self._timeout_s = Contact(patience_s, on_retry), timeout_s
        self._http = httpx.AsyncClient(**options(self._remote, timeout_s=timeout_s, verify=verify))

    @property
    def server(self) -> str:
        """See `Client.server`."""
        return self._remote.server

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """See `Client.__aenter__`."""
        await self._http.aclose()

    # Jobs

    async def submit(self, document: Document, *, idempotency_key: str | None = None) -> Job:
        """See `Client.submit`."""
        return await self._call(endpoints.submit(document, idempotency_key))

    async def job(self, job_id: str) -> Job:
        """See `Client.job`."""
        return await self._call(endpoints.job(job_id))

    async def jobs(self, *statuses: str, page: int = 50) -> AsyncIterator[Job]:
        """See `Client.jobs`."""
        cursor: str | None = None
        while True:
            found = await self._call(endpoints.jobs(statuses, page, cursor))
            for job in found.jobs:
                yield job
            cursor = found.next
            if cursor is None:
                return

    async def stop(self, job_id: str) -> Job:
        """See `Client.stop`."""
        return await self._call(endpoints.stop(job_id))

    async def cancel(self, job_id: str) -> Job:
        """See `Client.cancel`."""
        return await self._call(endpoints.cancel(job_id))

    async def delete(self, job_id: str) -> None:
        """See `Client.delete`."""
        await self._call(endpoints.delete(job_id))

    async def events(self, job_id: str, after: int = 0) -> AsyncGenerator[Event, None]:
        """See `Client.events`."""
        following = Following(job_id, after, self._contact)
        while not following.is_over:
            try:
                async with self._stream(following.call(), silence_s=SILENCE_S) as response:
                    if following.accept(response.status_code, response.headers.get("content-type", "")):
                        async for content in response.aiter_bytes():
                            for event in following.feed(content):
                                yield event
                            if not following.is_open:
                                break
                    else:
                        following.refuse(await awaited_answer(response))
            except httpx.RequestError as error:
                following.lose(unreachable(error, self.server))
            await asyncio.sleep(following.pause_s())

    # Files

    async def artifacts(self, job_id: str) -> tuple[Artifact, ...]:
        """See `Client.artifacts`."""
        return await self._call(endpoints.artifacts(job_id))

    async def download(
        self, artifact: Artifact, folder: Path | str = ".", *, progress: OnProgress = untold
    ) -> Path:
        """See `Client.download`."""
        place = Path(folder) / artifact.name
        return await self._land(Landing(content_of(artifact), place, self._contact, progress))

    async def download_package(
        self, artifact: Artifact, folder: Path | str = ".", *, progress: OnProgress = untold
    ) -> Path:
        """See `Client.download_package`."""
        with Parcel(artifact, Path(folder), self._contact, progress) as parcel:
            await _work(parcel)
            for landing in parcel.landings():
                await self._land(landing)
            await _work(parcel)
        return parcel.path

    async def _land(self, landing: Landing) -> Path:
        with landing:
            while not await _work(landing):
                try:
                    async with self._stream(landing.call()) as response:
                        if landing.accept(response.status_code, response.headers):
                            async for content in response.aiter_raw():
                                if not landing.is_open:
                                    break
                                landing.write(content)
                            landing.finish()
                        else:
                            landing.refuse(await awaited_answer(response))
                except httpx.RequestError as error:
                    landing.lose(unreachable(error, self.server))
                await asyncio.sleep(landing.pause_s())
        return landing.path

    async def predictions(
        self, job_id: str, inputs: Sequence[Any], *, activations: bool | Sequence[str] = False
    ) -> tuple[Prediction, ...]:
        """See `Client.predictions`."""
        return await self._call(endpoints.predictions(job_id, inputs, activations))

    # What can be asked for

    async def validate(self, document: Document) -> Validation:
        """See `Client.validate`."""
        return await self._call(endpoints.validate(document))

    async def datasets(self) -> list[dict[str, Any]]:
        """See `Client.datasets`."""
        return await self._call(endpoints.listed("datasets"))

    async def dataset(self, name: str) -> dict[str, Any]:
        """See `Client.dataset`."""
        return await self._call(endpoints.dataset(name))

    async def layers(self) -> list[dict[str, Any]]:
        """See `Client.layers`."""
        return await self._call(endpoints.listed("layers"))

    async def schema(self) -> dict[str, Any]:
        """See `Client.schema`."""
        return await self._call(endpoints.schema())

    # The way there

    async def _call(self, call: Call[T]) -> T:
        exchange = Exchange(call, self._contact)
        while not exchange.is_over:
            try:
                async with self._stream(call) as response:
                    exchange.accept(await awaited_answer(response))
            except httpx.RequestError as error:
                exchange.lose(unreachable(error, self.server))
            await asyncio.sleep(exchange.pause_s())
        return exchange.result

    def _stream(
        self, call: Call[Any], silence_s: float | None = None
    ) -> AbstractAsyncContextManager[httpx.Response]:
        timeout = httpx.Timeout(self._timeout_s, read=silence_s or self._timeout_s)
        return self._http.stream(**arguments(call), timeout=timeout)


async def _work(subject: Landing | Parcel) -> bool:
    """Do what needs no network, in a thread; whether it is over then."""
    while (pause_s := await _in_thread(subject.work)) is not None:
        subject.tell()
        await asyncio.sleep(pause_s)
    subject.tell()
    return subject.is_over


async def _in_thread(work: Callable[[], T]) -> T:
    """In a thread. Also who is cancelled waits for it, however often: it uses files that are closed next."""
    running = asyncio.get_running_loop().run_in_executor(None, work)  # no task, which an ending loop cancels
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        running.exception()  # told to nobody
        raise cancelled
    return running.result()
