"""`Client`: calls that wait."""

from __future__ import annotations

import ssl
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager
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
from quickml.client.transport import SILENCE_S, TIMEOUT_S, answer, arguments, options, unreachable
from quickml.events import Event
from quickml.settings.remote import remote

T = TypeVar("T")


class Client:
    """A server, from afar. A context, or to be closed; any thread may call.

    What fails on its way is tried again for `patience_s`, and never done twice for that. Every call may raise
    `UnreachableError` when it does not get through, and `ServiceError` when the server refuses.
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
        """Connect to nothing yet.

        Args:
            server: URL; `QUICKML_SERVER`, or http://127.0.0.1:8000, where left out.
            token: `QUICKML_TOKEN` where left out.
            patience_s: how long to try again, once the server has answered at all.
            timeout_s: how long a server may be silent in the middle of an answer.
            verify: for https; a context that knows a certificate of one's own.
            on_retry: is called with an error and a number of seconds, before waiting so long to try again.

        Raises:
            SettingsError: the server or the token can be none.
        """
        self._remote = remote(server, token)
        self._contact, self._timeout_s = Contact(patience_s, on_retry), timeout_s
        self._http = httpx.Client(**options(self._remote, timeout_s=timeout_s, verify=verify))

    @property
    def server(self) -> str:
        """Its URL."""
        return self._remote.server

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all connections."""
        self._http.close()

    # Jobs

    def submit(self, document: Document, *, idempotency_key: str | None = None) -> Job:
        """Queue a job; it is stored when this returns. The same key gives the first job again.

        Raises:
            SpecError: the document is wrong, or beyond the server's limits.
        """
        return self._call(endpoints.submit(document, idempotency_key))

    def job(self, job_id: str) -> Job:
        """One job, as it stands."""
        return self._call(endpoints.job(job_id))

    def jobs(self, *statuses: str, page: int = 50) -> Iterator[Job]:
        """One's own jobs, newest first, of these statuses or all; asked for in pages, as they are taken."""
        cursor: str | None = None
        while True:
            found = self._call(endpoints.jobs(statuses, page, cursor))
            yield from found.jobs
            cursor = found.next
            if cursor is None:
                return

    def stop(self, job_id: str) -> Job:
        """Stop training, and keep and compile what was learned; for a finished job nothing changes."""
        return self._call(endpoints.stop(job_id))

    def cancel(self, job_id: str) -> Job:
        """Give a job up; for a finished one nothing changes."""
        return self._call(endpoints.cancel(job_id))

    def delete(self, job_id: str) -> None:
        """Remove a job and its files; one that runs is given up."""
        self._call(endpoints.delete(job_id))

    def events(self, job_id: str, after: int = 0) -> Generator[Event, None, None]:
        """Everything a job tells, as it happens, to its last event: none twice, none left out.

        Connections that break are made again, also across a restart of the server. Events are numbered from 1
        without gaps: the first one here is number `after + 1`.
        """
        following = Following(job_id, after, self._contact)
        while not following.is_over:
            try:
                with self._stream(following.call(), silence_s=SILENCE_S) as response:
                    if following.accept(response.status_code, response.headers.get("content-type", "")):
                        for content in response.iter_bytes():
                            yield from following.feed(content)
                            if not following.is_open:
                                break
                    else:
                        following.refuse(answer(response))
            except httpx.RequestError as error:
                following.lose(unreachable(error, self.server))
            time.sleep(following.pause_s())

    # Files

    def artifacts(self, job_id: str) -> tuple[Artifact, ...]:
        """A job's files; none before it is ready."""
        return self._call(endpoints.artifacts(job_id))

    def download(
        self, artifact: Artifact, folder: Path | str = ".", *, progress: OnProgress = untold
    ) -> Path:
        """Fetch a file into a folder; it appears there whole and with the right sha256, or not at all.

        What has come stays beside its place, as a hidden `.part`, until the file is whole: the same call goes
        on from there, also in another process. Two that fetch the same file at once wait for each other.

        Args:
            artifact: of `artifacts`.
            folder: is made where there is none.
            progress: is called with a `Progress`, often.

        Raises:
            ResultError: the disk refuses or is full, or another file has its name.
        """
        return self._land(
            Landing(content_of(artifact), Path(folder) / artifact.name, self._contact, progress)
        )

    def download_package(
        self, artifact: Artifact, folder: Path | str = ".", *, progress: OnProgress = untold
    ) -> Path:
        """Fetch what is in a package's zip, file by file: the package appears whole, or not at all.

        The rest is as with `download`.

        Raises:
            InputError: it is no package.
            ResultError: the disk refuses or is full, or something else has its name.
        """
        with Parcel(artifact, Path(folder), self._contact, progress) as parcel:
            _work(parcel)
            for landing in parcel.landings():
                self._land(landing)
            _work(parcel)
        return parcel.path

    def _land(self, landing: Landing) -> Path:
        with landing:
            while not _work(landing):
                try:
                    with self._stream(landing.call()) as response:
                        if landing.accept(response.status_code, response.headers):
                            for content in response.iter_raw():
                                if not landing.is_open:
                                    break
                                landing.write(content)
                            landing.finish()
                        else:
                            landing.refuse(answer(response))
                except httpx.RequestError as error:
                    landing.lose(unreachable(error, self.server))
                time.sleep(landing.pause_s())
        return landing.path

    def predictions(
        self, job_id: str, inputs: Sequence[Any], *, activations: bool | Sequence[str] = False
    ) -> tuple[Prediction, ...]:
        """What the delivered file answers to each input: numbers, or the bytes of a PNG or JPEG file.

        Args:
            job_id: of a job that is ready.
            inputs: at most 64.
            activations: whether to show what every layer gives, or the names of some.

        Raises:
            InputError: one does not fit the model.
        """
        return self._call(endpoints.predictions(job_id, inputs, activations))

    # What can be asked for

    def validate(self, document: Document) -> Validation:
        """What a document means, or every problem with it; nothing is trained."""
        return self._call(endpoints.validate(document))

    def datasets(self) -> list[dict[str, Any]]:
        """Every dataset."""
        return self._call(endpoints.listed("datasets"))

    def dataset(self, name: str) -> dict[str, Any]:
        """One dataset, with its options as JSON Schema and some of its samples."""
        return self._call(endpoints.dataset(name))

    def layers(self) -> list[dict[str, Any]]:
        """Every layer, with its arguments as JSON Schema."""
        return self._call(endpoints.listed("layers"))

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of a document."""
        return self._call(endpoints.schema())

    # The way there

    def _call(self, call: Call[T]) -> T:
        exchange = Exchange(call, self._contact)
        while not exchange.is_over:
            try:
                with self._stream(call) as response:
                    exchange.accept(answer(response))
            except httpx.RequestError as error:
                exchange.lose(unreachable(error, self.server))
            time.sleep(exchange.pause_s())
        return exchange.result

    def _stream(
        self, call: Call[Any], silence_s: float | None = None
    ) -> AbstractContextManager[httpx.Response]:
        timeout = httpx.Timeout(self._timeout_s, read=silence_s or self._timeout_s)
        return self._http.stream(**arguments(call), timeout=timeout)


def _work(subject: Landing | Parcel) -> bool:
    """Do what needs no network; whether it is over then."""
    while (pause_s := subject.work()) is not None:
        subject.tell()
        time.sleep(pause_s)
    subject.tell()
    return subject.is_over
