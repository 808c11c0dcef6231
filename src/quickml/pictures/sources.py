"""Where pictures are: a folder, a zip archive, a project, or a list. Each has names that can be read."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Protocol

from quickml.errors import PicturesError
from quickml.files.digest import sha256_of, sum_of
from quickml.pictures.archive import ZipArchive
from quickml.pictures.listing import PictureList, is_list, listed_pictures
from quickml.pixels.reading import MAX_FILE_BYTES, read_file
from quickml.text import printable

MAX_FILES = 250_000
READ = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib"})
OTHERS = frozenset(
    {
        ".heic", ".heif", ".avif", ".gif", ".tif", ".tiff", ".jp2", ".jxl", ".psd", ".ico", ".tga", ".pcx",
        ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".raw", ".svg", ".xcf",
    }
)  # fmt: skip
"""Pictures that cannot be read: they are refused, not passed over."""
MANIFEST, SAMPLE = "manifest.json", "-!-"
_PROJECTS = {"audio": "a project of sounds", "pose": "a project of poses"}
PASSED = frozenset({"__macosx", "thumbs.db", "desktop.ini"})


class PictureSource(Protocol):
    """Files by name; a name is a path within the source, with `/`."""

    file: str
    """What messages call the source."""
    names: Sequence[str]
    """Without those that are hidden or there for the system only; sorted."""
    folders: Iterable[str]
    """Names of folders, as far as they are known; those of empty folders among them."""
    labels: Mapping[str, str] | None
    """The class or the labels of each file, where they are written; otherwise folders are classes."""
    fault: PicturesError | None
    """What is wrong with `labels` if each picture has to have a class."""

    @property
    def folder(self) -> Path | None:
        """What names are relative to; None for the files in an archive."""
        ...

    def read(self, name: str) -> bytes:
        """The content of a file; safe from several threads.

        Raises:
            PicturesError: it cannot be read.
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

    labels: Mapping[str, str] | None = None
    fault: PicturesError | None = None

    def __init__(self, path: Path, file: str) -> None:
        self.file, self.folder = file, path
        found = list(_walked(path, file))
        if len(found) > MAX_FILES:
            raise PicturesError(file, f"at most {MAX_FILES:,} files", f"{len(found):,}")
        self.names: Sequence[str] = sorted(
            name for name, is_folder in found if not is_folder and not is_passed(name)
        )
        self.folders: Iterable[str] = [name for name, is_folder in found if is_folder]

    def read(self, name: str) -> bytes:
        """See `PictureSource`."""
        return read_file(f"{self.folder}/{name}", self.file, name)

    def stamp(self) -> tuple[str, int]:
        """See `PictureSource`."""
        return stamps(self.folder, self.names)

    def sha256(self, sums: Mapping[str, str]) -> str:
        """See `PictureSource`. Of the lines that `sha256sum` writes, sorted by name."""
        return sum_of(sums)


class ListSource:
    """The files that a CSV file lists, which are beside it."""

    folders: Iterable[str] = ()

    def __init__(self, path: Path, file: str) -> None:
        self.file, self.folder = file, path.parent
        self._list: PictureList = listed_pictures(path, file, lambda name: (path.parent / name).is_file())
        self.labels: Mapping[str, str] | None = self._list.labels
        self.fault: PicturesError | None = self._list.fault
        self.names: Sequence[str] = sorted(self._list.labels)

    def read(self, name: str) -> bytes:
        """See `PictureSource`."""
        return read_file(f"{self.folder}/{name}", self.file, name)

    def stamp(self) -> tuple[str, int]:
        """See `PictureSource`."""
        text, changed_ns = stamps(self.folder, self.names)
        return self._list.sha256 + text, changed_ns

    def sha256(self, sums: Mapping[str, str]) -> str:
        """See `PictureSource`. Of the list's sum, and then those of the pictures as of a folder."""
        return hashlib.sha256(f"{self._list.sha256}\n{sum_of(sums)}\n".encode()).hexdigest()


