"""The port: where the bytes of an upload are until all of them have arrived."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from quickml.files.digest import Digest
from quickml.storage.artifacts.store import ArtifactStore


class PartialWriter(Protocol):
    """Appends to one partial file. One writer at a time; the caller takes care of that."""

    @property
    def size_bytes(self) -> int:
        """How many bytes were appended so far, by all writers of the file."""

    def append(self, content: bytes | bytearray | memoryview) -> None:
        """Append bytes. If this fails, none or some of them were appended, and `size_bytes` says how many."""

    def sync(self) -> None:
        """Wait until everything that was appended is durable. Only then may a client be told of it."""


class PartialStore(Protocol):
    """Partial files, by the id of their upload.

    Every method may raise `ArtifactError` when the storage fails, `DiskFullError` when there is no room, and
    `UploadNotFoundError` when there is no such file.
    """

    def create(self, upload_id: str) -> None:
        """Begin a file. It is durable when this returns."""

    def size(self, upload_id: str) -> int:
        """How many bytes of a file are there. All of them are durable when this returns."""

    def writer(self, upload_id: str) -> AbstractContextManager[PartialWriter]:
        """Append to a file."""

    def beginning(self, upload_id: str, most_bytes: int) -> tuple[bytes, int]:
        """The first bytes of a file, which may still grow, and its length."""

    def digest(self, upload_id: str) -> Digest:
        """Read a file and compute its checksums."""

    def move(self, upload_id: str, checksums: Digest, artifacts: ArtifactStore) -> None:
        """Put a file with these checksums into the artifact store, and remove it here.

        After a crash, the file is either still here or in the artifact store.
        """

    def remove(self, upload_id: str) -> None:
        """Remove a file now; no error if there is none."""

    def ids(self) -> set[str]:
        """The ids of all files that are there."""
