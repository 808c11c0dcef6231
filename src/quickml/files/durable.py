"""What a power cut must not take."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_UNSYNCED = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF})
"""What disks answer that sync no folders."""


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk; of a folder, where the disk can tell.

    Raises:
        OSError: the disk refuses.
    """
    if os.name == "nt" and path.is_dir():  # Windows cannot open a folder
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if not path.is_dir() or error.errno not in _UNSYNCED:
            raise
    finally:
        os.close(descriptor)
