"""References to datasets, as documents contain them, and datasets that describe and load themselves."""

import math
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from quickml.datasets.data import Data
from quickml.datasets.info import DatasetInfo
from quickml.fields import DocumentModel

Seed = Annotated[int, Field(ge=0, lt=2**31)]
Count = Annotated[int, Field(ge=20, le=1_000_000)]


class Reference(DocumentModel):
    """The `dataset` of a document: a name and options. Each option is a field."""

    private: ClassVar[frozenset[str]] = frozenset()
    """Options that delivered files do not tell, such as what a file of the user is called."""
    name: str
    seed: Seed = 0
    """Seed for drawing, shuffling and splitting the samples."""


class Dataset(Reference):
    """A reference that describes and loads its own data.

    To add a dataset, derive a class whose `name` is a `Literal` with a default, and decorate it with
    `@register`. The fields are the options that documents can set. The docstring is a one-line description
    for users.
    """

    def info(self) -> DatasetInfo:
        """Describe the data with these options. Must be fast: no numpy, no reading of files."""
        raise NotImplementedError

    def load(self) -> Data:
        """Load the arrays. The same options give the same samples in the same order.

        Raises:
            DatasetError: the data cannot be loaded, or is damaged.
        """
        raise NotImplementedError

    def is_local(self) -> bool:
        """Whether the data can be loaded without an internet connection."""
        return True


class Missing(Reference):
    """A dataset of a stored plan that is no longer installed, or can no longer be loaded."""

    model_config = ConfigDict(extra="allow")


class Split(Dataset):
    """A dataset without its own test set: a fraction of the samples is held out, stratified by class."""

    test_fraction: Annotated[float, Field(ge=0.05, le=0.5)] = 0.2

    def divided(self, total: int) -> tuple[int, int]:
        """Number of training and test samples of `total`; the test fraction is rounded up."""
        # Rounded first: 100 * 0.07 is 7.000000000000001, and its ceiling is one too many.
        test = math.ceil(round(total * self.test_fraction, 6))
        return total - test, test
