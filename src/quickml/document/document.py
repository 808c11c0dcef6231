"""The document as a whole."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from quickml.document.base import DocumentModel, Sizes
from quickml.document.datasets import DATASETS, AnyDataset
from quickml.document.export import Export
from quickml.document.layers import AnyLayer
from quickml.document.training import Training

MAX_LAYERS = 1000


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class Model(DocumentModel):
    """The network: layers in order."""

    layers: Annotated[tuple[AnyLayer, ...], Field(min_length=1, max_length=MAX_LAYERS)]
    input_shape: Sizes | None = None
    """Comes from the dataset; where given all the same, it must agree."""


_Tagged = Annotated[AnyDataset, Field(discriminator="name")]
NamedDataset = Annotated[
    _Tagged, BeforeValidator(_named, json_schema_input_type=_Tagged | Literal[tuple(DATASETS)])
]


class Document(DocumentModel):
    """One network to be built, trained, compiled and verified."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9 ._-]{1,64}$")]
    """Shown to people; 1 to 64 letters, digits, spaces, `.`, `_` and `-`."""
    dataset: NamedDataset
    """A name alone, or an object with the dataset's options."""
    model: Model
    training: Training = Training()
    export: Export = Export()
