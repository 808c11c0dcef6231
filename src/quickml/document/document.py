"""The document as a whole."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from quickml.document.dataset import NamedDataset
from quickml.document.export import Export
from quickml.document.layers import AnyLayer
from quickml.document.names import Name
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

    name: Name
    """Display name: 1 to 64 letters and digits of any script, spaces, `.`, `_` and `-`."""
    dataset: NamedDataset
    """A dataset's name, or an object with its name and options."""
    model: Model
    training: Training = Training.model_construct()  # `Training()` would build a validator
    export: Export = Export.model_construct()

    @model_validator(mode="before")
    @classmethod
    def _without_schema(cls, values: Any) -> Any:
        """Editors read the address of a JSON Schema at the root."""
        return (
            {key: values[key] for key in values if key != "$schema"} if isinstance(values, dict) else values
        )
