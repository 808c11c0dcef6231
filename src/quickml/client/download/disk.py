"""What downloads need of the disk: locks, checks of existing files and free space, and its errors as ours."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from quickml.client.flow import Flow, Sleep, run_blocking, run_steps
from quickml.errors import ResultError
from quickml.files.lock import Lock

PIECE_BYTES = 4 << 20
"""Files are read in pieces of this size, some milliseconds each."""
_FULL = frozenset(getattr(errno, name) for name in ("ENOSPC", "EFBIG", "EDQUOT") if hasattr(errno, name))
MARGIN_BYTES = 4 << 20
"""Free space that a download leaves on the disk."""
POLL_S = 0.1
"""How often to try to take a lock that another download holds."""


@dataclass(frozen=True, kw_only=True)
class ExpectedFile:
    """What a file must contain."""

    name: str
    """As the server has it; inside a package, a path with slashes."""
    sha256: str
    size_bytes: int


def name_taken(path: Path) -> ResultError:
    """The error when something different has the name of a download."""
    return ResultError(f"{path}: expected no file or the same one, found a different one")


@contextmanager
def disk_errors(path: Path, hint_when_full: str = "") -> Iterator[None]:
    """Raise errors of the disk as `ResultError` about `path`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            hint = f"; {hint_when_full}" if hint_when_full else ""
            raise ResultError(f"{path}: the disk is full ({error.strerror}){hint}") from error
        raise ResultError(f"{path}: the file cannot be written ({error.strerror})") from error


def take(lock: Lock, path: Path, on_wait: Callable[[], None]) -> Flow[None]:
    """Wait for a lock; `on_wait` is called before each pause.

    Raises:
        ResultError: about `path`: the disk refuses.
    """

    def try_to_take() -> bool:
        with disk_errors(path):
            return lock.take()

    while not (yield from run_blocking(try_to_take)):
        on_wait()
        yield Sleep(pause_s=POLL_S)


def is_there(path: Path, expected: ExpectedFile) -> Flow[bool]:
    """Whether the file is there already.

    Raises:
        ResultError: a different one is; it is not overwritten.
    """
    with disk_errors(path):
        if not os.path.lexists(path):
            return False
        if not path.is_file() or path.stat().st_size != expected.size_bytes:
            raise name_taken(path)
        found = hashlib.sha256()
        with path.open("rb") as stream:
            yield from run_steps(hash_pieces(found, iter(partial(stream.read, PIECE_BYTES), b"")))
    if found.hexdigest() != expected.sha256:
        raise name_taken(path)
    return True


def hash_pieces(found: hashlib._Hash, pieces: Iterator[bytes]) -> Iterator[int]:
    """Update a hash with each piece; yields the number of bytes so far."""
    done_bytes = 0
    for piece in pieces:
        found.update(piece)
        done_bytes += len(piece)
        yield done_bytes


def check_room(path: Path, missing_bytes: int) -> None:
    """Check that the disk has room for what is missing.

    Raises:
        ResultError: it has not.
    """
    if missing_bytes <= 0:
        return
    with disk_errors(path):
        free_bytes = shutil.disk_usage(path.parent).free
    needed_bytes = missing_bytes + MARGIN_BYTES
    if free_bytes < needed_bytes:
        raise ResultError(f"{path}: expected {needed_bytes:,} free bytes on the disk, found {free_bytes:,}")
