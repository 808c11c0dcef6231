"""Pack a package, which is a folder, into a reproducible zip file.

A download is a single file, so a folder is sent as a zip. Entries are stored uncompressed: weights hardly
compress, and stored entries can be checked and extracted by their sizes alone. The sizes are in the header
before each entry; a zip with data descriptors has them after the entry, where streaming readers do not find
them. The format is PKWARE's APPNOTE.TXT, of which only the basic part is used.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from quickml.errors import CoreMLFileError
from quickml.files import atomic

_EARLIEST_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can store
_UNIX = 3
_FILE, _FOLDER = stat.S_IFREG | 0o644, stat.S_IFDIR | 0o755
_IS_FOLDER = 0x10  # the MS-DOS attribute, which some readers check


def zipped(package: Path) -> Path:
    """Write `<name>.zip` next to a package, atomically.

    The bytes depend only on names and contents, not on the order on disk, dates, owners or permissions.

    Raises:
        CoreMLFileError: the package is not a folder, or contains something other than files and folders,
            such as a link.
    """
    if not package.is_dir():
        raise CoreMLFileError(f"{package.name}: expected a folder, found a file or nothing")
    target = package.with_name(f"{package.name}.zip")
    with atomic.new_file(target, durable=False) as stream, ZipFile(stream, "w", ZIP_STORED) as archive:
        for path in contents(package):
            _add(archive, path, path.relative_to(package.parent).as_posix())
    return target


def contents(package: Path) -> Iterator[Path]:
    """The folder and everything in it, sorted by name: a folder comes before its contents.

    Raises:
        CoreMLFileError: an entry is neither a file nor a folder, such as a link.
    """
    for path in sorted([package, *package.rglob("*")], key=Path.as_posix):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise CoreMLFileError(f"{package.name}: {path.name} is neither a file nor a folder (a link?)")
        yield path


def _add(archive: ZipFile, path: Path, name: str) -> None:
    folder = path.is_dir()
    info = ZipInfo(f"{name}/" if folder else name, _EARLIEST_DATE)
    info.create_system = _UNIX  # the default depends on the machine
    info.external_attr = (_FOLDER if folder else _FILE) << 16 | (_IS_FOLDER if folder else 0)
    info.file_size = 0 if folder else path.stat().st_size  # so that no space is reserved for zip64 sizes
    with archive.open(info, "w") as entry:
        if not folder:
            with path.open("rb") as content:
                shutil.copyfileobj(content, entry, 2**20)
