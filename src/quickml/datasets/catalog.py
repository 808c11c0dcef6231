"""The interface that describes and loads datasets, and its implementation for registered datasets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pydantic import ValidationError

from quickml.datasets import registry
from quickml.datasets.data import Data
from quickml.datasets.dataset import Dataset, Reference
from quickml.datasets.files import FileReference
from quickml.datasets.info import DatasetInfo
from quickml.errors import DatasetError, DocumentError, Notice, Problem, QuickMLError

MAX_FILE = 200
"""Characters of the name of a file in a message."""


@dataclass(frozen=True, kw_only=True)
class Described:
    """What a dataset is under the options that a document gives."""

    info: DatasetInfo
    reference: Reference
    """The reference with everything written out that was found out about the data. It loads the same data."""
    notices: tuple[Notice, ...] = ()
    """What was found out or left out; pointers start with /dataset."""


class Catalog(Protocol):
    """Describes and loads the datasets that documents refer to."""

    def describe(self, reference: Reference) -> Described:
        """Describe the dataset. Must be fast, because it is called whenever a document is checked.

        Raises:
            DatasetError: the dataset does not exist, or its description is invalid.
            DocumentError: an option does not fit the dataset; pointers start with /dataset.
        """
        ...

    def load(self, reference: Reference) -> Data:
        """Load the arrays, and check them against `info`.

        Raises:
            DatasetError: the data cannot be loaded, is damaged, or does not match its description.
        """
        ...


class RegisteredDatasets:
    """The datasets of the registry."""

    def describe(self, reference: Reference) -> Described:
        """See `Catalog`."""
        return Described(info=self.info(reference), reference=reference)

    def info(self, reference: Reference) -> DatasetInfo:
        """The description alone; see `Catalog.describe`."""
        try:
            return _own(reference).info()
        except ValidationError as error:
            wrong = error.errors(include_url=False)[0]
            where = ".".join(map(str, wrong["loc"])) or "info"
            raise DatasetError(
                f"{reference.name}: its description is wrong: {where}: {wrong['msg']}"
            ) from error
        except QuickMLError:
            raise
        except Exception as error:  # code of other packages may raise anything
            raise DatasetError(f"{reference.name}: cannot be described: {_named(error)}") from error

    def load(self, reference: Reference) -> Data:
        """See `Catalog`."""
        from quickml.datasets.check import check

        info = self.info(reference)
        try:
            data = _own(reference).load()
        except QuickMLError:
            raise
        except Exception as error:  # code of other packages may raise anything
            raise DatasetError(f"{reference.name}: cannot be loaded: {_named(error)}") from error
        check(info, data)
        return data


def _own(reference: Reference) -> Dataset:
    if isinstance(reference, Dataset):
        return reference
    if isinstance(reference, FileReference):
        raise DocumentError([_unread(reference)])
    registry.find(reference.name)  # raises why its package cannot be loaded, if there is one
    raise DatasetError(f"{reference.name}: expected an installed dataset, found none of this name")


def _unread(reference: FileReference) -> Problem:
    """The problem of a file in a document for those who read no files."""
    file = getattr(reference, "file", "")  # a document of 2018 may lack it
    what = "a table" if reference.name == "table" else reference.name
    return Problem(
        pointer="/dataset",
        expected="a dataset that comes with QuickML, where no files are read",
        found=f"{what} in a file, {file[:MAX_FILE]!r}",
        hint="train with `quickml run` on the machine that has the file, or upload it to a server",
        code="files-not-taken",
        values={"name": reference.name, "file": file[:MAX_FILE]},
    )


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


REGISTERED = RegisteredDatasets()
