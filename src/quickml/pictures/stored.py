"""A catalog of pictures in archives whose content is found by its SHA-256, as a server stores them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from quickml.datasets.catalog import REGISTERED, Catalog
from quickml.datasets.files import PicturesReference
from quickml.errors import DatasetError, PicturesError
from quickml.pictures.cache import PictureCache
from quickml.pictures.catalog import LocalPictures, silent
from quickml.pictures.sources import MANIFEST, SAMPLE, PictureArchive, PictureSource, ProjectSource
from quickml.sources.formats import is_archive


class StoredPictures(LocalPictures):
    """As `LocalPictures`, but no path of a document is opened: a file has to be pinned, and is an archive.

    What is decoded is kept in the cache that `cache` returns for a SHA-256.
    """

    def __init__(
        self,
        locate: Callable[[str], Path],
        cache: Callable[[str], PictureCache],
        others: Catalog = REGISTERED,
        *,
        progress: Callable[[str, int, int], None] = silent,
    ) -> None:
        """Read the content with a SHA-256 from the path that `locate` returns."""
        super().__init__(Path(), others, progress=progress)
        self._locate, self._kept = locate, cache

    @contextmanager
    def _opened(self, reference: PicturesReference) -> Iterator[tuple[PictureSource, PictureCache]]:
        if reference.sha256 is None:
            raise DatasetError(f"{reference.file}: expected a file with its sha256, found none")
        with archive(self._locate(reference.sha256), reference.file, reference.sha256) as source:
            yield source, self._kept(reference.sha256)


@contextmanager
def archive(path: Path, file: str, sha256: str) -> Iterator[PictureArchive]:
    """Open a stored archive of pictures.

    Raises:
        PicturesError: it is none.
    """
    with path.open("rb") as stream:
        start = stream.read(4)
    if not is_archive(start):
        raise PicturesError(file, "a zip file of a folder of pictures", "something else")
    source = PictureArchive(path, file, sha256=sha256)
    if MANIFEST in source.names and any(SAMPLE in name for name in source.names):
        source.close()
        source = ProjectSource(path, file, sha256=sha256)
    try:
        yield source
    finally:
        source.close()
