"""`AsyncClient`: the same calls for an event loop."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

import httpx

from quickml.api.artifacts import ArtifactMessage
from quickml.api.catalog import SampleList
from quickml.api.files import ImportItem, UserFileMessage
from quickml.api.interface import InterfaceMessage
from quickml.api.jobs import ChangeMessage, JobDetails, JobMessage
from quickml.api.predictions import PredictionMessage
from quickml.api.validation import ValidationMessage
from quickml.client import endpoints, file_endpoints, model_endpoints
from quickml.client.arrays import ExplanationArrays, PredictionArrays
from quickml.client.base import BaseClient
from quickml.client.call import call, list_files, list_jobs
from quickml.client.download.file import FileDownload
from quickml.client.download.package import PackageDownload
from quickml.client.download.progress import OnProgress, ignore
from quickml.client.driver import AsyncDriver
from quickml.client.endpoints import Document
from quickml.client.event_stream import ChangeSubscription, EventSubscription
from quickml.client.film import film, frames
from quickml.client.flow import Flow
from quickml.client.imports import OnImport, followed, no_import, submitted
from quickml.client.request import Call
from quickml.client.upload.file import FileUpload
from quickml.client.upload.progress import OnUploadProgress
from quickml.client.upload.progress import ignore as unshown
from quickml.events import Event

if TYPE_CHECKING:
    from quickml.answers import Answers
    from quickml.film import Film, FilmFrame

T = TypeVar("T")


class AsyncClient(BaseClient[httpx.AsyncClient]):
    """A QuickML server: the methods of `Client` as coroutines, for one event loop.

    Use `contextlib.aclosing` around an iterator of events that you leave before its end: it closes the
    connection at once.
    """

    _open = httpx.AsyncClient

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """See `Client.close`."""
        await self._http.aclose()

    # Jobs

    async def submit(
        self, document: Document, *, idempotency_key: str | None = None, on_import: OnImport = no_import
    ) -> JobMessage:
        """See `Client.submit`."""
        return await self._run(submitted(document, idempotency_key, self._contact, on_import))

    async def job(self, job_id: str) -> JobDetails:
        """See `Client.job`."""
        return await self._call(endpoints.job(job_id))

    def jobs(self, *statuses: str, page: int = 50) -> AsyncIterator[JobMessage]:
        """See `Client.jobs`."""
        return self._iterate(list_jobs(statuses, page, self._contact))

    async def stop(self, job_id: str) -> JobMessage:
        """See `Client.stop`."""
        return await self._call(endpoints.stop(job_id))

    async def cancel(self, job_id: str) -> JobMessage:
        """See `Client.cancel`."""
        return await self._call(endpoints.cancel(job_id))

    async def delete(self, job_id: str) -> None:
        """See `Client.delete`."""
        await self._call(endpoints.delete(job_id))

    def events(self, job_id: str, after: int = 0) -> AsyncGenerator[Event, None]:
        """See `Client.events`."""
        return self._iterate(EventSubscription(job_id, after, self._contact).run())

    def changes(self, after: int | None = None) -> AsyncGenerator[ChangeMessage, None]:
        """See `Client.changes`."""
        return self._iterate(ChangeSubscription(after, self._contact).run())

    async def position(self) -> int:
        """See `Client.position`."""
        return (await self._call(endpoints.changes_page(None))).position

    async def film(self, job_id: str) -> Film:
        """See `Client.film`."""
        return await self._run(film(job_id, self._contact))

    def frames(
        self, job_id: str, after: int = -1, *, every_s: float = 0.5
    ) -> AsyncGenerator[FilmFrame, None]:
        """See `Client.frames`."""
        return self._iterate(frames(job_id, after, every_s, self._contact))

    # Files

    async def artifacts(self, job_id: str) -> tuple[ArtifactMessage, ...]:
        """See `Client.artifacts`."""
        return await self._call(endpoints.artifacts(job_id))

    async def download(
        self, artifact: ArtifactMessage, folder: Path | str = ".", *, progress: OnProgress = ignore
    ) -> Path:
        """See `Client.download`."""
        return await self._run(FileDownload.of(artifact, Path(folder), self._contact, progress).run())

    async def download_package(
        self, artifact: ArtifactMessage, folder: Path | str = ".", *, progress: OnProgress = ignore
    ) -> Path:
        """See `Client.download_package`."""
        return await self._run(PackageDownload(artifact, Path(folder), self._contact, progress).run())

    async def upload(
        self, path: Path | str, *, name: str | None = None, progress: OnUploadProgress = unshown
    ) -> UserFileMessage:
        """See `Client.upload`."""
        return await self._run(FileUpload.of(Path(path), name, self._contact, progress).run())

    def files(self, *, page: int = 50) -> AsyncIterator[UserFileMessage]:
        """See `Client.files`."""
        return self._iterate(list_files(page, self._contact))

    async def delete_file(self, sha256: str) -> None:
        """See `Client.delete_file`."""
        await self._call(file_endpoints.delete(sha256))

    def import_events(self, sha256: str, after: int = 0) -> AsyncIterator[ImportItem]:
        """See `Client.import_events`."""
        return self._iterate(followed(sha256, after, self._contact))

    async def predictions(
        self,
        job_id: str,
        inputs: Sequence[Any],
        *,
        activations: bool | Sequence[str] = False,
        file: str | None = None,
        most: int | None = None,
    ) -> tuple[PredictionMessage, ...]:
        """See `Client.predictions`."""
        return await self._call(model_endpoints.predictions(job_id, inputs, activations, file, most))

    async def predict(
        self,
        job_id: str,
        sample: Any,
        *,
        activations: bool | Sequence[str] = True,
        file: str | None = None,
        most: int = 16,
    ) -> PredictionArrays:
        """See `Client.predict`."""
        return await self._call(model_endpoints.predict(job_id, sample, activations, file, most))

    async def interface(self, job_id: str, *, file: str | None = None) -> InterfaceMessage:
        """See `Client.interface`."""
        return await self._call(model_endpoints.interface(job_id, file))

    async def answers(self, job_id: str) -> Answers:
        """See `Client.answers`."""
        return await self._call(model_endpoints.answers(job_id))

    async def explain(
        self,
        job_id: str,
        sample: Any,
        *,
        file: str | None = None,
        size: int | None = None,
        stride: int | None = None,
        baseline: Literal["zero", "mean"] | None = None,
    ) -> ExplanationArrays:
        """See `Client.explain`."""
        options = {"file": file, "size": size, "stride": stride, "baseline": baseline}
        return await self._call(model_endpoints.explain(job_id, sample, **options))

    # Catalogue

    async def validate(self, document: Document) -> ValidationMessage:
        """See `Client.validate`."""
        return await self._call(endpoints.validate(document))

    async def datasets(self) -> list[dict[str, Any]]:
        """See `Client.datasets`."""
        return await self._call(endpoints.listed("datasets"))

    async def dataset(self, name: str) -> dict[str, Any]:
        """See `Client.dataset`."""
        return await self._call(endpoints.dataset(name))

    async def samples(
        self,
        name: str,
        *,
        options: Mapping[str, Any] = endpoints.NO_OPTIONS,
        split: str = "test",
        ids: Sequence[int] | None = None,
        labels: Sequence[str] = (),
        per_class: int | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> SampleList:
        """See `Client.samples`."""
        return await self._call(
            endpoints.samples(
                name,
                options=options,
                split=split,
                ids=ids,
                labels=labels,
                per_class=per_class,
                limit=limit,
                offset=offset,
            )
        )

    async def sheet(
        self,
        name: str,
        ids: Sequence[int],
        *,
        options: Mapping[str, Any] = endpoints.NO_OPTIONS,
        split: str = "test",
    ) -> bytes:
        """See `Client.sheet`."""
        return await self._call(endpoints.sheet(name, ids, options=options, split=split))

    async def layers(self) -> list[dict[str, Any]]:
        """See `Client.layers`."""
        return await self._call(endpoints.listed("layers"))

    async def examples(self) -> list[dict[str, Any]]:
        """See `Client.examples`."""
        return await self._call(endpoints.listed("examples"))

    async def schema(self) -> dict[str, Any]:
        """See `Client.schema`."""
        return await self._call(endpoints.schema())

    async def _call(self, request: Call[T]) -> T:
        return await self._run(call(request, self._contact))

    async def _run(self, flow: Flow[T]) -> T:
        async with AsyncDriver(flow, self._http) as driver:
            return await driver.advance()

    async def _iterate(self, flow: Flow[T | None]) -> AsyncGenerator[T, None]:
        async with AsyncDriver(flow, self._http) as driver:
            while (item := await driver.advance()) is not None:
                yield item
