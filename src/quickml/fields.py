"""Base class and field types of all objects of a document.

Modules that define such objects do not use `from __future__ import annotations`: pydantic would compile each
annotation from its text, for every class that inherits it, which took 15 of `quickml validate`'s 280 ms.
"""

from typing import Annotated, Any, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Tag,
    TypeAdapter,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

Shape = tuple[int, ...]
"""Shape of one sample, without the batch axis. Images are (height, width, channels)."""

MAX_SIZE = 1_000_000_000
"""Upper bound of every size and count in a document."""


class DocumentModel(BaseModel):
    """An object of the document: frozen, strict about types, closed to unknown keys."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _lists_are_tuples(cls, values: Any) -> Any:
        """Convert JSON lists to tuples: strict pydantic does not."""
        if not isinstance(values, dict):
            return values
        return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


class ByType:
    """Selects a class of a union by its `type`, as `Field(discriminator="type")` does.

    The validator of a class is built when an object of this type is read: a document has a few layers of 80.
    """

    def __get_pydantic_core_schema__(self, source: Any, _: GetCoreSchemaHandler) -> CoreSchema:
        read = core_schema.no_info_plain_validator_function
        choices: dict[Any, Any] = {
            kind.model_fields["type"].default: read(kind.model_validate) for kind in get_args(source)
        }
        written = {"pydantic_js_functions": [_Written(source)]}
        return core_schema.tagged_union_schema(choices, "type", metadata=written)


class _Written:
    """The JSON Schema of a union of classes."""

    def __init__(self, union: Any) -> None:
        self._union = union

    def __call__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        union: Any = Annotated[self._union, Field(discriminator="type")]
        return handler(TypeAdapter(union).core_schema)


Size = Annotated[int, Field(ge=1, le=MAX_SIZE)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
PositiveFloat = Annotated[float, Field(gt=0)]


def wrong_form(expected: str) -> PydanticCustomError:
    """The error of a value of a wrong type, in a field that takes several: it names all of them."""
    return PydanticCustomError("form", "{expected}", {"expected": expected})


def one_or_many(expected: str) -> BeforeValidator:
    """Accept a number or a list, without a look at what is in it."""

    def checked(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float | list | tuple):
            raise wrong_form(expected)
        return value

    return BeforeValidator(checked)


ONE, MANY = Tag("one"), Tag("many")
BY_FORM = Discriminator(lambda value: "many" if isinstance(value, list | tuple) else "one")
"""Selects one of two types, so that a wrong value is reported once."""


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _twice(value: Any) -> Any:
    if _is_integer(value):
        return (value, value)
    if isinstance(value, list | tuple) and len(value) == 2:
        return tuple(value)
    raise wrong_form("an integer, or a list of two integers")


def _schema(minimum: int) -> dict[str, Any]:
    one = {"type": "integer", "minimum": minimum, "maximum": MAX_SIZE}
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 2, "maxItems": 2}]}


Pair = Annotated[tuple[Size, Size], BeforeValidator(_twice), WithJsonSchema(_schema(1))]
"""Two positive integers, rows before columns; one integer stands for both."""


def _sides(value: Any) -> Any:
    sides = (value, value) if _is_integer(value) else value
    try:
        first, second = sides if isinstance(sides, list | tuple) else ()
        return _twice(first), _twice(second)
    except (ValueError, PydanticCustomError):
        pairs = "a list of two integers or of two such lists"
        raise wrong_form(f"an integer, or {pairs}") from None


_Pad = Annotated[int, Field(ge=0, le=MAX_SIZE)]
_two = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "array", "minItems": 2, "maxItems": 2}]}
Padding = Annotated[
    tuple[tuple[_Pad, _Pad], tuple[_Pad, _Pad]],
    BeforeValidator(_sides),
    WithJsonSchema({"anyOf": [_two, {"type": "array", "items": _two, "minItems": 2, "maxItems": 2}]}),
]
"""((top, bottom), (left, right)); shorter forms as Keras takes them: one integer, or one per axis."""

PairFromZero = Annotated[tuple[_Pad, _Pad], BeforeValidator(_twice), WithJsonSchema(_schema(0))]
"""Two integers of at least 0; one integer stands for both."""

Sizes = tuple[Size, ...]
Numbers = tuple[float, ...]
