"""Where in a document an error of pydantic is, and which class describes the object there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from pydantic import AliasChoices, ValidationError

from quickml.datasets import registry
from quickml.datasets.dataset import Reference
from quickml.document.document import Document
from quickml.fields import DocumentModel

Kind = type[DocumentModel]
LONG = 8
"""Number of items of a list from which on a value is tried without the others."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A value in a document, or the place of one that is missing."""

    steps: tuple[str | int, ...]
    """Keys and positions from the root of the document to the value."""
    owner: Kind
    """Class of the innermost object around the value."""
    holder: Any
    """This object in the document; a string where a name stands for an object."""
    depth: int
    """Number of steps to the holder."""
    value: Any
    """The value; None if it is missing."""
    kinds: tuple[Kind, ...]
    """The classes that an object here may have; none if the value is no object."""

    @property
    def pointer(self) -> str:
        """JSON pointer of the value."""
        return _pointer(self.steps)

    @property
    def holder_pointer(self) -> str:
        """JSON pointer of the object around it."""
        return _pointer(self.steps[: self.depth])

    @property
    def key(self) -> str:
        """The key of the holder that the value is at or below; empty for the whole document."""
        return str(self.steps[self.depth]) if len(self.steps) > self.depth else ""

    @property
    def is_item(self) -> bool:
        """Whether the value is within a list at the key."""
        return len(self.steps) > self.depth + 1

    @property
    def is_in_document(self) -> bool:
        """Whether the holder has the key."""
        return isinstance(self.holder, dict) and self.key in self.holder

    def takes(self, value: Any) -> bool:
        """Whether the document may have another value here."""
        inner = self.steps[self.depth + 1 :]
        held = self.holder.get(self.key) if isinstance(self.holder, dict) else None
        if inner and isinstance(inner[0], int) and isinstance(held, list) and len(held) > LONG:
            held, inner = held[inner[0] : inner[0] + 1], (0, *inner[1:])  # the other items take time
        return takes(self.owner, self.key, _replaced(held, inner, value), inner)

    def is_required(self) -> bool:
        """Whether the holder must have the key."""
        found = field(self.owner, self.key)
        return found is None or found.is_required()


def takes(owner: Kind, key: str, value: Any, inner: tuple[str | int, ...] = ()) -> bool:
    """Whether an object takes a value at a key, as far as the steps `inner` below it."""
    try:
        owner.model_validate({key: value})
    except ValidationError as error:
        where = (key, *inner)
        found = (find(item["loc"], {key: value}, owner).steps for item in error.errors(include_url=False))
        return not any(steps[: len(where)] == where[: len(steps)] for steps in found if steps)
    return True


def find(loc: tuple[str | int, ...], document: Any, root: Kind = Document) -> Place:
    """The place of an error. pydantic's `loc` has steps of its own: the selected members of unions."""
    steps: list[str | int] = []
    owner, holder, depth, here = root, document, 0, document
    kinds: tuple[Kind, ...] = (root,)
    is_selected = True
    for step in loc:
        if isinstance(step, int):
            here = here[step] if isinstance(here, list) and step < len(here) else None
            is_selected = False
        elif not is_selected and (chosen := [kind for kind in kinds if step and tag_of(kind) == step]):
            kinds, is_selected = (chosen[0],), True
            continue
        elif len(kinds) == 1:
            owner, holder, depth = kinds[0], here, len(steps)
            here = here.get(step) if isinstance(here, dict) else None
            kinds, is_selected = _kinds(owner, step, here), False
        elif not kinds and isinstance(here, dict) and step in here:
            here = here[step]
        else:
            continue
        steps.append(step)
    return Place(steps=tuple(steps), owner=owner, holder=holder, depth=depth, value=here, kinds=kinds)


def tag_of(kind: Kind) -> str:
    """The `type` of a class; empty if it has none."""
    found = kind.model_fields.get("type")
    return str(found.default) if found is not None and isinstance(found.default, str) else ""


def field(owner: Kind, key: str) -> Any:
    """The field of a key, or None."""
    return next((found for name, found in _named(owner) if name == key), None)


def keys_of(owner: Kind) -> list[str]:
    """The keys that an object may have."""
    return list(owner.model_fields)


def aliases(owner: Kind, key: str) -> list[str]:
    """All names of the field that has this key, if it has several."""
    choices = getattr(field(owner, key), "validation_alias", None)
    return [str(name) for name in choices.choices] if isinstance(choices, AliasChoices) else []


def _named(owner: Kind) -> Iterator[tuple[str, Any]]:
    for name, found in owner.model_fields.items():
        yield name, found
        if isinstance(found.validation_alias, AliasChoices):
            yield from ((str(choice), found) for choice in found.validation_alias.choices)


def _kinds(owner: Kind, key: str, value: Any) -> tuple[Kind, ...]:
    """The classes that the object at a key may have."""
    if owner is Document and key == "dataset":
        return (_dataset(value),)
    return _declared(owner, key)


def _dataset(value: Any) -> Kind:
    name = value.get("name") if isinstance(value, Mapping) else value
    return registry.registered().get(name, Reference) if isinstance(name, str) else Reference


@cache
def _declared(owner: Kind, key: str) -> tuple[Kind, ...]:
    found = field(owner, key)
    return tuple(_classes(found.annotation)) if found is not None else ()


def _classes(annotation: Any) -> Iterator[Kind]:
    if isinstance(annotation, type) and issubclass(annotation, DocumentModel):
        yield annotation
    for part in get_args(annotation):
        yield from _classes(part)


def _replaced(value: Any, steps: tuple[str | int, ...], new: Any) -> Any:
    """A copy of a value with another one at the end of some steps; unchanged if there is no such place."""
    if not steps:
        return new
    step, *rest = steps
    if isinstance(value, dict) and step in value:
        return {**value, step: _replaced(value[step], tuple(rest), new)}
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return [*value[:step], _replaced(value[step], tuple(rest), new), *value[step + 1 :]]
    return value


def _pointer(steps: tuple[str | int, ...]) -> str:
    return "".join(f"/{escaped(step)}" for step in steps)


def escaped(step: str | int) -> str:
    """A key or a position as a step of a JSON pointer, shortened."""
    return str(step)[:100].replace("~", "~0").replace("/", "~1")
