"""Waiting until files and folders are on disk, so that they survive a loss of power."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_UNSUPPORTED = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF})
"""What a file system answers that cannot sync a folder: some network and FUSE file systems."""


def sync(path: Path) -> None:
    """Flush a file, or the names in a folder, to disk.

    A folder on a file system that cannot sync folders is left to that file system, here and everywhere: the
    write has succeeded, and no other call would make it any safer. An error of the disk itself is raised.

    Raises:
        OSError: the disk refuses.
    """
    if os.name == "nt" and path.is_dir():  # Windows cannot open a folder
        return
    # Windows flushes only what is open for writing.
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if not path.is_dir() or error.errno not in _UNSUPPORTED:
            raise
    finally:
        os.close(descriptor)


def sync_tree(path: Path) -> None:
    """`sync` a file, or a folder with everything in it; symbolic links are not followed.

    Raises:
        OSError: the disk refuses.
    """
    if path.is_dir():
        for inner in sorted(path.rglob("*"), reverse=True):  # a folder comes after its contents
            if not inner.is_symlink():
                sync(inner)
    sync(path)
