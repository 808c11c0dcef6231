"""The catalog of files whose content is found by its SHA-256."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from quickml.arrays import LocalArrays
from quickml.datasets.catalog import Catalog
from quickml.errors import DatasetError
from quickml.imports.places import PictureFolders
from quickml.pictures.catalog import silent
from quickml.pictures.stored import StoredPictures
from quickml.recordings import LocalRecordings
from quickml.tables import LocalTables


def stored(
    locate: Callable[[str], Path], folders: PictureFolders, progress: Callable[[str, int, int], None] = silent
) -> Catalog:
    """A catalog of stored files. No path of a document is opened: a file has to be pinned.

    Args:
        locate: returns the path of the content with a SHA-256.
        folders: where decoded pictures are kept. What is missing there is made again.
        progress: see `LocalPictures`.
    """

    def pinned(file: str, sha256: str | None) -> Path:
        if sha256 is None:
            raise DatasetError(f"{file}: expected a file with its sha256, found none")
        return locate(sha256)

    tables = LocalTables(Path(), locate=pinned)
    arrays = LocalArrays(Path(), tables, locate=pinned)
    recordings = LocalRecordings(Path(), arrays, locate=pinned)
    return StoredPictures(locate, folders.cache, recordings, progress=progress)
