"""References to datasets, as documents contain them, and datasets that describe and load themselves."""

import math
from typing import Annotated

from pydantic import ConfigDict, Field

from quickml.datasets.data import Data
from quickml.datasets.info import DatasetInfo
from quickml.fields import DocumentModel

Seed = Annotated[int, Field(ge=0, lt=2**31)]
Count = Annotated[int, Field(ge=20, le=1_000_000)]


class Reference(DocumentModel):
    """The `dataset` of a document: a name and options, which are the fields."""

    name: str
    seed: Seed = 0
    """Seed for drawing, shuffling and splitting the samples."""


class Dataset(Reference):
    """A reference that needs nothing but its options to be described and loaded.

    To add one, derive a class whose `name` is a `Literal` with a default, and mark it with `@register`. Its
    fields are the options that a document may give; its docstring is one line for a person.
    """

    def info(self) -> DatasetInfo:
        """What the data is under these options. Quick: no numpy, no file is read."""
        raise NotImplementedError

    def load(self) -> Data:
        """The arrays. The same options give the same samples in the same order.

        Raises:
            DatasetError: the data cannot be had, or is damaged.
        """
        raise NotImplementedError

    def is_local(self) -> bool:
        """Whether loading needs no connection to the internet."""
        return True


class Missing(Reference):
    """The dataset of a stored plan that is not installed any more."""

    model_config = ConfigDict(extra="allow")


class Split(Dataset):
    """A dataset without a test set of its own: a fraction is held out, stratified by class."""

    test_fraction: Annotated[float, Field(ge=0.05, le=0.5)] = 0.2

    def divided(self, total: int) -> tuple[int, int]:
        """Number of training and test samples of `total`; the test fraction is rounded up."""
        # Rounded first: 100 * 0.07 is 7.000000000000001, whose ceiling would be one sample too many.
        test = math.ceil(round(total * self.test_fraction, 6))
        return total - test, test
