"""The download of a package, file by file; its folder appears once it is complete."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from quickml.api.artifacts import ArtifactMessage, PackageMessage
from quickml.client.download.disk import ExpectedFile, check_room, disk_errors, is_there, name_taken, take
from quickml.client.download.file import FileDownload
from quickml.client.download.names import check_paths, check_plain
from quickml.client.download.progress import DownloadProgress, OnProgress, ignore
from quickml.client.flow import Flow, run_blocking
from quickml.client.retry import Contact
from quickml.errors import InputError, ResultError, ServiceError
from quickml.files import atomic
from quickml.files.lock import Lock


class PackageDownload:
    """One download. Files go into a hidden folder beside the final one, from which the next process resumes.

    The name of the hidden folder contains a digest of the package, so its files belong to no other package.
    """

    def __init__(
        self, artifact: ArtifactMessage, folder: Path, contact: Contact, on_progress: OnProgress = ignore
    ) -> None:
        """Download the package of which `artifact` is the zip.

        Raises:
            InputError: the artifact is not a package.
            ServiceError: a name is not safe on this or another system, or the sizes do not add up.
        """
        if artifact.package is None:
            raise InputError(f"{artifact.name}: expected a package, found a file; use `download`")
        _check(artifact.package)
        self._package, self._contact, self._on_progress = artifact.package, contact, on_progress
        self._paths = {file.path for file in artifact.package.files}
        self._path = folder / artifact.package.name
        self._draft = self._path.with_name(f".{self._path.name}-{_digest(self._package)}.partial")
        self._latest: dict[str, DownloadProgress] = {}

    def run(self) -> Flow[Path]:
        """The path of the package, once it is there.

        Raises:
            ResultError: the disk is full or refuses, or something different has the name.
            ServiceError: the server refuses, or its bytes do not have the right sha256.
        """
        lock = Lock(self._path.with_name(f".{self._path.name}.lock"))
        with disk_errors(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield from take(lock, self._path, on_wait=lambda: None)
            if not (yield from self._is_there()):
                yield from run_blocking(self._prepare)
                for path, expected in self._files():
                    yield from FileDownload(expected, self._draft / path, self._contact, self._report).run()
                yield from run_blocking(self._publish)
            return self._path
        finally:
            if lock.is_held:
                _prune(self._draft)
            lock.release()

    def _files(self) -> Iterator[tuple[str, ExpectedFile]]:
        for file in self._package.files:
            name = f"{self._package.name}/{file.path}"
            yield file.path, ExpectedFile(name=name, sha256=file.sha256, size_bytes=file.size_bytes)

    def _is_there(self) -> Flow[bool]:
        if not os.path.lexists(self._path):
            return False
        with disk_errors(self._path):
            if {path.relative_to(self._path).as_posix() for path in _files(self._path)} != self._paths:
                raise name_taken(self._path)
        for path, expected in self._files():
            yield from is_there(self._path / path, expected)
        return True

    def _prepare(self) -> None:
        with disk_errors(self._path):
            if self._draft.is_symlink():
                raise ResultError(f"{self._draft}: expected a folder, found a symbolic link; remove it")
            self._draft.mkdir(exist_ok=True)
            here_bytes = sum(path.stat().st_size for path in _files(self._draft))
        check_room(self._path, self._package.size_bytes - here_bytes)

    def _publish(self) -> None:
        with disk_errors(self._path):
            self._remove_other_files()
            try:
                atomic.publish(self._draft, self._path, exclusive=True)
            except FileExistsError:
                raise name_taken(self._path) from None

    def _remove_other_files(self) -> None:
        """Some systems write files of their own into every folder."""
        for path in list(_files(self._draft)):
            if path.relative_to(self._draft).as_posix() not in self._paths:
                path.unlink()
        _prune(self._draft)

    def _report(self, progress: DownloadProgress) -> None:
        """Report the package as a whole."""
        self._latest[progress.name] = progress
        self._on_progress(
            replace(
                progress, name=self._package.name, size_bytes=self._package.size_bytes,
                done_bytes=sum(latest.done_bytes for latest in self._latest.values()),
                fetched_bytes=sum(latest.fetched_bytes for latest in self._latest.values()),
            )
        )  # fmt: skip


def _check(package: PackageMessage) -> None:
    check_plain(package.name)
    check_paths([file.path for file in package.files])
    sum_bytes = sum(file.size_bytes for file in package.files)
    if sum_bytes != package.size_bytes:
        expected = f"files of {package.size_bytes:,} bytes together"
        raise ServiceError(f"{package.name}: expected {expected}, found {sum_bytes:,}")


def _digest(package: PackageMessage) -> str:
    rows = sorted(f"{file.sha256}  {file.path}\n" for file in package.files)
    return hashlib.sha256("".join(rows).encode()).hexdigest()[:16]


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def _prune(folder: Path) -> None:
    """Remove empty folders in it, and the folder itself if it is empty then."""
    for path, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):  # not empty
            Path(path).rmdir()
