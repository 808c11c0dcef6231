"""A catalog that also reads the pictures of the user, from the folder of the document that names them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from quickml.datasets.catalog import REGISTERED, Catalog
from quickml.datasets.file_catalog import FileCatalog
from quickml.datasets.files import PicturesReference
from quickml.datasets.places import located
from quickml.errors import DatasetError, PicturesError

if TYPE_CHECKING:
    from quickml.pictures.cache import PictureCache
    from quickml.pictures.prepare import PreparedPictures
    from quickml.pictures.sources import PictureSource


def silent(what: str, done: int, total: int) -> None:
    """Shows no progress."""


class LocalPictures(FileCatalog[PicturesReference]):
    """The datasets of another catalog, and pictures of this machine.

    Pictures are decoded when they are described for the first time, and kept in the user's cache folder.

    Args:
        folder: paths in documents are relative to it.
        others: describes and loads all other datasets.
        progress: is told what is done, how many pictures are done, and of how many.
        cache: the folder for decoded pictures; by default `pictures` in the user's cache folder.
    """

    kind = PicturesReference

    def __init__(
        self,
        folder: Path,
        others: Catalog = REGISTERED,
        *,
        progress: Callable[[str, int, int], None] = silent,
        cache: Path | None = None,
    ) -> None:
        super().__init__(others)
        self._folder = folder
        self._progress, self._cache = progress, cache

    def _prepared(self, reference: PicturesReference) -> PreparedPictures:
        from quickml.pictures.prepare import prepare
        from quickml.pictures.problems import refused

        if "file" not in reference.__dict__:  # a document of 2018 may lack it
            raise DatasetError('pictures: expected "file", found none')
        try:
            with self._opened(reference) as (source, cache):
                return prepare(source, reference, cache, self._progress)
        except PicturesError as error:
            raise refused(error) from None

    @contextmanager
    def _opened(self, reference: PicturesReference) -> Iterator[tuple[PictureSource, PictureCache]]:
        """The pictures of a reference, and where they are kept when they are decoded."""
        from quickml.pictures.cache import PictureCache
        from quickml.pictures.sources import opened

        path = located(self._folder, reference.file, reference.sha256)
        with opened(path, reference.file) as source:
            yield source, PictureCache(self._cache)
