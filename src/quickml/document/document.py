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
    """The network: layers in order."""

    layers: Annotated[tuple[AnyLayer, ...], Field(min_length=1, max_length=MAX_LAYERS)]
    input_shape: Sizes | None = None
    """Comes from the dataset; where given all the same, it must agree."""


class Document(DocumentModel):
    """One network to be built, trained, compiled and verified."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9 ._-]{1,64}$")]
    """Shown to people; 1 to 64 letters, digits, spaces, `.`, `_` and `-`."""
    dataset: NamedDataset
    """A name alone, or an object with the dataset's options."""
    model: Model
    training: Training = Training()
    export: Export = Export()
