"""A package, which is a folder, as one zip file whose bytes depend on its content alone.

A download is a file, so a folder travels as a zip. It is stored uncompressed: weights hardly shrink, and what
is stored can be checked and cut out anywhere by its sizes. These stand in front of each entry; a zip with
data descriptors has them behind, where readers that work on a stream do not find them. The format is PKWARE's
APPNOTE.TXT, of which this takes the oldest and plainest part.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from quickml.errors import CoreMLFileError
from quickml.files import atomic

_BEGINNING = (1980, 1, 1, 0, 0, 0)  # of a zip's calendar
_UNIX = 3
_FILE, _FOLDER = stat.S_IFREG | 0o644, stat.S_IFDIR | 0o755
_IS_FOLDER = 0x10  # MS-DOS' flag, which some readers look at


def zipped(package: Path) -> Path:
    """Write `<name>.zip` beside a package; it appears whole, or not at all.

    The same names and contents give the same bytes, whatever the order on disk, dates, owners and
    permissions.

    Raises:
        CoreMLFileError: it is no folder, or something in it is neither a file nor a folder, such as a link.
    """
    if not package.is_dir():
        raise CoreMLFileError(f"{package.name}: expected a folder, found none")
    target = package.with_name(f"{package.name}.zip")
    with atomic.new_file(target, durable=False) as stream, ZipFile(stream, "w", ZIP_STORED) as archive:
        for path in contents(package):
            _add(archive, path, path.relative_to(package.parent).as_posix())
    return target


def contents(package: Path) -> Iterator[Path]:
    """The folder and all in it, by name: a folder stands before what it holds.

    Raises:
        CoreMLFileError: something in it is neither a file nor a folder, such as a link.
    """
    for path in sorted([package, *package.rglob("*")], key=Path.as_posix):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise CoreMLFileError(f"{package.name}: {path.name} is neither a file nor a folder (a link?)")
        yield path


def _add(archive: ZipFile, path: Path, name: str) -> None:
    folder = path.is_dir()
    info = ZipInfo(f"{name}/" if folder else name, _BEGINNING)
    info.create_system = _UNIX  # else the machine's own
    info.external_attr = (_FOLDER if folder else _FILE) << 16 | (_IS_FOLDER if folder else 0)
    info.file_size = 0 if folder else path.stat().st_size  # known, so no room is kept for zip64's sizes
    with archive.open(info, "w") as entry:
        if not folder:
            with path.open("rb") as content:
                shutil.copyfileobj(content, entry, 2**20)