class ArchiveSource:
    """The files in a zip archive. A list beside the pictures says their classes, if there is one."""

    folder: Path | None = None

    def __init__(self, path: Path, file: str, *, sha256: str | None = None, holds: str = "pictures") -> None:
        """Open an archive. Where `sha256` is given, the path is of a store that has this content there."""
        self.file, self._path, self._archive = file, path, ZipArchive(path, file, holds=holds)
        self._stored, self._sum = sha256, ""
        self.names: Sequence[str] = sorted(name for name in self._archive.entries if not is_passed(name))
        try:
            listed = self._listed()
        except BaseException:
            self.close()
            raise
        self.labels: Mapping[str, str] | None = listed.labels if listed else None
        self.fault: PicturesError | None = listed.fault if listed else None
        if self.labels is not None:
            self.names = sorted(self.labels)
        self.folders: Iterable[str] = [name for name in self._archive.folders if not is_passed(name)]

    def _listed(self) -> PictureList | None:
        """The list in the archive; None if there is none."""
        lists = [name for name in self.names if "/" not in name and name.lower().endswith((".csv", ".tsv"))]
        content = self._archive.read(lists[0], MAX_FILE_BYTES) if len(lists) == 1 else b""
        if not is_list(content[: 1 << 14]):
            return None
        with NamedTemporaryFile(prefix=".quickml-", suffix=".partial") as stream:
            stream.write(content)
            stream.flush()
            names = frozenset(self.names)
            file = f"{self.file}: {lists[0]}"
            return listed_pictures(Path(stream.name), file, names.__contains__)

    def read(self, name: str) -> bytes:
        """See `PictureSource`."""
        return self._archive.read(name, MAX_FILE_BYTES)

    def stamp(self) -> tuple[str, int]:
        """See `PictureSource`."""
        if self._stored is not None:
            return f"sha256 {self._stored}", 0
        return stamps(self._path.parent, [self._path.name])

    def sha256(self, sums: Mapping[str, str]) -> str:  # noqa: ARG002
        """See `PictureSource`. Of the archive itself."""
        self._sum = self._sum or sha256_of(self._path)
        return self._sum

    def close(self) -> None:
        """Close the archive."""
        self._archive.close()


class ProjectSource(ArchiveSource):
    """The samples in an image project of Teachable Machine: a zip archive of `CLASS-!-NUMBER.jpg`.

    There is no specification. What others write and read agrees: kevinrobinson's `generalization` reads, and
    MeemeeLab's TeachableMachine-Scraper writes projects like this. Those of sounds have archives in them.
    """

    def __init__(self, path: Path, file: str, *, sha256: str | None = None) -> None:
        super().__init__(path, file, sha256=sha256, holds="a project")
        try:
            self.labels: Mapping[str, str] | None = {
                name: name.rpartition(SAMPLE)[0] for name in self.names if SAMPLE in name
            }
            self._check()
        except BaseException:
            self.close()
            raise
        self.names = sorted(self.labels or ())

    def _check(self) -> None:
        expected = "an image project of Teachable Machine"
        if MANIFEST not in self.names:
            hint = 'save it in Teachable Machine by "Download project as file"'
            raise PicturesError(self.file, expected, f"no {MANIFEST}", hint)
        try:
            manifest = json.loads(self._archive.read(MANIFEST, MAX_FILE_BYTES))
        except (ValueError, RecursionError):
            raise PicturesError(self.file, "JSON", "something else", entry=MANIFEST) from None
        kind = manifest.get("type") if isinstance(manifest, dict) else None
        if kind != "image":
            found = _PROJECTS.get(str(kind), f"the type {printable(str(kind), 20)!r}")
            hint = "QuickML learns from pictures; sounds and poses are not offered"
            raise PicturesError(self.file, expected, found, hint)
        if not self.labels:
            hint = "add some in Teachable Machine, and save the project again"
            raise PicturesError(self.file, "samples of two or more classes", "none", hint)


@contextmanager
def opened(path: Path, file: str) -> Iterator[PictureSource]:
    """Open the folder, the archive or the list at a path; `file` is what messages call it.

    Raises:
        PicturesError: it cannot be read, or is something else.
    """
    expected = "a folder, a .zip, .tm or .csv file of pictures"
    if path.is_dir():
        yield FolderSource(path, file)
    elif not path.exists():
        raise PicturesError(file, expected, "nothing of this name")
    elif path.suffix.lower() in (".csv", ".tsv"):
        yield ListSource(path, file)
    elif path.suffix.lower() in (".zip", ".tm"):
        archive = (ProjectSource if path.suffix.lower() == ".tm" else ArchiveSource)(path, file)
        try:
            yield archive
        finally:
            archive.close()
    else:
        raise PicturesError(file, expected, f"a file {printable(path.suffix, 20)!r}")


def are_pictures(path: Path) -> bool:
    """Whether a path is one of pictures: a folder, an archive, or a table with paths of pictures."""
    if path.is_dir() or path.suffix.lower() in (".zip", ".tm"):
        return True
    if path.suffix.lower() not in (".csv", ".tsv"):
        return False
    try:
        with path.open("rb") as stream:
            start = stream.read(1 << 14)
    except OSError:
        return False
    first = start.decode(errors="replace").partition("\n")[2].partition("\n")[0].casefold()
    return is_list(start) and any(suffix in first for suffix in READ | OTHERS)


def _walked(path: Path, file: str) -> Iterator[tuple[str, bool]]:
    """All files and folders below a folder: the name of each, and whether it is a folder."""

    def fail(error: OSError) -> None:
        raise PicturesError(file, "a folder to read", (error.strerror or "an error").lower()) from None

    for here, folders, files in os.walk(path, onerror=fail):
        inner = Path(here).relative_to(path).as_posix()
        start = "" if inner == "." else f"{inner}/"
        folders[:] = [name for name in folders if not is_passed(name)]
        for name in folders:
            if (Path(here) / name).is_symlink():
                hint = "put the folder itself there"
                raise PicturesError(file, "folders and files", "a link to a folder", hint, entry=start + name)
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
