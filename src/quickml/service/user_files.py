"""The catalog of an owner: the registered datasets, and files that the owner has uploaded."""

from __future__ import annotations

import difflib
from pathlib import PurePosixPath

from quickml.datasets.catalog import REGISTERED, Catalog, Described
from quickml.datasets.data import Data
from quickml.datasets.dataset import Reference
from quickml.datasets.files import FileReference
from quickml.document.advice import told
from quickml.document.problem import problem
from quickml.errors import DatasetUnavailableError, DocumentError, Problem, UploadNotFoundError
from quickml.service.imports import Importer
from quickml.service.uploads import Uploads
from quickml.uploads.record import UserFile

MOST_NAMES = 10
"""Files that a message lists."""
UPLOAD = "upload it with `quickml upload`; `quickml submit` does so by itself"


class OwnedFiles:
    """Describes datasets for documents of one owner. `sha256` decides which file a document means, else the
    newest file of the name. No path is opened."""

    def __init__(
        self, owner: str, uploads: Uploads, importer: Importer, others: Catalog = REGISTERED
    ) -> None:
        self._owner, self._uploads, self._importer, self._others = owner, uploads, importer, others

    def describe(self, reference: Reference) -> Described:
        """See `Catalog`. A file is read in another process, and only once.

        Raises:
            FileImportingError: it is being read.
        """
        if not isinstance(reference, FileReference) or "file" not in reference.__dict__:
            return self._others.describe(reference)
        return self._importer.describe(self._owner, self._pinned(reference))

    def load(self, reference: Reference) -> Data:
        """Not here: workers load data."""
        raise DatasetUnavailableError(f"{reference.name}: expected a worker to load it")

    def _pinned(self, reference: FileReference) -> FileReference:
        """The reference with the SHA-256 of its files.

        Raises:
            DocumentError: the owner has no such file.
        """
        pins = {}
        for field in type(reference).model_fields:
            if (field == "file" or field.endswith("_file")) and (
                file := getattr(reference, field)
            ) is not None:
                prefix = field.removesuffix("file")
                pinned = getattr(reference, f"{prefix}sha256")
                pins[f"{prefix}sha256"] = self._sha256(file, pinned, prefix)
        return reference.model_copy(update=pins)

    def _sha256(self, name: str, sha256: str | None, prefix: str) -> str:
        if sha256 is None:
            return self._newest(name, prefix).sha256
        try:
            return self._uploads.file(sha256, self._owner).sha256
        except UploadNotFoundError:
            pointer = f"/dataset/{prefix}sha256"
            raise DocumentError([_missing(pointer, "", f"none with sha256 {sha256}", name)]) from None

    def _newest(self, name: str, prefix: str) -> UserFile:
        for one in dict.fromkeys((name, PurePosixPath(name).name)):
            if (found := self._uploads.newest(one, self._owner)) is not None:
                return found
        files, _ = self._uploads.files(self._owner, 200)
        names = [one for file in files for one in file.names]
        close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
        among = f" ({', '.join(names[:MOST_NAMES])})" if names else ""
        hint = f"did you mean {close[0]!r}? Otherwise " if close else ""
        raise DocumentError([_missing(f"/dataset/{prefix}file", among, f"{name!r:.200}", name, hint)])


def _missing(pointer: str, among: str, found: str, file: str, hint: str = "") -> Problem:
    expected = f"a file that you have uploaded{among}"
    return problem(
        "files-not-taken", pointer, expected=expected, found=found, advice=told(hint + UPLOAD), file=file
    )
