"""The catalog of files whose content is found by its SHA-256: tables, pictures and arrays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from quickml.arrays import LocalArrays
from quickml.datasets.catalog import Catalog
from quickml.errors import DatasetError
from quickml.imports.places import PictureFolders
from quickml.pictures.catalog import silent
from quickml.pictures.stored import StoredPictures
from quickml.tables.stored import StoredFiles


def stored(
    locate: Callable[[str], Path], folders: PictureFolders, progress: Callable[[str, int, int], None] = silent
) -> Catalog:
    """A catalog of stored files. No path of a document is opened.

    Args:
        locate: returns the path of the content with a SHA-256.
        folders: where decoded pictures are kept. What is missing there is made again.
        progress: see `LocalPictures`.
    """

    def by_digest(file: str, sha256: str | None) -> Path:
        if sha256 is None:
            raise DatasetError(f"{file}: expected a file with its sha256, found none")
        return locate(sha256)

    arrays = LocalArrays(Path(), StoredFiles(locate), locate=by_digest)
    return StoredPictures(locate, folders.cache, arrays, progress=progress)
