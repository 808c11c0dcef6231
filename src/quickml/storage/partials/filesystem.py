"""Partial files in a folder: `<root>/upl_01J...`. The length of a file is the offset of its upload."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quickml.errors import ArtifactError, DiskFullError, UploadNotFoundError
from quickml.files.digest import Digest, digest
from quickml.files.durable import sync
from quickml.storage.addresses import partial_stores
from quickml.storage.artifacts.filesystem import FilesystemArtifactStore
from quickml.storage.artifacts.store import ArtifactStore
from quickml.storage.partials.store import PartialStore

PREFIX = "upl_"
"""How the id of an upload begins."""
_FULL = frozenset(getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG") if hasattr(errno, name))


@partial_stores.opens("file")
def opened(address: str, folder: Path) -> PartialStore:  # noqa: ARG001
    """The store in a folder of this server, beside finished files in another one."""
    return FilesystemPartialStore(folder)


class FilesystemPartialWriter:
    """The `PartialWriter` of an open file. Writes are unbuffered, so a killed process loses nothing."""

    def __init__(self, descriptor: int, root: Path) -> None:
        self._descriptor, self._root = descriptor, root
        self.size_bytes = os.fstat(descriptor).st_size

    def append(self, content: bytes | bytearray | memoryview) -> None:
        """See `PartialWriter`."""
        with memoryview(content) as rest, _translated(self._root):
            written = 0
            while written < len(rest):
                written += os.write(self._descriptor, rest[written:])
                self.size_bytes = os.fstat(self._descriptor).st_size

    def sync(self) -> None:
        """See `PartialWriter`."""
        with _translated(self._root):
            os.fsync(self._descriptor)


class FilesystemPartialStore:
    """The `PartialStore` in a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        with _translated(root):
            root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def create(self, upload_id: str) -> None:
        """See `PartialStore`."""
        with _translated(self._root):
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self._path(upload_id), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            sync(self._root)

    def size(self, upload_id: str) -> int:
        """See `PartialStore`."""
        with self.writer(upload_id) as writer:
            writer.sync()  # a server that was killed had no time to
            return writer.size_bytes

    @contextmanager
    def writer(self, upload_id: str) -> Iterator[FilesystemPartialWriter]:
        """See `PartialStore`."""
        with _translated(self._root, upload_id):
            flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)
            descriptor = os.open(self._path(upload_id), flags)
        try:
            yield FilesystemPartialWriter(descriptor, self._root)
        finally:
            os.close(descriptor)

    def beginning(self, upload_id: str, most_bytes: int) -> tuple[bytes, int]:
        """See `PartialStore`."""
        with _translated(self._root, upload_id), self._path(upload_id).open("rb") as stream:
            return stream.read(most_bytes), os.fstat(stream.fileno()).st_size

    def digest(self, upload_id: str) -> Digest:
        """See `PartialStore`."""
        with _translated(self._root, upload_id), self._path(upload_id).open("rb") as stream:
            return digest(stream)

    def move(self, upload_id: str, checksums: Digest, artifacts: ArtifactStore) -> None:
        """See `PartialStore`."""
        path = self._path(upload_id)
        with _translated(self._root, upload_id):
            if isinstance(artifacts, FilesystemArtifactStore) and _same_device(path, artifacts.root):
                artifacts.adopt(path, checksums)  # renamed: gigabytes need not be copied
            else:
                artifacts.put(path)
                path.unlink()
            sync(self._root)

    def remove(self, upload_id: str) -> None:
        """See `PartialStore`."""
        with _translated(self._root):
            self._path(upload_id).unlink(missing_ok=True)

    def ids(self) -> set[str]:
        """See `PartialStore`."""
        with _translated(self._root):
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            return {path.name for path in self._root.iterdir() if path.name.startswith(PREFIX)}

    def _path(self, upload_id: str) -> Path:
        return self._root / checked_id(upload_id)


def checked_id(upload_id: str) -> str:
    """Check a text from outside, so that it can be used in a path or key. Raises UploadNotFoundError."""
    if "/" in upload_id or os.sep in upload_id or not upload_id.startswith(PREFIX):
        raise UploadNotFoundError(upload_id)
    return upload_id


def _same_device(path: Path, folder: Path) -> bool:
    return path.stat().st_dev == folder.stat().st_dev


@contextmanager
def _translated(root: Path, upload_id: str | None = None) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        if upload_id is not None:
            raise UploadNotFoundError(upload_id) from None
        raise ArtifactError(f"{root}: expected a folder for uploads, found none") from error
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFullError(needed_bytes=1, free_bytes=_free_bytes(root)) from error
        raise ArtifactError(f"{root}: an upload cannot be stored ({error.strerror})") from error


def _free_bytes(root: Path) -> int:
    try:
        return shutil.disk_usage(root).free
    except OSError:
        return 0
