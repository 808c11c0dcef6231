"""The port that describes and loads datasets, and its implementation for registered ones."""

from __future__ import annotations

from typing import Protocol

from pydantic import ValidationError

from quickml.datasets.data import Data
from quickml.datasets.dataset import Dataset, Reference
from quickml.datasets.info import DatasetInfo
from quickml.errors import DatasetError, QuickMLError


class Catalog(Protocol):
    """Describes and loads the datasets that documents refer to."""

    def info(self, reference: Reference) -> DatasetInfo:
        """Describe the dataset. Must be quick: documents are checked with it.

        Raises:
            DatasetError: there is no such data, or its description is wrong.
            DocumentError: an option does not fit the data; pointers begin with /dataset.
        """
        ...

    def load(self, reference: Reference) -> Data:
        """The arrays, checked against `info`.

        Raises:
            DatasetError: the data cannot be had, is damaged, or is not what its description says.
        """
        ...


class RegisteredDatasets:
    """The datasets of the registry, which need nothing but their options."""

    def info(self, reference: Reference) -> DatasetInfo:
        """See `Catalog`."""
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
        except Exception as error:  # whatever another package's code may raise
            raise DatasetError(f"{reference.name}: cannot be described: {_named(error)}") from error

    def load(self, reference: Reference) -> Data:
        """See `Catalog`."""
        from quickml.datasets.check import check

        info = self.info(reference)
        try:
            data = _own(reference).load()
        except QuickMLError:
            raise
        except Exception as error:  # whatever another package's code may raise
            raise DatasetError(f"{reference.name}: cannot be loaded: {_named(error)}") from error
        check(info, data)
        return data


def _own(reference: Reference) -> Dataset:
    if isinstance(reference, Dataset):
        return reference
    raise DatasetError(f"{reference.name}: expected an installed dataset, found none of this name")


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


REGISTERED = RegisteredDatasets()
