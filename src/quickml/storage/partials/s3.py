"""Partial files in a bucket, so that any server can go on with an upload.

What was appended between two syncs is one object, `<prefix>/uploads/upl_01J.../<offset>`, named after the
offset at which it begins. An offset has one object for ever: of two servers that append at the same place,
the second one fails. A server also has what it knows of a file in a folder. It fetches what others have
appended before it appends, and before it reads the file.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from quickml.errors import ArtifactError, BusyUploadError, QuickMLError, UploadNotFoundError
from quickml.files.digest import PART_BYTES, Digest
from quickml.storage.addresses import partial_stores
from quickml.storage.artifacts.s3 import S3ArtifactStore
from quickml.storage.artifacts.store import ArtifactStore
from quickml.storage.bucket import CHUNK_BYTES, Bucket, Location
from quickml.storage.partials.filesystem import (
    PREFIX,
    FilesystemPartialStore,
    FilesystemPartialWriter,
    checked_id,
)
from quickml.storage.partials.store import PartialStore

FOLDER = "uploads"
BEGINNING = "begun"
"""The object that an upload begins with; it is empty."""


@partial_stores.opens("s3")
def opened(address: str, folder: Path) -> PartialStore:
    """The store at `s3://bucket/prefix`, beside that of the finished files."""
    return S3PartialStore(Bucket(Location.of(address)), folder)


class S3PartialWriter:
    """The `PartialWriter` of a file in the folder. What was synced is in the bucket, too."""

    def __init__(self, writer: FilesystemPartialWriter, bucket: Bucket, upload_id: str, path: Path) -> None:
        self._writer, self._bucket, self._upload_id, self._path = writer, bucket, upload_id, path
        self.synced_bytes = writer.size_bytes

    @property
    def size_bytes(self) -> int:
        """See `PartialWriter`."""
        return self._writer.size_bytes

    def append(self, content: bytes | bytearray | memoryview) -> None:
        """See `PartialWriter`."""
        self._writer.append(content)

    def sync(self) -> None:
        """See `PartialWriter`.

        Raises:
            BusyUploadError: another server has appended at the same place.
        """
        while self.synced_bytes < self.size_bytes:
            piece = self._piece()
            if not self._bucket.put(_key(self._upload_id, _name(self.synced_bytes)), piece, is_new=True):
                raise BusyUploadError(expected=self.synced_bytes, found=self.synced_bytes)
            self.synced_bytes += len(piece)

    def _piece(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                file.seek(self.synced_bytes)
                return file.read(CHUNK_BYTES)
        except FileNotFoundError:
            raise UploadNotFoundError(self._upload_id) from None  # it was discarded
        except OSError as error:
            raise ArtifactError(f"{self._path}: an upload cannot be read ({error.strerror})") from error


class S3PartialStore:
    """The `PartialStore` in a bucket."""

    def __init__(self, bucket: Bucket, root: Path) -> None:
        """`root` is a folder of this server alone. It is emptied: it may have what was not synced."""
        shutil.rmtree(root, ignore_errors=True)
        self._bucket, self._root, self._here = bucket, root, FilesystemPartialStore(root)

    def create(self, upload_id: str) -> None:
        """See `PartialStore`."""
        if not self._bucket.put(_key(upload_id, BEGINNING), b"", is_new=True):
            raise ArtifactError(f"{self._bucket.name}: expected no upload {upload_id}, found one")

    def size(self, upload_id: str) -> int:
        """See `PartialStore`."""
        return sum(size for _, size in self._pieces(upload_id))

    @contextmanager
    def writer(self, upload_id: str) -> Iterator[S3PartialWriter]:
        """See `PartialStore`."""
        path = self._fetched(upload_id)
        with self._here.writer(upload_id) as writer:
            mine = S3PartialWriter(writer, self._bucket, upload_id, path)
            try:
                yield mine
            finally:
                with suppress(QuickMLError):  # an error of the block is the more important one
                    mine.sync()
                with suppress(OSError):  # it was discarded
                    os.truncate(path, mine.synced_bytes)

    def beginning(self, upload_id: str, most_bytes: int) -> tuple[bytes, int]:
        """See `PartialStore`."""
        pieces, start = self._pieces(upload_id), b""
        for offset, size in pieces:
            if len(start) < most_bytes:
                start += self._got(upload_id, offset, 0, min(size, most_bytes - len(start)))
        return start, sum(size for _, size in pieces)

    def digest(self, upload_id: str) -> Digest:
        """See `PartialStore`."""
        self._fetched(upload_id)
        return self._here.digest(upload_id)

    def move(self, upload_id: str, checksums: Digest, artifacts: ArtifactStore) -> None:
        """See `PartialStore`."""
        path = self._fetched(upload_id)
        if isinstance(artifacts, S3ArtifactStore):
            artifacts.put_known(path, checksums)
        else:
            artifacts.put(path)
        self.remove(upload_id)

    def remove(self, upload_id: str) -> None:
        """See `PartialStore`. The beginning at the end, so that what is left of it is found again."""
        keys = self._bucket.sizes(f"{FOLDER}/{checked_id(upload_id)}")
        self._bucket.delete([key for key in keys if not key.endswith(BEGINNING)])
        self._bucket.delete([key for key in keys if key.endswith(BEGINNING)])
        self._here.remove(upload_id)

    def ids(self) -> set[str]:
        """See `PartialStore`. Of an upload that another server has ended, a copy may be here."""
        names = {key.removeprefix(f"{FOLDER}/").partition("/")[0] for key in self._bucket.sizes(FOLDER)}
        return {name for name in names if name.startswith(PREFIX)} | self._here.ids()

    def _pieces(self, upload_id: str) -> list[tuple[int, int]]:
        """Offset and size of the objects of an upload, in order, up to a gap."""
        found = self._bucket.sizes(f"{FOLDER}/{checked_id(upload_id)}")
        sizes = {key.rpartition("/")[2]: size for key, size in found.items()}
        if BEGINNING not in sizes:
            raise UploadNotFoundError(upload_id)
        pieces, end = [], 0
        while size := sizes.get(_name(end)):
            pieces.append((end, size))
            end += size
        return pieces

    def _fetched(self, upload_id: str) -> Path:
        """The file in the folder, brought to what is in the bucket, which alone decides."""
        pieces, path = self._pieces(upload_id), self._root / upload_id
        if not path.exists():
            self._here.create(upload_id)
        with self._here.writer(upload_id) as writer:
            for offset, size in pieces:
                for start in range(max(0, writer.size_bytes - offset), size, PART_BYTES):
                    writer.append(self._got(upload_id, offset, start, min(start + PART_BYTES, size)))
        return path

    def _got(self, upload_id: str, offset: int, start: int, stop: int) -> bytes:
        try:
            content = self._bucket.get(_key(upload_id, _name(offset)), start, stop)
        except FileNotFoundError:
            raise UploadNotFoundError(upload_id) from None
        if len(content) != stop - start:
            raise ArtifactError(f"{self._bucket.name}: a part of {upload_id} is shorter than it was")
        return content


def _key(upload_id: str, name: str) -> str:
    return f"{FOLDER}/{checked_id(upload_id)}/{name}"


def _name(offset: int) -> str:
    return f"{offset:016d}"
