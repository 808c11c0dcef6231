"""Where files are: a folder or a zip archive. Each has names that can be read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from quickml.errors import SourceError
from quickml.files.digest import sha256_of, sum_of
from quickml.sources.archive import ZipArchive
from quickml.sources.reading import MAX_FILE_BYTES, read_file

MAX_FILES = 250_000
PASSED = frozenset({"__macosx", "thumbs.db", "desktop.ini"})


class FileSource(Protocol):
    """Files by name; a name is a path within the source, with `/`."""

    file: str
    """What messages call the source."""
    error: type[SourceError]
    """Is raised where something is wrong."""
    names: Sequence[str]
    """Without those that are hidden or there for the system only; sorted."""
    folders: Iterable[str]
    """Names of folders, as far as they are known; those of empty folders among them."""

    @property
    def folder(self) -> Path | None:
        """What names are relative to; None for the files in an archive."""
        ...

    def read(self, name: str) -> bytes:
        """The content of a file; safe from several threads.

        Raises:
            SourceError: it cannot be read.
        """
        ...

    def stamp(self) -> tuple[str, int]:
        """Text that changes if the content does, without reading it, and when that was, in nanoseconds."""
        ...

    def sha256(self, sums: Mapping[str, str]) -> str:
        """SHA-256 of the source; `sums` has that of each file that is used."""
        ...


class FolderSource:
    """The files below a folder."""

    def __init__(self, path: Path, file: str, error: type[SourceError]) -> None:
        self.file, self.folder, self.error = file, path, error
        found = list(_walked(path, file, error))
        if len(found) > MAX_FILES:
            raise error(file, f"at most {MAX_FILES:,} files", f"{len(found):,}")
        self.names: Sequence[str] = sorted(
            name for name, is_folder in found if not is_folder and not is_passed(name)
        )
        self.folders: Iterable[str] = [name for name, is_folder in found if is_folder]

    def read(self, name: str) -> bytes:
        """See `FileSource`."""
        return read_file(f"{self.folder}/{name}", self.file, name, self.error)

    def stamp(self) -> tuple[str, int]:
        """See `FileSource`."""
        return stamps(self.folder, self.names)

    def sha256(self, sums: Mapping[str, str]) -> str:
        """See `FileSource`. Of the lines that `sha256sum` writes, sorted by name."""
        return sum_of(sums)


class ArchiveSource:
    """The files in a zip archive."""

    folder: Path | None = None

    def __init__(
        self, path: Path, file: str, error: type[SourceError], *, holds: str, sha256: str | None = None
    ) -> None:
        """Open an archive.

        Args:
            path: of the archive.
            file: what messages call it.
            error: is raised.
            holds: what it should have; see `ZipArchive`.
            sha256: of its content, where the path is of a store that has this content there.

        Raises:
            SourceError: it cannot be read, or is not harmless.
        """
        self.file, self.error, self._path, self._stored = file, error, path, sha256
        self._archive = ZipArchive(path, file, holds=holds, error=error)
        self._sum = ""
        self.names: Sequence[str] = sorted(name for name in self._archive.entries if not is_passed(name))
        self.folders: Iterable[str] = [name for name in self._archive.folders if not is_passed(name)]

    def read(self, name: str) -> bytes:
        """See `FileSource`."""
        return self._archive.read(name, MAX_FILE_BYTES)

    def stamp(self) -> tuple[str, int]:
        """See `FileSource`."""
        if self._stored is not None:
            return f"sha256 {self._stored}", 0
        return stamps(self._path.parent, [self._path.name])

    def sha256(self, sums: Mapping[str, str]) -> str:  # noqa: ARG002
        """See `FileSource`. Of the archive itself."""
        self._sum = self._sum or sha256_of(self._path)
        return self._sum

    def close(self) -> None:
        """Close the archive."""
        self._archive.close()


def _walked(path: Path, file: str, error: type[SourceError]) -> Iterator[tuple[str, bool]]:
    """All files and folders below a folder: the name of each, and whether it is a folder."""

    def fail(caught: OSError) -> None:
        raise error(file, "a folder to read", (caught.strerror or "an error").lower()) from None

    for here, folders, files in os.walk(path, onerror=fail):
        inner = Path(here).relative_to(path).as_posix()
        start = "" if inner == "." else f"{inner}/"
        folders[:] = [name for name in folders if not is_passed(name)]
        for name in folders:
            if (Path(here) / name).is_symlink():
                hint = "put the folder itself there"
                raise error(file, "folders and files", "a link to a folder", hint, entry=start + name)
            yield start + name, True
        yield from ((start + name, False) for name in files)


def is_passed(name: str) -> bool:
    """Whether a file or folder is hidden, or there for the system only."""
    return any(part.startswith(".") or part.casefold() in PASSED for part in name.split("/"))


def stamps(folder: Path, names: Iterable[str]) -> tuple[str, int]:
    """Identity, size and time of files, a line for each, and the newest time."""
    lines, newest, start = [], 0, f"{folder}/"
    for name in names:
        with suppress(OSError):  # reading it says why
            about = os.stat(start + name)  # noqa: PTH116  # with path objects, it takes three times as long
            newest = max(newest, about.st_mtime_ns, about.st_ctime_ns)
            times = f"{about.st_mtime_ns} {about.st_ctime_ns}"
            lines.append(f"{name}\0{about.st_dev} {about.st_ino} {about.st_size} {times}\n")
    return "".join(lines), newest
