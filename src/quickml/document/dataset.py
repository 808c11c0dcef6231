"""The `dataset` of a document: a name with options, read by the class that is registered under the name."""

from typing import Annotated, Any, Literal, Union

from pydantic import BeforeValidator, Field, PlainValidator, SerializeAsAny, ValidationInfo
from pydantic_core import PydanticCustomError, PydanticKnownError

from quickml.datasets import registry
from quickml.datasets.dataset import Missing, Reference
from quickml.errors import DatasetError
from quickml.fields import wrong_form

STORED = "stored"
"""Context of a validation: of a plan that was stored, whose dataset need not be installed any more."""


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _read(value: Any, info: ValidationInfo) -> Reference:
    """The reference, with errors of the kinds that a tagged union of all datasets would have."""
    if isinstance(value, Reference):
        return value
    if not isinstance(value, dict):
        raise wrong_form("a name, or an object with the key 'name'")
    if "name" not in value:
        raise PydanticKnownError("union_tag_not_found", {"discriminator": "'name'"})
    is_stored = info.context == STORED
    kind = _class(value["name"], is_stored=is_stored) if isinstance(value["name"], str) else None
    if kind is None and is_stored:
        kind = Missing
    if kind is None:
        tags = {"discriminator": "'name'", "tag": str(value["name"]), "expected_tags": ""}
        raise PydanticKnownError("union_tag_invalid", tags)
    return kind.model_validate(value)


def _class(name: str, *, is_stored: bool) -> type[Reference] | None:
    try:
        return registry.find(name)
    except DatasetError as error:
        if is_stored:
            return None
        raise PydanticCustomError("dataset_broken", "{reason}", {"reason": str(error)}) from None


NamedDataset = Annotated[SerializeAsAny[Reference], PlainValidator(_read), BeforeValidator(_named)]


def any_of(kinds: tuple[type[Reference], ...]) -> Any:
    """The type of a field that takes a reference to any of these, for a JSON Schema."""
    either: Any = Union.__getitem__(kinds)
    names: Any = Literal.__getitem__(tuple(kind.model_fields["name"].default for kind in kinds))
    return Annotated[either, Field(discriminator="name")] | names
