"""A package on its way: a folder that appears when all of its files are in it."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from quickml.client.attempts import Contact
from quickml.client.landing import POLL_S, Landing, check_plain, check_room, is_there
from quickml.client.locking import Lock
from quickml.client.part import Content, disk, sync, taken
from quickml.client.progress import Progress, Told, untold
from quickml.client.records import Artifact, Package
from quickml.errors import InputError, ResultError, ServiceError


class Parcel:
    """A context in which the files of a package are fetched, into a folder beside its place.

    That folder is named after the content too, so what is in it belongs to this package and to no other. It
    stays behind when something goes wrong, to be gone on with. A caller does in turn what is due: `work`
    until there is none, every one of `landings`, and `work` again.
    """

    def __init__(self, artifact: Artifact, folder: Path, contact: Contact, told: Told = untold) -> None:
        """Fetch `artifact`, the zip of a package, file by file.

        Raises:
            InputError: it is no package.
            ServiceError: the server names a file in a way that may lead elsewhere.
        """
        if artifact.package is None:
            raise InputError(f"{artifact.name}: expected a package, found a file; download it as one")
        check_plain(artifact.package.name)
        check_paths([file.path for file in artifact.package.files])
        self._package, self._contact, self._told = artifact.package, contact, told
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
            if self.path.exists():
                yield from self._check()
                self.is_over = True
                return
            if self._draft.is_symlink():
                raise ResultError(f"{self._draft}: expected a folder of an earlier download, found a link")
            self._draft.mkdir(exist_ok=True)
            here_bytes = sum(path.stat().st_size for path in _files(self._draft))
        check_room(self.path, self._package.size_bytes - here_bytes)

    def _check(self) -> Generator[float, None, None]:
        """Whether what is there is the very package."""
        paths = {path.relative_to(self.path).as_posix() for path in _files(self.path)}
        if paths != {file.path for file in self._package.files}:
            raise taken(self.path)
        for path, content in self._contents():
            yield from is_there(self.path / path, content)

    def _publish(self) -> Generator[float, None, None]:
        with disk(self.path):
            for folder in (path for path in self._draft.rglob("*") if path.is_dir()):
                sync(folder)
                yield 0.0
            sync(self._draft)
            if self.path.exists():
                raise taken(self.path)
            self._draft.rename(self.path)
            sync(self.path.parent)

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


def check_paths(paths: list[str]) -> None:
    """Whether paths of a server may be files of one folder here, and on any system.

    Raises:
        ServiceError: one leads elsewhere, or two are the same, or one is the folder of another.
    """
    files: set[str] = set()
    folders: set[str] = set()
    spellings: dict[str, str] = {}
    for path in paths:
        steps = path.split("/")
        for step in steps:
            check_plain(step)
        above = ["/".join(steps[:count]) for count in range(1, len(steps))]
        if path in files:
            raise ServiceError(f"artifacts: expected each file once, found {path!r:.80} twice")
        files.add(path)
        folders.update(above)
        for name in (*above, path):
            known = spellings.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
            if known != name:
                raise ServiceError(f"artifacts: {known!r:.80} and {name!r:.80} are one file on some disks")
    if both := files & folders:
        raise ServiceError(f"artifacts: expected a file or a folder, found both: {min(both)!r:.80}")
    if not files:
        raise ServiceError("artifacts: expected a package with files, found an empty one")


def _digest(package: Package) -> str:
    """Of what is in it."""
    rows = sorted(f"{file.sha256}  {file.path}\n" for file in package.files)
    return hashlib.sha256("".join(rows).encode()).hexdigest()[:16]


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
