"""The download of one file, which appears once all of it is on disk with the right sha256."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import Self

from quickml.api.artifacts import ArtifactMessage
from quickml.client import endpoints
from quickml.client.download.disk import ExpectedFile, check_room, disk_errors, hash_pieces, is_there, take
from quickml.client.download.names import check_plain
from quickml.client.download.partial import PartialFile
from quickml.client.download.progress import Doing, DownloadProgress, OnProgress, ignore
from quickml.client.download.range_answer import NOT_FOUND, NOT_SATISFIABLE, PARTIAL, WHOLE, mismatch
from quickml.client.download.repair import MAX_LIST_BYTES, Repair
from quickml.client.flow import Flow, receive, receive_body, run_blocking, run_steps
from quickml.client.problems import refusal
from quickml.client.request import Call
from quickml.client.retry import Contact, Retry
from quickml.errors import ServiceError, UnreachableError
from quickml.files.lock import Lock

MAX_MISMATCHES = 2
"""After this many responses in a row with other bytes than were asked for, such as those of a captive portal,
ask for the whole file, once."""


class FileDownload:
    """One download. Its state between two processes is a `PartialFile`."""

    def __init__(
        self, expected: ExpectedFile, path: Path, contact: Contact, on_progress: OnProgress = ignore
    ) -> None:
        self._expected, self._path, self._on_progress = expected, path, on_progress
        self._partial = PartialFile(path, expected)
        self._retry = Retry(contact)
        self._repair: Repair | None = None
        self._hash = hashlib.sha256()
        self._mismatches = 0
        self._has_restarted = self._has_begun_anew = False
        self._fetched_bytes = self._most_bytes = 0

    @classmethod
    def of(
        cls, artifact: ArtifactMessage, folder: Path, contact: Contact, on_progress: OnProgress = ignore
    ) -> Self:
        """The download of an artifact into a folder.

        Raises:
            ServiceError: its name is not a plain file name.
        """
        check_plain(artifact.name)
        expected = ExpectedFile(name=artifact.name, sha256=artifact.sha256, size_bytes=artifact.size_bytes)
        return cls(expected, folder / artifact.name, contact, on_progress)

    def run(self) -> Flow[Path]:
        """The path of the file, once it is there.

        Raises:
            ResultError: the disk is full or refuses, or a different file has the name.
            ServiceError: the server refuses, or its bytes do not have the right sha256.
        """
        lock = Lock(self._path.with_name(f".{self._path.name}.lock"))
        with disk_errors(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield from take(lock, self._path, on_wait=lambda: self._report("waiting", 0))
            if (yield from is_there(self._path, self._expected)):
                yield from run_blocking(self._partial.discard)
            else:
                yield from self._complete()
                yield from run_blocking(self._partial.publish)
            self._report("fetching" if self._fetched_bytes else "checking", self._expected.size_bytes)
            return self._path
        finally:
            try:
                self._partial.close()
            finally:
                lock.release()

    def _complete(self) -> Flow[None]:
        """Fetch what is missing, and repair what is wrong, until the sha256 is right."""
        yield from run_blocking(self._partial.open)
        check_room(self._path, self._partial.missing_bytes)
        yield from self._read()
        self._most_bytes = self._partial.size_bytes
        while True:
            while not self._has_all:
                yield from self._retry.until_done(self._fetch)
            if self._repair is not None:
                yield from self._read()
            if self._hash.hexdigest() == self._expected.sha256:
                return
            if self._repair is not None:
                self._partial.discard()
                raise self._wrong_sha256()
            self._repair = Repair(self._expected, self._partial)

    def _read(self) -> Flow[None]:
        """Compute the sha256 of what is on disk."""
        self._hash = hashlib.sha256()
        steps = hash_pieces(self._hash, self._partial.pieces())
        yield from run_steps(steps, partial(self._report, "checking"))

    @property
    def _has_all(self) -> bool:
        return self._partial.is_whole if self._repair is None else self._repair.is_done

    # One request

    def _fetch(self) -> Flow[None]:
        """Send one request for what is missing, and take its response."""
        if self._repair is not None and not self._repair.has_list:
            yield from self._fetch_list(self._repair)
            return
        try:
            yield from self._request()
            if self._repair is None:
                yield from self._receive_rest()
            else:
                yield from self._receive_part(self._repair)
        except UnreachableError:
            if self._repair is None and self._partial.is_whole:
                return  # only the end of the response was lost
            if self._repair is None and self._partial.size_bytes:
                yield from run_blocking(self._partial.sync)
            raise

    def _request(self) -> Flow[None]:
        """Ask for the next bytes, and check that the response holds them."""
        call = self._call()
        head = yield from self._retry.send(call)
        if head.status not in (WHOLE, PARTIAL):
            body = yield from receive_body(head, call)
            if head.status == NOT_SATISFIABLE and self._partial.size_bytes:
                raise self._start_over(self._error("status 206", "status 416"))
            raise refusal(head.status, head.headers, body)
        if found := mismatch(head, self._span, self._expected.size_bytes):
            self._mismatches += 1
            if self._mismatches > MAX_MISMATCHES:
                raise self._error(*found)
            raise self._transient(*found)
        self._mismatches = 0
        if head.status == WHOLE:
            self._begin_anew(head.headers.get("etag"))

    def _call(self) -> Call[None]:
        ask_for_all = self._mismatches == MAX_MISMATCHES
        if self._repair is not None and not ask_for_all:
            return self._repair.call()
        first, etag = 0 if ask_for_all else self._partial.size_bytes, self._partial.etag
        return endpoints.file(self._expected.sha256, self._expected.name, first=first, etag=etag)

    @property
    def _span(self) -> tuple[int, int]:
        """First and last byte to ask for."""
        return (
            self._repair.span if self._repair else (self._partial.size_bytes, self._expected.size_bytes - 1)
        )

    def _receive_rest(self) -> Flow[None]:
        """Append the response, up to the size of the file: the sha256 decides whether it is right."""
        while chunk := (yield from receive()):
            if self._partial.is_whole:
                return
            self._fetched_bytes += len(chunk)
            wanted = chunk[: self._partial.missing_bytes]
            self._partial.write(wanted)
            self._hash.update(wanted)
            if self._partial.size_bytes > self._most_bytes:
                self._most_bytes = self._partial.size_bytes
                self._retry.backoff.renew()
            self._report_fetch()
        if not self._partial.is_whole:  # a proxy may end a response early without an error
            raise self._transient(f"{self._expected.size_bytes:,} bytes", f"{self._partial.size_bytes:,}")

    # Repair

    def _fetch_list(self, repair: Repair) -> Flow[None]:
        """Fetch the sha256 of every part, and compare them with what is on disk."""
        call = endpoints.parts(self._expected.sha256)
        head = yield from self._retry.send(call)
        if head.status != WHOLE:
            body = yield from receive_body(head, call)
            if head.status == NOT_FOUND:  # a server without this route
                raise self._start_over(self._wrong_sha256())
            raise refusal(head.status, head.headers, body)
        body = yield from self._receive_up_to(MAX_LIST_BYTES)
        try:
            is_list = repair.take_list(body)
        except ServiceError:
            raise self._start_over(self._wrong_sha256()) from None
        if not is_list:
            raise self._transient("checksums of its parts", "something else")
        self._retry.backoff.renew()  # before the comparison, which may take minutes
        yield from run_steps(repair.compare(), lambda _: self._report_fetch())

    def _receive_part(self, repair: Repair) -> Flow[None]:
        first, last = repair.span
        part = yield from self._receive_up_to(last + 1 - first)
        if not repair.take_part(part):
            raise self._transient(f"intact bytes {first:,} to {last:,}", "damaged ones")
        self._retry.backoff.renew()

    def _receive_up_to(self, limit_bytes: int) -> Flow[bytes]:
        """The response body; a larger one is cut off somewhere behind the limit."""
        body = bytearray()
        while len(body) <= limit_bytes and (chunk := (yield from receive())):
            body += chunk
            self._fetched_bytes += len(chunk)
            self._report_fetch()
        return bytes(body)

    # Starting over

    def _begin_anew(self, etag: str | None) -> None:
        """The response is the whole file, whatever was asked for."""
        if self._repair is not None:
            self._count_restart(self._error("a part of the file", "the whole file"))
        if self._most_bytes and not self._has_begun_anew:  # each time would be progress in circles
            self._has_begun_anew, self._most_bytes = True, 0
        self._reset()
        self._partial.set_etag(etag)

    def _start_over(self, error: ServiceError) -> UnreachableError:
        """Discard everything, once: the error with which to retry."""
        self._count_restart(error)
        self._reset()
        self._most_bytes = 0
        return UnreachableError(str(error), was_sent=True)

    def _count_restart(self, error: ServiceError) -> None:
        if self._has_restarted:
            self._partial.discard()
            raise error
        self._has_restarted = True

    def _reset(self) -> None:
        self._partial.restart()
        self._repair, self._hash = None, hashlib.sha256()

    # Errors and progress

    def _wrong_sha256(self) -> ServiceError:
        return self._error(f"sha256 {self._expected.sha256}", self._hash.hexdigest())

    def _transient(self, expected: str, found: str) -> UnreachableError:
        return UnreachableError(str(self._error(expected, found)), was_sent=True)

    def _error(self, expected: str, found: str) -> ServiceError:
        return ServiceError(f"{self._expected.name}: expected {expected}, found {found}")

    def _report_fetch(self) -> None:
        if self._repair is None:
            self._report("fetching", self._partial.size_bytes)
        else:
            self._report("repairing", self._partial.size_bytes - self._repair.missing_bytes)

    def _report(self, doing: Doing, done_bytes: int) -> None:
        self._on_progress(
            DownloadProgress(
                name=self._expected.name, size_bytes=self._expected.size_bytes, done_bytes=done_bytes,
                fetched_bytes=self._fetched_bytes, doing=doing,
            )
        )  # fmt: skip
