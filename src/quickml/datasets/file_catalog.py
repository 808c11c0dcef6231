"""The base of catalogs that read one kind of files of the user."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Generic, Protocol, TypeVar, cast

from quickml.datasets.catalog import REGISTERED, Catalog, Described
from quickml.datasets.data import Data
from quickml.datasets.dataset import Reference
from quickml.datasets.files import FileReference
from quickml.datasets.info import DatasetInfo
from quickml.errors import DatasetError, DocumentError, Notice

Kind = TypeVar("Kind", bound=FileReference)


class PreparedFile(Protocol):
    """A file that was read, with its samples divided into training and test."""

    @property
    def info(self) -> DatasetInfo:
        """See `Described`."""
        ...

    @property
    def reference(self) -> FileReference:
        """See `Described`."""
        ...

    @property
    def notices(self) -> tuple[Notice, ...]:
        """See `Described`."""
        ...

    def data(self) -> Data:
        """The arrays.

        Raises:
            DatasetError: they cannot be read any more.
        """
        ...


class FileCatalog(ABC, Generic[Kind]):
    """The datasets of another catalog, and files of one kind.

    Args:
        others: describes and loads all other datasets.
    """

    kind: ClassVar[type[FileReference]]
    """References to the files."""

    def __init__(self, others: Catalog = REGISTERED) -> None:
        self._others = others

    def describe(self, reference: Reference) -> Described:
        """See `Catalog`. Reads the file."""
        if not isinstance(reference, self.kind):
            return self._others.describe(reference)
        prepared = self._prepared(cast("Kind", reference))
        return Described(info=prepared.info, reference=prepared.reference, notices=prepared.notices)

    def load(self, reference: Reference) -> Data:
        """See `Catalog`. The file has to be the one that was described."""
        if not isinstance(reference, self.kind):
            return self._others.load(reference)
        from quickml.datasets.check import check

        try:
            prepared = self._prepared(cast("Kind", reference))
        except DocumentError as error:
            raise DatasetError(str(error)) from None
        data = prepared.data()
        check(prepared.info, data)
        return data

    @abstractmethod
    def _prepared(self, reference: Kind) -> PreparedFile:
        """Read the file.

        Raises:
            DatasetError, DocumentError: see `Catalog.describe`.
        """
