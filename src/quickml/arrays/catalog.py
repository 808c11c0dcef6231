"""A catalog that also reads the arrays of the user, from the folder of the document that names them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from quickml.datasets.catalog import REGISTERED, Catalog
from quickml.datasets.file_catalog import FileCatalog
from quickml.datasets.files import ArraysReference
from quickml.datasets.places import located
from quickml.errors import ArraysError, DatasetError

if TYPE_CHECKING:
    from quickml.arrays.prepare import PreparedArrays

Locate = Callable[[str, str | None], Path]


class LocalArrays(FileCatalog[ArraysReference]):
    """The datasets of another catalog, and arrays of this machine.

    Args:
        folder: paths in documents are relative to it.
        others: describes and loads all other datasets.
        locate: returns the path to open for a file's name and its SHA-256. Nothing else decides which path is
            opened. By default `located` in the folder, and what lies beside it.
    """

    kind = ArraysReference

    def __init__(self, folder: Path, others: Catalog = REGISTERED, *, locate: Locate | None = None) -> None:
        super().__init__(others)
        self._looks_beside = locate is None
        self._path: Locate = locate or partial(located, folder)

    def _prepared(self, reference: ArraysReference) -> PreparedArrays:
        from quickml.arrays.prepare import prepare
        from quickml.arrays.problems import refused
        from quickml.arrays.sources import opened

        if "file" not in reference.__dict__:  # a document of 2018 may lack it
            raise DatasetError('arrays: expected "file", found none')
        labels, path = reference.targets_file, self._path(reference.file, reference.sha256)
        targets = (self._path(labels, reference.targets_sha256), labels) if labels is not None else None
        try:
            with opened(path, reference.file, targets, looks_beside=self._looks_beside) as source:
                return prepare(source, reference)
        except ArraysError as error:
            is_other = labels is not None and error.file == labels != reference.file
            raise refused(error, option="targets_file" if is_other else "file") from None
