"""Result folders, which appear complete or not at all."""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from quickml.errors import ResultError, RoomError
from quickml.events import FileRow
from quickml.files import atomic
from quickml.files.digest import sha256_of


@dataclass(frozen=True, kw_only=True)
class ResultFile:
    """A file that every result folder has."""

    name: str
    kind: str
    media_type: str


KERAS = ResultFile(name="model.keras", kind="keras", media_type="application/octet-stream")
DOCUMENT = ResultFile(name="spec.json", kind="spec", media_type="application/json")
REPORT = ResultFile(name="report.json", kind="report", media_type="application/json")
PAGE = ResultFile(name="report.html", kind="report", media_type="text/html; charset=utf-8")
FILM = ResultFile(name="film.bin", kind="film", media_type="application/octet-stream")
ANSWERS = ResultFile(name="answers.bin", kind="answers", media_type="application/octet-stream")
ALWAYS = (KERAS, DOCUMENT, REPORT, PAGE, ANSWERS, FILM)
"""What a run leaves besides the formats that the document asks for; the film only if there is one."""
VARIANTS = "variants"
"""Folder in a result folder: the model with other weights than delivered, such as `model.int8.mlmodel`."""


_LOCK = ".lock"
_DRAFT = re.compile(rf"\..+-[0-9a-f]{{16}}{re.escape(_LOCK)}", re.DOTALL)
"""The name of the lock of a temporary folder."""
_FULL = frozenset(getattr(errno, name) for name in ("ENOSPC", "EDQUOT") if hasattr(errno, name))
_FULL_BELOW_BYTES = 2**16
"""Free space below which a failed write is taken for the effect of a full disk."""


def default_folder(name: str, root: Path = Path("runs")) -> Path:
    """`runs/<slug of the name>-<UTC time>`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-") or "model"
    return root / f"{slug}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A result that is being written, in a temporary folder beside the final one."""

    path: Path
    asked: Path
    """The final folder as the caller named it."""
    folder: Path
    """The same as an absolute path without symbolic links."""
    exact: bool
    """Fail if the name is taken; otherwise append a number to it."""

    def publish(self) -> Path:
        """Sync everything to disk and give the folder its final name, which is returned.

        Raises:
            ResultError: the name is taken, or the disk refuses.
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
            raise ResultError(f"{folder}: the result folder cannot be created ({error.strerror})") from error
        return True


@contextmanager
def draft(folder: Path, *, exact: bool = True) -> Iterator[Draft]:
    """A temporary folder to write into, which becomes `folder` when it is published.

    If anything fails before that, the temporary folder is removed. What a killed process left beside it is
    removed, too: its lock ended with it.

    Raises:
        ResultError: `folder` is not empty, or cannot be created.
    """
    asked, folder = folder, folder.resolve()  # `.` and a link to an empty folder are allowed
    if exact:
        check_free(folder)
    with ExitStack() as stack:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            _remove_abandoned(folder.parent)
            path = stack.enter_context(_locked(folder))
            path.mkdir()
        except OSError as error:
            raise ResultError(f"{folder}: the folder cannot be created ({error.strerror})") from error
        stack.callback(shutil.rmtree, path, ignore_errors=True)
        yield Draft(path=path, asked=asked, folder=folder, exact=exact)


@contextmanager
def _locked(folder: Path) -> Iterator[Path]:
    """A temporary name for a folder, whose lock is held; without a lock on a disk that has none."""
    from quickml.files.lock import Lock

    is_taken = False
    while not is_taken:  # somebody who looks for abandoned ones may hold it for a moment
        path = atomic.temporary_path(folder)
        lock = Lock(path.with_suffix(_LOCK))
        try:
            is_taken = lock.take()
        except (OSError, NotImplementedError):
            path.with_suffix(_LOCK).unlink(missing_ok=True)
            break
    try:
        yield path
    finally:
        lock.release()


def _remove_abandoned(parent: Path) -> None:
    """Remove the temporary folders of processes that are gone; those without a lock are left alone."""
    from quickml.files.lock import Lock

    for path in parent.glob(f".*{_LOCK}"):
        lock = Lock(path)
        with suppress(OSError, NotImplementedError):
            if _DRAFT.fullmatch(path.name) and lock.take():
                shutil.rmtree(path.with_suffix(atomic.PARTIAL), ignore_errors=True)
                lock.release()


def check_free(folder: Path) -> None:
    """Check that a result can be written here.

    Raises:
        ResultError: it is not empty, or not a folder.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise ResultError(f"{folder}: expected a folder for the result, found a file")
        if folder.is_dir() and any(folder.iterdir()):
            raise ResultError(f"{folder}: expected a new or an empty folder, found one with files in it")
        if folder.is_mount():
            raise ResultError(
                f"{folder}: expected an ordinary folder, found a mounted disk; name a folder in it"
            )
    except OSError as error:
        raise ResultError(f"{folder}: the folder cannot be used ({error.strerror})") from error


def check_room(folder: Path, needed_bytes: int) -> None:
    """Check that the disk of a folder, which need not exist yet, has this much free space.

    Raises:
        RoomError: it has not.
    """
    place = folder.resolve()
    while not place.exists():
        place = place.parent
    try:
        disk = shutil.disk_usage(place)
    except OSError:
        return  # writing will tell
    if disk.total > 0 and disk.free < needed_bytes:  # some network file systems say 0 of 0
        raise RoomError(folder, needed_bytes=needed_bytes, free_bytes=disk.free)


@contextmanager
def disk_errors(folder: Path, needed_bytes: int) -> Iterator[None]:
    """Raise `RoomError` in place of any error that a full disk causes; libraries have their own for that."""
    try:
        yield
    except Exception as error:
        try:
            check_room(folder, _FULL_BELOW_BYTES)
        except RoomError as full:
            raise RoomError(folder, needed_bytes=needed_bytes, free_bytes=full.free_bytes) from error
        if isinstance(error, OSError) and error.errno in _FULL:
            raise RoomError(folder, needed_bytes=needed_bytes, free_bytes=0) from error
        raise


def described(path: Path, *, kind: str = "", media_type: str = "application/octet-stream") -> FileRow:
    """Name, size and sha256 of a file; of a package, all its files' sizes and the sha256 of their listing."""
    size_bytes, sha256 = _package(path) if path.is_dir() else (path.stat().st_size, sha256_of(path))
    return FileRow(name=path.name, size_bytes=size_bytes, sha256=sha256, kind=kind, media_type=media_type)


def _package(path: Path) -> tuple[int, str]:
    files = sorted(file for file in path.rglob("*") if file.is_file())
    listing = "".join(f"{sha256_of(file)}  {file.relative_to(path).as_posix()}\n" for file in files)
    return sum(file.stat().st_size for file in files), hashlib.sha256(
        listing.encode(errors="surrogateescape")
    ).hexdigest()
