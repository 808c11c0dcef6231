"""The catalog of files whose content is found by its SHA-256: tables and pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from quickml.datasets.catalog import Catalog
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
    return StoredPictures(locate, folders.cache, StoredFiles(locate), progress=progress)
