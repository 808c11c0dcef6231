"""A result folder, which appears whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from quickml.errors import ResultError
from quickml.events import FileRow


def default_folder(name: str, root: Path = Path("runs")) -> Path:
    """`runs/<slug of the name>-<UTC time>`, with a number behind it where that is taken."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "model"
    base = root / f"{slug}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    taken = 1
    folder = base
    while folder.exists():
        taken += 1
        folder = base.with_name(f"{base.name}-{taken}")
    return folder


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """A folder to write into, beside `folder`, which takes its place once everything in it is on disk.

    Whatever goes wrong inside, nothing is left behind.

    Raises:
        ResultError: `folder` holds something already, or cannot be made.
    """
    check_free(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", suffix=".partial", dir=folder.parent))
    except OSError as error:
        raise ResultError(f"{folder}: the folder cannot be made ({error.strerror})") from error
    try:
        yield draft
        draft.chmod(0o755)  # mkdtemp gives it to its owner alone
        _sync(draft)
        _take_place(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def check_free(folder: Path) -> None:
    """Whether a result may be put here.

    Raises:
        ResultError: it holds something already, or is no folder.
    """
    if folder.exists() and not folder.is_dir():
        raise ResultError(f"{folder}: expected a folder to put the result in, found a file")
    if folder.is_dir() and any(folder.iterdir()):
        raise ResultError(f"{folder}: expected a new or an empty folder, found one with files in it")


def _take_place(draft: Path, folder: Path) -> None:
    try:
        draft.replace(folder)  # an empty folder gives way, a full one does not
    except OSError as error:
        raise ResultError(f"{folder}: the result could not be put there ({error.strerror})") from error
    _sync_one(folder.parent)


def _sync(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        _sync_one(path)
    _sync_one(folder)


def _sync_one(path: Path) -> None:
    if os.name == "nt" and path.is_dir():  # Windows cannot open a folder
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def described(path: Path) -> FileRow:
    """Name, size and sha256 of a file; of a package, all its files' sizes and the sha256 of their listing."""
    if path.is_file():
        return FileRow(name=path.name, size_bytes=path.stat().st_size, sha256=_sha256(path))
    files = sorted(file for file in path.rglob("*") if file.is_file())
    listing = "".join(f"{_sha256(file)}  {file.relative_to(path).as_posix()}\n" for file in files)
    return FileRow(
        name=path.name,
        size_bytes=sum(file.stat().st_size for file in files),
        sha256=hashlib.sha256(listing.encode()).hexdigest(),
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
