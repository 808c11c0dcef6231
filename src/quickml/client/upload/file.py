"""The upload of one file, which resumes where the server has lost the connection."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Self

from quickml.api.files import BegunUpload, UploadMessage, UserFileMessage
from quickml.client import file_endpoints
from quickml.client.flow import Flow, Outgoing, ResponseHead, receive_body, run_steps
from quickml.client.problems import refusal
from quickml.client.retry import Contact, Retry
from quickml.client.upload.local import LocalFile
from quickml.client.upload.progress import OnUploadProgress, Uploading, UploadProgress, ignore
from quickml.errors import InputError, QuickMLError, ServiceError, UnreachableError

CREATED, NOT_FOUND, CONFLICT, TOO_LARGE, UNPROCESSABLE = 201, 404, 409, 413, 422
MIN_REQUEST_BYTES = 256 << 10
"""A proxy that refuses even this is not worth another try."""
MAX_RESTARTS = 2
"""Give up after this many uploads whose content arrived incomplete or damaged."""


class FileUpload:
    """One upload. Its state is on the server, which knows it by the SHA-256 of the file.

    So another process can continue it, and after a lost connection one request tells what is missing.
    """

    def __init__(
        self, file: LocalFile, name: str, contact: Contact, on_progress: OnUploadProgress = ignore
    ) -> None:
        self._file, self._name, self._on_progress = file, name, on_progress
        self._retry = Retry(contact)
        self._most_bytes = self._sent_bytes = self._restarts = 0
        self._request_bytes: int | None = None
        """Most bytes of one request; None is no limit."""

    @classmethod
    def of(cls, path: Path, name: str | None, contact: Contact, on_progress: OnUploadProgress) -> Self:
        """The upload of a file under its own name, or another one."""
        return cls(LocalFile(path), path.name if name is None else name, contact, on_progress)

    def run(self) -> Flow[UserFileMessage]:
        """The file as the server has it.

        Raises:
            InputError: the file cannot be read, or has changed while it was sent.
            ServiceError: the server refuses.
        """
        yield from run_steps(self._file.hash(), partial(self._report, "reading"))
        found = yield from self._retry.until_done(self._send)
        if found.sha256 != self._file.sha256:
            raise self._error(f"sha256 {self._file.sha256}", found.sha256)
        self._report("done", self._file.size_bytes)
        return found

    def _send(self) -> Flow[UserFileMessage]:
        """Ask what is missing, and send it."""
        begun = yield from self._begin()
        if begun.file is not None:
            return begun.file
        if begun.upload is None:
            raise self._error("a file or an upload", "neither")
        offset = self._checked(begun.upload.offset)
        while True:
            stop = self._stop(offset)
            head, body = yield from self._append(begun.upload, offset, stop)
            if head.status == CREATED:
                return file_endpoints.file_of(body)
            if not 200 <= head.status < 300:
                raise self._refused(head, body, stop - offset)
            offset = self._checked(stop)

    def _begin(self) -> Flow[BegunUpload]:
        call = file_endpoints.begin(self._name, self._file.size_bytes, self._file.sha256)
        head = yield from self._retry.send(call)
        body = yield from receive_body(head, call)
        if not 200 <= head.status < 300:
            error = refusal(head.status, head.headers, body)
            is_busy = head.status == CONFLICT  # all has arrived before, and is being stored
            raise UnreachableError(str(error), was_sent=True) if is_busy else error
        return call.result(body)

    def _append(self, upload: UploadMessage, start: int, stop: int) -> Flow[tuple[ResponseHead, bytes]]:
        sent = start

        def on_sent(count: int) -> None:
            nonlocal sent
            sent += count
            self._sent_bytes += count
            self._report("sending", sent)

        is_last = stop == self._file.size_bytes
        call = file_endpoints.append(upload.id, start, stop - start, is_last=is_last)
        body = Outgoing(pieces=lambda: self._file.pieces(start, stop), on_sent=on_sent)
        head = yield from self._retry.send(call, body=body)
        return head, (yield from receive_body(head, call))

    def _stop(self, offset: int) -> int:
        """Where the next request ends."""
        most = self._request_bytes
        return self._file.size_bytes if most is None else min(offset + most, self._file.size_bytes)

    def _checked(self, offset: int) -> int:
        """Note how much has arrived at the server."""
        if not 0 <= offset <= self._file.size_bytes:
            raise self._error(f"an offset up to {self._file.size_bytes:,}", f"{offset:,}")
        if offset > self._most_bytes:
            self._most_bytes = offset
            self._retry.backoff.renew()
        self._report("sending", offset)
        return offset

    def _refused(self, head: ResponseHead, body: bytes, count: int) -> QuickMLError:
        """The error of a response; one that is worth another try where the upload can go on."""
        error = refusal(head.status, head.headers, body)
        if not isinstance(error, ServiceError):
            return error
        if head.status == CONFLICT:
            return UnreachableError(str(error), was_sent=True)
        if head.status == TOO_LARGE and not error.kind and count > MIN_REQUEST_BYTES:  # of a proxy
            self._request_bytes = max(MIN_REQUEST_BYTES, count // 8)
            return UnreachableError(str(error), was_sent=True)
        if head.status in (NOT_FOUND, UNPROCESSABLE) and self._restarts < MAX_RESTARTS:
            self._restarts += 1
            self._most_bytes = 0
            return UnreachableError(str(error), was_sent=True)
        if error.kind == "digest":
            return InputError(f"{self._file.path}: {error}")
        return error

    def _error(self, expected: str, found: str) -> ServiceError:
        return ServiceError(f"{self._name}: expected {expected}, found {found}")

    def _report(self, doing: Uploading, done_bytes: int) -> None:
        self._on_progress(
            UploadProgress(
                name=self._name, size_bytes=self._file.size_bytes, done_bytes=done_bytes,
                sent_bytes=self._sent_bytes, doing=doing,
            )
        )  # fmt: skip
