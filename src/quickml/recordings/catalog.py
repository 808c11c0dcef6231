"""A catalog that also reads the recordings of the user, from the folder of the document that names them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from quickml.datasets.catalog import REGISTERED, Catalog
from quickml.datasets.data import Data
from quickml.datasets.dataset import Reference
from quickml.datasets.file_catalog import FileCatalog
from quickml.datasets.files import RecordingsReference
from quickml.datasets.places import located
from quickml.errors import DatasetError

if TYPE_CHECKING:
    from quickml.recordings.prepare import PreparedRecordings

Locate = Callable[[str, str | None], Path]


class LocalRecordings(FileCatalog[RecordingsReference]):
    """The datasets of another catalog, and recordings of this machine.

    Recordings that were described are kept until they are loaded, so that they are read once.

    Args:
        folder: paths in documents are relative to it.
        others: describes and loads all other datasets.
        locate: returns the path to open for a file's name and its SHA-256. By default `located` in the
            folder.
    """

    kind = RecordingsReference

    def __init__(self, folder: Path, others: Catalog = REGISTERED, *, locate: Locate | None = None) -> None:
        super().__init__(others)
        self._path: Locate = locate or partial(located, folder)
        self._kept: tuple[str, str, PreparedRecordings] | None = None

    def load(self, reference: Reference) -> Data:
        """See `Catalog`. The file has to be the one that was described."""
        data = super().load(reference)
        self._kept = None
        return data

    def _prepared(self, reference: RecordingsReference) -> PreparedRecordings:
        from quickml.recordings.files import stamp
        from quickml.recordings.prepare import prepare

        if "file" not in reference.__dict__:  # a document of 2018 may lack it
            raise DatasetError('recordings: expected "file", found none')
        path = self._path(reference.file, reference.sha256)
        now = stamp(path, reference.file)
        if self._kept and now == self._kept[1] and _key(reference) in self._kept[0]:
            return self._kept[2]
        self._kept = None
        prepared = prepare(path, reference)
        self._kept = (_key(reference) + _key(prepared.reference), now, prepared)
        return prepared


def _key(reference: RecordingsReference) -> str:
    return reference.model_dump_json() + "\n"
