"""A catalog of tables whose content is found by its SHA-256, as a server stores it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from quickml.datasets.catalog import REGISTERED, Catalog
from quickml.errors import DatasetError
from quickml.tables.catalog import LocalFiles


class StoredFiles(LocalFiles):
    """As `LocalFiles`, but no path of a document is opened: a file has to be pinned."""

    def __init__(self, locate: Callable[[str], Path], others: Catalog = REGISTERED) -> None:
        """Read the content with a SHA-256 from the path that `locate` returns."""
        super().__init__(Path(), others, locate=self._stored)
        self._locate = locate

    def _stored(self, file: str, sha256: str | None) -> Path:
        if sha256 is None:
            raise DatasetError(f"{file}: expected a file with its sha256, found none")
        return self._locate(sha256)
