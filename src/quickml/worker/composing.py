"""Files of a result that need not be stored, because they can be put together of others that are.

A package's zip is the files of the package, with headers between them. The weights of a package are, blob for
blob, those of the `.mlmodel` file beside it, if both are stored in the same form.
"""

from __future__ import annotations

import io
import mmap
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path
from zipfile import BadZipFile

from quickml.errors import CoreMLFileError
from quickml.export.coreml.archive import contents
from quickml.export.coreml.reading.blobs import BlobFile
from quickml.files.digest import PART_BYTES
from quickml.files.stored_zip import PackedFile, files_in
from quickml.jobs.job import Artifact
from quickml.storage.artifacts.composed import ComposedReader, Composition, FilePiece, Pieces, between, length
from quickml.storage.artifacts.file_reader import FileReader

MOST_FILES = 64
"""Number of files in a package whose zip is put together; what it is made of is read with the job's files."""
MOST_BYTES = 32 << 10
"""Bytes that are not in stored files."""
MOST_PIECES = 1000
LEAST_BYTES = 64 << 10
"""Smaller weights are stored: they take less room than it takes to say where they are."""
SHARED_BYTES = 512
"""Smaller blobs are not looked for."""
MOST_MISSES = 3
"""After this many blobs that are not found, the weights are taken to be stored in another form."""
_NEEDLE_BYTES = 4096
_PACKAGE, _MODEL, _ZIP, _WEIGHTS = ".mlpackage", ".mlmodel", ".zip", "weight.bin"


class Composer:
    """Finds out what files consist of. Thread-safe."""

    def __init__(self, artifact: Callable[[Path], Artifact | None]) -> None:
        """Set the function that waits for the artifact of another file; None where there is none."""
        self._artifact = artifact
        self._paths: dict[str, Path] = {}
        """The stored files that others were looked for in, by their sha256."""

    def pieces(self, path: Path) -> Pieces | None:
        """What a file can be put together of; None where it has to be stored itself."""
        if path.suffix == _ZIP and path.with_suffix("").is_dir():
            found = self._of_zip(path, path.with_suffix(""))
        elif path.name == _WEIGHTS and path.stat().st_size >= LEAST_BYTES:
            found = self._of_weights(path)
        else:
            return None
        if not any(isinstance(piece, FilePiece) for piece in found) or len(found) > MOST_PIECES:
            return None
        if sum(len(piece) for piece in found if isinstance(piece, bytes)) > MOST_BYTES:
            return None
        return found if self._is_same(path, found) else None

    def _of_zip(self, archive: Path, package: Path) -> Pieces:
        try:
            entries = files_in(archive)
        except BadZipFile:
            return ()
        members = {path.relative_to(package.parent).as_posix(): path for path in contents(package)}
        if len(entries) > MOST_FILES or any(entry.name not in members for entry in entries):
            return ()
        sizes = sum(entry.size_bytes for entry in entries)
        if archive.stat().st_size - sizes > MOST_BYTES:
            return ()
        return tuple(self._cut(archive, [(entry, members[entry.name]) for entry in entries]))

    def _cut(self, archive: Path, entries: list[tuple[PackedFile, Path]]) -> Iterator[bytes | FilePiece]:
        with archive.open("rb") as stream:
            for entry, path in entries:
                yield stream.read(entry.start - stream.tell())
                yield from between(self._stored(path), 0, entry.size_bytes)
                stream.seek(entry.size_bytes, io.SEEK_CUR)
            yield stream.read()

    def _stored(self, path: Path) -> Pieces:
        """The file itself, or what it is put together of."""
        artifact = self._artifact(path)
        if artifact is None:
            return ()
        if artifact.composition is not None:
            return Composition.from_json(artifact.composition).pieces
        self._paths[artifact.sha256] = path
        return (FilePiece(artifact.sha256, 0, artifact.size_bytes),)

    def _of_weights(self, path: Path) -> Pieces:
        package = next((parent for parent in path.parents if parent.suffix == _PACKAGE), None)
        model = package and package.with_suffix(_MODEL)
        if model is None or not (whole := self._stored(model)):
            return ()
        with path.open("rb") as weights, model.open("rb") as other:
            blobs = tuple(_shared(path, weights.fileno(), other.fileno()))
            if path.stat().st_size - sum(size for _, size, _ in blobs) > MOST_BYTES:
                return ()
            found: list[Iterator[bytes | FilePiece]] = []
            for start, size, place in blobs:
                found.append(iter((weights.read(start - weights.tell()),)))
                found.append(between(whole, place, place + size))
                weights.seek(size, io.SEEK_CUR)
            return (*chain.from_iterable(found), weights.read())

    def _is_same(self, path: Path, pieces: Pieces) -> bool:
        """Whether the pieces of the files on disk are, together, the file that they are to replace."""
        if sum(map(length, pieces)) != path.stat().st_size:
            return False
        composed = ComposedReader(
            lambda sha256, start, stop: FileReader(self._paths[sha256], start, stop), pieces
        )
        with path.open("rb") as file, closing(composed):
            while expected := file.read(PART_BYTES):
                if composed.read(PART_BYTES) != expected:
                    return False
        return True


def _shared(path: Path, weights: int, model: int) -> Iterator[tuple[int, int, int]]:
    """Blobs that a model has, too: where each begins, its size, and where it seems to begin in the model."""
    try:
        blobs = BlobFile.open(path).places()
        view = mmap.mmap(model, 0, access=mmap.ACCESS_READ)
    except (CoreMLFileError, ValueError):
        return
    with view, mmap.mmap(weights, 0, access=mmap.ACCESS_READ) as content:
        position = misses = 0
        for start, size in blobs:
            if size < SHARED_BYTES:
                continue
            place = view.find(content[start : start + min(size, _NEEDLE_BYTES)], position)
            if place >= 0:
                yield start, size, place
                position = place + size
            elif (misses := misses + 1) == MOST_MISSES:
                return
