"""Where that is which was made of a file: a folder for each file of each owner, so that nothing is shared.

All of it can be made again of the file, and is removed with it.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from quickml.files.listing import matching

if TYPE_CHECKING:
    from quickml.pictures.cache import PictureCache


FULL = (errno.ENOSPC, errno.EDQUOT)
"""Numbers of errors of a disk that is full."""
PARTIAL = ".partial"
"""How the names of files and folders end that are not complete."""


def owner_folder(root: Path, owner: str) -> Path:
    """The folder for what was made of the files of an owner."""
    return root / hashlib.sha256(owner.encode(errors="surrogateescape")).hexdigest()[:32]


def file_folder(root: Path, owner: str, sha256: str) -> Path:
    """The folder for what was made of a file."""
    return owner_folder(root, owner) / sha256


def remove_unowned(root: Path, owned: Collection[tuple[str, str]]) -> None:
    """Remove what was made of files that no owner has any more; `owned` are owners with a SHA-256."""
    keep = {file_folder(root, owner, sha256) for owner, sha256 in owned}
    for folder in matching(root, "[!.]*/*"):
        if folder not in keep:
            shutil.rmtree(folder, ignore_errors=True)
    for folder in matching(root, "[!.]*"):
        with suppress(OSError):  # it is not empty
            folder.rmdir()


def remove_abandoned(root: Path) -> None:
    """Remove what processes have left that were killed. Nobody may be writing."""
    for left in (*matching(root, f"*/*/.*{PARTIAL}"), *matching(root, f".*{PARTIAL}")):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


@contextmanager
def temporary_folder(root: Path) -> Iterator[Path]:
    """A folder for temporary files of a process; removed with all that it leaves there if it is killed."""
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(
        dir=root, prefix=".", suffix=PARTIAL, ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)


def make_room(root: Path, owner: str, most_bytes: int) -> None:
    """Remove what was not used for the longest time until what an owner has takes so much at most."""
    entries = []
    for about in matching(owner_folder(root, owner), "*/*/about.json"):
        with suppress(OSError):
            size_bytes = sum(path.stat().st_size for path in about.parent.iterdir())
            entries.append((about.stat().st_mtime, size_bytes, about.parent))
    total = 0
    for _, size_bytes, folder in sorted(entries, reverse=True):
        total += size_bytes
        if total > most_bytes:
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class PictureFolders:
    """The folders for decoded pictures of an owner."""

    root: Path
    owner: str
    most_bytes: int | None = None
    spare_bytes: int = 0

    def cache(self, sha256: str) -> PictureCache:
        """That of a file."""
        from quickml.pictures.cache import PictureCache

        folder = file_folder(self.root, self.owner, sha256)
        return PictureCache(
            folder, most_bytes=self.most_bytes, spare_bytes=self.spare_bytes, make_room=self._make_room
        )

    def _make_room(self, needed_bytes: int) -> None:
        if self.most_bytes is not None:
            make_room(self.root, self.owner, self.most_bytes - needed_bytes)
