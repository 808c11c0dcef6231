"""Write to a temporary name, sync, rename: a file or folder is complete under its own name, or not there.

The temporary name lies in the same folder, or at least on the same file system, so the rename is atomic. When
writing fails, for example because the disk is full, the temporary file or folder is removed. What a killed
process leaves behind is hidden and ends in `.partial`.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from quickml.files.durable import sync, sync_tree

PARTIAL = ".partial"
_NO_HARD_LINKS = frozenset(
    {errno.EPERM, errno.EACCES, errno.EXDEV, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}
)
"""What a file system answers that has no hard links."""


def temporary_path(path: Path) -> Path:
    """A hidden name beside `path` that nothing else uses."""
    return path.with_name(f".{path.name}-{secrets.token_hex(8)}{PARTIAL}")


@contextmanager
def new_file(
    path: Path, *, temporary: Path | None = None, mode: int | None = None, durable: bool = True
) -> Iterator[BinaryIO]:
    """A file to write to, which replaces `path` when the block ends.

    Args:
        path: the final name.
        temporary: the name until then. A fixed one lets the next process overwrite what a killed one left.
        mode: exact permissions; by default those that the umask leaves.
        durable: wait until content and name are on disk. Not needed for what is copied or synced later.

    Raises:
        OSError: the disk refuses. `path` is as it was before.
    """
    temporary = temporary or temporary_path(path)
    temporary.unlink(missing_ok=True)
    created_mode = 0o666 if mode is None else mode
    try:
        with open(temporary, "xb", opener=lambda name, flags: os.open(name, flags, created_mode)) as stream:
            yield stream
        if mode is not None:
            temporary.chmod(mode)  # the umask took some of it away
        publish(temporary, path, durable=durable)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path, *, temporary: Path | None = None, durable: bool = True) -> Iterator[Path]:
    """A folder to fill, which becomes `path` when the block ends; nothing, or an empty folder, may be there.

    Args:
        path: the final name.
        temporary: see `new_file`.
        durable: see `new_file`.

    Raises:
        FileExistsError: `path` is a folder with something in it.
        OSError: the disk refuses.
    """
    temporary = temporary or temporary_path(path)
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir(parents=True)
        yield temporary
        publish(temporary, path, durable=durable)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def publish(temporary: Path, path: Path, *, exclusive: bool = False, durable: bool = True) -> None:
    """Give a finished file or folder its name: sync it, rename it, sync the folder that it is in.

    Args:
        temporary: what was written, on the same file system as `path`.
        path: the final name.
        exclusive: leave alone what is there. By default a file replaces a file, a folder an empty folder.
        durable: see `new_file`.

    Raises:
        FileExistsError: `path` is a folder with something in it, or anything at all where `exclusive`.
        OSError: the disk refuses.
    """
    if durable:
        sync_tree(temporary)
    if exclusive:
        _rename_exclusively(temporary, path)
    else:
        _replace(temporary, path)
    if durable:
        sync(path.parent)


def _replace(temporary: Path, path: Path) -> None:
    try:
        temporary.replace(path)
    except OSError as error:
        if error.errno == errno.ENOTEMPTY:  # some systems say EEXIST, which is FileExistsError
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from error
        raise


def _rename_exclusively(temporary: Path, path: Path) -> None:
    """A rename would replace a file; a hard link does not. A folder has no hard links, so look first."""
    if not temporary.is_dir():
        try:
            os.link(temporary, path)
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
        else:
            temporary.unlink()
            return
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    temporary.rename(path)
