"""Where pictures are: a folder, a zip archive, a project, or a list. Each has names that can be read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Protocol

from quickml.errors import PicturesError, SourceError
from quickml.files.digest import sum_of
from quickml.pictures.listing import PictureList, is_list, listed_pictures
from quickml.sources.formats import OTHER_PICTURES, PICTURES
from quickml.sources.places import ArchiveSource, FileSource, FolderSource, stamps
from quickml.sources.reading import MAX_FILE_BYTES, read_file
from quickml.text import printable

MANIFEST, SAMPLE = "manifest.json", "-!-"
_PROJECTS = {"audio": "a project of sounds", "pose": "a project of poses"}


class PictureSource(FileSource, Protocol):
    """Files that are pictures, or beside them."""

    labels: Mapping[str, str] | None
    """The class or the labels of each file, where they are written; otherwise folders are classes."""
    fault: PicturesError | None
    """What is wrong with `labels` if each picture has to have a class."""


class PictureFolder(FolderSource):
    """The files below a folder."""

    labels: Mapping[str, str] | None = None
    fault: PicturesError | None = None

    def __init__(self, path: Path, file: str) -> None:
        super().__init__(path, file, PicturesError)


class ListSource:
    """The files that a CSV file lists, which are beside it."""

    error: type[SourceError] = PicturesError
    folders: Iterable[str] = ()

    def __init__(self, path: Path, file: str) -> None:
        self.file, self.folder = file, path.parent
        self._list: PictureList = listed_pictures(path, file, lambda name: (path.parent / name).is_file())
        self.labels: Mapping[str, str] | None = self._list.labels
        self.fault: PicturesError | None = self._list.fault
        self.names: Sequence[str] = sorted(self._list.labels)

    def read(self, name: str) -> bytes:
        """See `FileSource`."""
        return read_file(f"{self.folder}/{name}", self.file, name, self.error)

    def stamp(self) -> tuple[str, int]:
        """See `FileSource`."""
        text, changed_ns = stamps(self.folder, self.names)
        return self._list.sha256 + text, changed_ns

    def sha256(self, sums: Mapping[str, str]) -> str:
        """See `FileSource`. Of the list's sum, and then those of the pictures as of a folder."""
        return hashlib.sha256(f"{self._list.sha256}\n{sum_of(sums)}\n".encode()).hexdigest()


class PictureArchive(ArchiveSource):
    """The files in a zip archive. A list beside the pictures says their classes, if there is one."""

    def __init__(self, path: Path, file: str, *, sha256: str | None = None, holds: str = "pictures") -> None:
        """Open an archive; see `ArchiveSource`."""
        super().__init__(path, file, PicturesError, holds=holds, sha256=sha256)
        try:
            listed = self._listed()
        except BaseException:
            self.close()
            raise
        self.labels: Mapping[str, str] | None = listed.labels if listed else None
        self.fault: PicturesError | None = listed.fault if listed else None
        if self.labels is not None:
            self.names = sorted(self.labels)

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


class ProjectSource(PictureArchive):
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
        yield PictureFolder(path, file)
    elif not path.exists():
        raise PicturesError(file, expected, "nothing of this name")
    elif path.suffix.lower() in (".csv", ".tsv"):
        yield ListSource(path, file)
    elif path.suffix.lower() in (".zip", ".tm"):
        archive = (ProjectSource if path.suffix.lower() == ".tm" else PictureArchive)(path, file)
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
    return is_list(start) and any(suffix in first for suffix in PICTURES | OTHER_PICTURES)
