"""The document as a whole."""

from typing import Annotated

from pydantic import Field

from quickml.document.dataset import NamedDataset
from quickml.document.export import Export
from quickml.document.layers import AnyLayer
from quickml.document.training import Training
from quickml.fields import DocumentModel, Sizes

MAX_LAYERS = 1000


class Model(DocumentModel):
    """The network: its layers in order."""

    layers: Annotated[tuple[AnyLayer, ...], Field(min_length=1, max_length=MAX_LAYERS)]
    input_shape: Sizes | None = None
    """Comes from the dataset. If given, it must be the same."""


class Document(DocumentModel):
    """A neural network to build, train, export and verify."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9 ._-]{1,64}$")]
    """Display name: 1 to 64 letters, digits, spaces, `.`, `_` and `-`."""
    dataset: NamedDataset
    """A dataset's name, or an object with its name and options."""
    model: Model
    training: Training = Training()
    export: Export = Export()
