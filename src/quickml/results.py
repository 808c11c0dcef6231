"""A result folder, which appears whole or not at all."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from quickml.errors import ResultError
from quickml.events import FileRow
from quickml.files import atomic
from quickml.files.digest import sha256_of


def default_folder(name: str, root: Path = Path("runs")) -> Path:
    """`runs/<slug of the name>-<UTC time>`."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "model"
    return root / f"{slug}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A result that is being written: a folder beside the final one."""

    path: Path
    asked: Path
    """Where it is to appear, as it was asked for."""
    folder: Path
    """The same without links and dots."""
    exact: bool
    """Just there; otherwise a number goes behind the name where another run took it first."""

    def publish(self) -> Path:
        """Make the folder appear, everything in it being on disk; returns where.

        Raises:
            ResultError: there is something already, or the disk refuses.
        """
        folder, number = self.folder, 1
        while not self._is_published(folder):
            number += 1
            folder = self.folder.with_name(f"{self.folder.name}-{number}")
        return self.asked if number == 1 else self.asked.with_name(folder.name)

    def _is_published(self, folder: Path) -> bool:
        try:
            atomic.publish(self.path, folder)
        except OSError as error:
            if isinstance(error, FileExistsError) and not self.exact:
                return False
            raise ResultError(f"{folder}: the result could not be put there ({error.strerror})") from error
        return True


@contextmanager
def draft(folder: Path, *, exact: bool = True) -> Iterator[Draft]:
    """A folder to write into, which takes the place of `folder` when it is published.

    Whatever goes wrong before that, nothing is left behind.

    Raises:
        ResultError: `folder` holds something already, or cannot be made.
    """
    asked, folder = folder, folder.resolve()  # a link to an empty folder, and `.`, are good places too
    if exact:
        check_free(folder)
    path = atomic.temporary_path(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir()
    except OSError as error:
        raise ResultError(f"{folder}: the folder cannot be made ({error.strerror})") from error
    try:
        yield Draft(path=path, asked=asked, folder=folder, exact=exact)
    finally:
        shutil.rmtree(path, ignore_errors=True)


def check_free(folder: Path) -> None:
    """Whether a result may be put here.

    Raises:
        ResultError: it holds something already, or is no folder.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise ResultError(f"{folder}: expected a folder to put the result in, found a file")
        if folder.is_dir() and any(folder.iterdir()):
            raise ResultError(f"{folder}: expected a new or an empty folder, found one with files in it")
        if folder.is_mount():
            raise ResultError(
                f"{folder}: expected an ordinary folder, found a mounted disk; name a folder in it"
            )
    except OSError as error:
        raise ResultError(f"{folder}: the folder cannot be used ({error.strerror})") from error


def described(path: Path) -> FileRow:
    """Name, size and sha256 of a file; of a package, all its files' sizes and the sha256 of their listing."""
    if path.is_file():
        return FileRow(name=path.name, size_bytes=path.stat().st_size, sha256=sha256_of(path))
    files = sorted(file for file in path.rglob("*") if file.is_file())
    listing = "".join(f"{sha256_of(file)}  {file.relative_to(path).as_posix()}\n" for file in files)
    return FileRow(
        name=path.name,
        size_bytes=sum(file.stat().st_size for file in files),
        sha256=hashlib.sha256(listing.encode()).hexdigest(),
    )
