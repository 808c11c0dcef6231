"""`Client`: calls that block until they are answered."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from quickml.api.artifacts import ArtifactMessage
from quickml.api.files import ImportItem, UserFileMessage
from quickml.api.interface import InterfaceMessage
from quickml.api.jobs import ChangeMessage, JobDetails, JobMessage
from quickml.api.predictions import PredictionMessage
from quickml.client import endpoints, file_endpoints, model_endpoints
from quickml.client.arrays import ExplanationArrays, PredictionArrays
from quickml.client.call import list_files, list_jobs
from quickml.client.catalogue import CatalogueClient
from quickml.client.download.file import FileDownload
from quickml.client.download.package import PackageDownload
from quickml.client.download.progress import OnProgress, ignore
from quickml.client.endpoints import Document
from quickml.client.event_stream import ChangeSubscription, EventSubscription
from quickml.client.film import film, frames
from quickml.client.imports import OnImport, followed, no_import, submitted
from quickml.client.upload.file import FileUpload
from quickml.client.upload.progress import OnUploadProgress
from quickml.client.upload.progress import ignore as unshown
from quickml.events import Event

if TYPE_CHECKING:
    from quickml.answers import Answers
    from quickml.film import Film, FilmFrame

T = TypeVar("T")


class Client(CatalogueClient):
    """A QuickML server. A context manager; calls may come from any thread.

    Calls that fail for a transient reason are retried for `patience_s`, and take effect once. Every call may
    raise `UnreachableError` if the server cannot be reached, and `ServiceError` if it refuses.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    # Jobs

    def submit(
        self, document: Document, *, idempotency_key: str | None = None, on_import: OnImport = no_import
    ) -> JobMessage:
        """Queue a job. It is stored durably when this returns. While the server reads a file, this waits.

        Args:
            document: as an object or as JSON text.
            idempotency_key: makes retries safe: the same key returns the first job. Made up by default.
            on_import: called with what the server does with a file, how much is done, and of how much.

        Raises:
            DocumentError: the document is invalid or exceeds the server's limits.
        """
        return self._run(submitted(document, idempotency_key, self._contact, on_import))

    def job(self, job_id: str) -> JobDetails:
        """One job in its current state; while it is queued, with its place and what it lacks there."""
        return self._call(endpoints.job(job_id))

    def jobs(self, *statuses: str, page: int = 50) -> Iterator[JobMessage]:
        """Your jobs, newest first, optionally filtered by status. `page` is the page size."""
        return self._iterate(list_jobs(statuses, page, self._contact))

    def stop(self, job_id: str) -> JobMessage:
        """Stop training, then export and verify the model as it is. Has no effect on a finished job."""
        return self._call(endpoints.stop(job_id))

    def cancel(self, job_id: str) -> JobMessage:
        """Cancel a job without a result. Has no effect on a finished job."""
        return self._call(endpoints.cancel(job_id))

    def delete(self, job_id: str) -> None:
        """Delete a job and its files; cancels it first if it is running."""
        self._call(endpoints.delete(job_id))

    def events(self, job_id: str, after: int = 0) -> Generator[Event, None, None]:
        """All events of a job as they happen, until its last one. None is repeated or left out.

        Reconnects when the connection breaks, also across a restart of the server. Events are numbered from 1
        without gaps; the first one returned is number `after + 1`.
        """
        return self._iterate(EventSubscription(job_id, after, self._contact).run())

    def changes(self, after: int | None = None) -> Generator[ChangeMessage, None, None]:
        """All events of all of your jobs as they happen, and which jobs are submitted and deleted. No end.

        None is repeated or left out, except for the events of jobs that were deleted meanwhile.

        Args:
            after: the `position` of the last change that is known; 0 begins with the oldest one that is
                stored. By default, with what happens after the first `next`, not after this call.
        """
        return self._iterate(ChangeSubscription(after, self._contact).run())

    def position(self) -> int:
        """The position of the newest change of your jobs; see `changes`.

        To miss nothing, ask for it before you list the jobs, and follow the changes after it.
        """
        return self._call(endpoints.changes_page(None)).position

    def film(self, job_id: str) -> Film:
        """The film of a job's training as far as it is recorded; once the job is ready, all of it.

        Raises:
            ServiceError: there is no film, or not yet.
        """
        return self._run(film(job_id, self._contact))

    def frames(
        self, job_id: str, after: int = -1, *, every_s: float = 0.5
    ) -> Generator[FilmFrame, None, None]:
        """The frames of a job's training as they are recorded, until the job is finished.

        Frames are numbered by completed training steps; the first one returned has a number above `after`.
        Numbers increase, also when the training goes on from a checkpoint. `every_s` is the time between two
        requests while there is nothing new.
        """
        return self._iterate(frames(job_id, after, every_s, self._contact))

    # Files

    def artifacts(self, job_id: str) -> tuple[ArtifactMessage, ...]:
        """A job's files; empty until it is ready."""
        return self._call(endpoints.artifacts(job_id))

    def download(
        self, artifact: ArtifactMessage, folder: Path | str = ".", *, progress: OnProgress = ignore
    ) -> Path:
        """Download a file into a folder. It appears complete and with the right sha256, or not at all.

        Until then its bytes are in a hidden `.part` file beside it; the same call resumes from that, also in
        another process. Concurrent downloads of the same file wait for each other.

        Args:
            artifact: one of `artifacts`.
            folder: created if necessary.
            progress: called often, with a `Progress`.

        Returns:
            The path of the file.

        Raises:
            ResultError: the disk is full or refuses, or a different file has the name.
        """
        return self._run(FileDownload.of(artifact, Path(folder), self._contact, progress).run())

    def download_package(
        self, artifact: ArtifactMessage, folder: Path | str = ".", *, progress: OnProgress = ignore
    ) -> Path:
        """Download the contents of a zipped package file by file. It appears complete, or not at all.

        Otherwise as `download`.

        Raises:
            InputError: the artifact is not a package.
            ResultError: the disk is full or refuses, or something different has the name.
        """
        return self._run(PackageDownload(artifact, Path(folder), self._contact, progress).run())

    # Files of your own

    def upload(
        self, path: Path | str, *, name: str | None = None, progress: OnUploadProgress = unshown
    ) -> UserFileMessage:
        """Upload a file, or nothing if you have uploaded its content before.

        After a lost connection, the upload goes on where it broke; so does the same call in another process,
        for a day. The server checks the SHA-256 of the whole.

        Args:
            path: the file.
            name: what to call it; by default its name on this machine.
            progress: called often, with an `UploadProgress`.

        Raises:
            InputError: the file cannot be read, or changes while it is sent.
            ServiceError: it is too large, or there is no room for it.
        """
        return self._run(FileUpload.of(Path(path), name, self._contact, progress).run())

    def files(self, *, page: int = 50) -> Iterator[UserFileMessage]:
        """The files that you have uploaded, newest first. `page` is the page size."""
        return self._iterate(list_files(page, self._contact))

    def delete_file(self, sha256: str) -> None:
        """Delete a file that you have uploaded; not while a job needs it that is queued or runs."""
        self._call(file_endpoints.delete(sha256))

    def import_events(self, sha256: str, after: int = 0) -> Iterator[ImportItem]:
        """What the server finds while it reads a file, until that is done: progress, and problems."""
        return self._iterate(followed(sha256, after, self._contact))

    # Predictions

    def predictions(
        self,
        job_id: str,
        inputs: Sequence[Any],
        *,
        activations: bool | Sequence[str] = False,
        file: str | None = None,
        most: int | None = None,
    ) -> tuple[PredictionMessage, ...]:
        """What an exported file predicts for each input.

        Args:
            job_id: a job that is ready.
            inputs: at most 64, each an array or list of numbers, the bytes of a PNG or JPEG file, or the
                values of a table's columns by name.
            activations: whether to return the output of every layer, or the names of some layers.
            file: name of the Core ML file or variant that answers, as in `artifacts`; by default the server
                chooses one.
            most: number of maps (or of units of a sequence) that are returned of each layer at most; of
                vectors 64 times as many values. None returns all.

        Raises:
            InputError: an input does not fit the model, or there is no such file or layer.
        """
        return self._call(model_endpoints.predictions(job_id, inputs, activations, file, most))

    def predict(
        self,
        job_id: str,
        sample: Any,
        *,
        activations: bool | Sequence[str] = True,
        file: str | None = None,
        most: int = 16,
    ) -> PredictionArrays:
        """What an exported file predicts for one input, and what its layers compute, as numpy arrays.

        Otherwise as `predictions`, but fast: the input and the values of layers are sent as bytes. Values of
        layers are rounded to 256 steps; probabilities and the output are exact.
        """
        return self._call(model_endpoints.predict(job_id, sample, activations, file, most))

    def interface(self, job_id: str, *, file: str | None = None) -> InterfaceMessage:
        """What a Core ML file of a ready job says about itself; by default that which answers."""
        return self._call(model_endpoints.interface(job_id, file))

    def answers(self, job_id: str) -> Answers:
        """What the trained model answers to every test sample, and which of them other weights change.

        Args:
            job_id: a job that is ready.

        Raises:
            ServiceError: there is no such job, or it is not ready or was trained by an older server.
            AnswersError: the answers are damaged.
        """
        return self._call(model_endpoints.answers(job_id))

    def explain(
        self,
        job_id: str,
        sample: Any,
        *,
        file: str | None = None,
        size: int | None = None,
        stride: int | None = None,
        baseline: Literal["zero", "mean"] | None = None,
    ) -> ExplanationArrays:
        """Hide parts of an input one after the other, and see how each output of the model changes.

        Args:
            job_id: a job that is ready.
            sample: an array or list of numbers, or the bytes of a PNG or JPEG file.
            file: see `predictions`.
            size: side of a patch in pixels, or number of steps of a sequence, of tokens, or of features. By
                default a 7th of a picture, a 14th of a sequence, and one token or feature.
            stride: from one part to the next; by default half of `size`.
            baseline: what replaces a part. `zero`: black, the token 0 or the number 0. `mean`: the mean
                colour of the picture, or the mean of each feature in the training samples. By default `mean`
                if there is one, except for gray pictures.

        Raises:
            InputError: the input or an option does not fit the model.
        """
        options = {"file": file, "size": size, "stride": stride, "baseline": baseline}
        return self._call(model_endpoints.explain(job_id, sample, **options))
