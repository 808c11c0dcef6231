"""A package on its way: a folder that appears when all of its files are in it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from quickml.client.download.file import POLL_S, Landing, check_room, is_there
from quickml.client.download.names import check_paths, check_plain
from quickml.client.download.partial import Content, disk, taken
from quickml.client.download.progress import OnProgress, Progress, untold
from quickml.client.records import Artifact, Package
from quickml.client.retry import Contact
from quickml.errors import InputError, ResultError, ServiceError
from quickml.files import atomic
from quickml.files.lock import Lock


class Parcel:
    """A context in which the files of a package are fetched, into a folder beside its place.

    That folder is named after the content too, so what is in it belongs to this package and to no other. It
    stays behind when something goes wrong, to be gone on with. A caller does in turn what is due: `work`
    until there is none, every one of `landings`, and `work` again.
    """

    def __init__(self, artifact: Artifact, folder: Path, contact: Contact, told: OnProgress = untold) -> None:
        """Fetch `artifact`, the zip of a package, file by file.

        Raises:
            InputError: it is no package.
            ServiceError: a name of the server may lead elsewhere, or its sizes do not add up.
        """
        if artifact.package is None:
            raise InputError(f"{artifact.name}: expected a package, found a file; download it as one")
        _check(artifact.package)
        self._package, self._contact, self._told = artifact.package, contact, told
        self._paths = {file.path for file in artifact.package.files}
        self.path = folder / artifact.package.name
        self._draft = self.path.with_name(f".{self.path.name}-{_digest(self._package)}.partial")
        self._lock = Lock(self.path.with_name(f".{self.path.name}.lock"))
        self._steps: Generator[float, None, None] = self._begin()
        self._latest: dict[str, Progress] = {}
        self.is_over = False

    def __enter__(self) -> Self:
        with disk(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock.is_held:
            _prune(self._draft)
        self._lock.release()

    def work(self) -> float | None:
        """See `Landing`."""
        return next(self._steps, None)

    def tell(self) -> None:
        """See `Landing`; here its files do."""

    def landings(self) -> Iterator[Landing]:
        """Every file, one after the other; none where the package is there already."""
        if self.is_over:
            return
        for path, content in self._contents():
            yield Landing(content, self._draft / path, self._contact, self._tell)
        self._steps = self._publish()

    def _contents(self) -> Iterator[tuple[str, Content]]:
        for file in self._package.files:
            name = f"{self._package.name}/{file.path}"
            yield file.path, Content(name=name, sha256=file.sha256, size_bytes=file.size_bytes)

    def _begin(self) -> Generator[float, None, None]:
        with disk(self.path):
            while not self._lock.take():
                yield POLL_S
            if os.path.lexists(self.path):
                yield from self._compare()
                self.is_over = True
                return
            if self._draft.is_symlink():
                raise ResultError(f"{self._draft}: expected a folder of an earlier download, found a link")
            self._draft.mkdir(exist_ok=True)
            here_bytes = sum(path.stat().st_size for path in _files(self._draft))
        check_room(self.path, self._package.size_bytes - here_bytes)

    def _compare(self) -> Generator[float, None, None]:
        """Whether what is there is the very package."""
        if {path.relative_to(self.path).as_posix() for path in _files(self.path)} != self._paths:
            raise taken(self.path)
        for path, content in self._contents():
            yield from is_there(self.path / path, content)

    def _publish(self) -> Generator[float, None, None]:
        with disk(self.path):
            self._leave_only_files()
            try:
                atomic.publish(self._draft, self.path, exclusive=True)
            except FileExistsError:
                raise taken(self.path) from None
        yield 0.0

    def _leave_only_files(self) -> None:
        """Of this package: others put files of their own into folders that they see."""
        for path in list(_files(self._draft)):
            if path.relative_to(self._draft).as_posix() not in self._paths:
                path.unlink()
        _prune(self._draft)

    def _tell(self, progress: Progress) -> None:
        """The package as a whole."""
        self._latest[progress.name] = progress
        self._told(
            replace(
                progress, name=self._package.name, size_bytes=self._package.size_bytes,
                done_bytes=sum(latest.done_bytes for latest in self._latest.values()),
                fetched_bytes=sum(latest.fetched_bytes for latest in self._latest.values()),
            )
        )  # fmt: skip


def _check(package: Package) -> None:
    check_plain(package.name)
    check_paths([file.path for file in package.files])
    sum_bytes = sum(file.size_bytes for file in package.files)
    if sum_bytes != package.size_bytes:
        raise ServiceError(
            f"{package.name}: expected files of {package.size_bytes:,} bytes together, found {sum_bytes:,}"
        )


def _digest(package: Package) -> str:
    """Of what is in it."""
    rows = sorted(f"{file.sha256}  {file.path}\n" for file in package.files)
    return hashlib.sha256("".join(rows).encode()).hexdigest()[:16]


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def _prune(folder: Path) -> None:
    """Remove it, and folders in it, where they hold nothing."""
    for path, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):  # it holds something
            Path(path).rmdir()
