"""Convert pydantic's validation errors to problems with JSON pointers and our own messages."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from quickml.datasets import registry
from quickml.document.hints import key_hint, type_hint, value_hint
from quickml.document.layers import LAYERS
from quickml.document.place import Kind, Place, aliases, find, keys_of, tag_of
from quickml.document.training import OPTIMIZERS
from quickml.errors import Problem

MOST = 200
"""Maximum number of errors to convert, because each takes time; twice what is reported."""


def problems_of(error: ValidationError, document: Any) -> list[Problem]:
    """The problems that pydantic found, with pointers into the submitted document."""
    found = [
        (find(item["loc"], document), item)
        for item in _all_errors(error.errors(include_url=False)[:MOST], document)
    ]
    missing: dict[str, list[Place]] = {}
    for place, item in found:
        if item["type"] == "missing":
            missing.setdefault(place.holder_pointer, []).append(place)
    # For a list of invalid items, pydantic also reports that the list is too short.
    inside = {place.steps[:count] for place, _ in found for count in range(len(place.steps))}
    return [
        *map(_missing, missing.values()),
        *(
            _problem(place, item, document)
            for place, item in found
            if item["type"] != "missing" and not (item["type"] == "too_short" and place.steps in inside)
        ),
    ]


def _all_errors(errors: Sequence[Any], document: Any) -> Iterator[Any]:
    """The errors, and for a misspelled type those of the keys that are there, as the right type sees them."""
    for item in errors:
        yield item
        place = find(item["loc"], document)
        if item["type"] == "union_tag_invalid" and (kind := _meant(place, item["input"])) is not None:
            try:
                kind.model_validate({**item["input"], "type": tag_of(kind)})
            except ValidationError as error:
                for inner in error.errors(include_url=False):
                    if inner["type"] == "missing":
                        continue
                    yield {**inner, "loc": (*item["loc"], tag_of(kind), *inner["loc"])}


def _meant(place: Place, value: Any) -> Kind | None:
    """The class that the only suggestion for an unknown type names."""
    _, names = type_hint(value, _tags(place))
    found = [kind for kind in place.kinds if [tag_of(kind)] == names]
    return found[0] if found else None


def _missing(places: Sequence[Place]) -> Problem:
    """One problem for all keys that an object lacks."""
    first, names = places[0], [repr(str(place.steps[-1])) for place in places]
    several = f"the keys {', '.join(names[:-1])} and {names[-1]}"
    return Problem(
        pointer=first.holder_pointer,
        subject=_subject(first.owner),
        expected=several if len(names) > 1 else f"the key {names[0]}",
        found="none",
    )


def _problem(place: Place, error: Any, document: Any) -> Problem:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(place, document)
    if kind == "dataset_broken":
        expected = "a dataset that can be loaded"
        value, hint = shown_value(error["input"].get("name")), context["reason"]
        return Problem(pointer=f"{place.pointer}/name", expected=expected, found=value, hint=hint)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _unknown_type(place, error)
    return Problem(
        pointer=place.pointer,
        expected=worded(kind, context, error["msg"]),
        found=shown_value(place.value),
        hint="" if kind.startswith("too_") else value_hint(place),
    )


def _unknown_key(place: Place, document: Any) -> Problem:
    known, key = keys_of(place.owner), place.key
    other = next((name for name in aliases(place.owner, key) if name != key), "")
    return Problem(
        pointer=place.pointer,
        subject=_subject(place.owner),
        expected=f"one of {other!r} and {key!r}, which are the same" if other else "a known key",
        found="both" if other else repr(key),
        hint="leave one of them out" if other else key_hint(place, known, document),
    )


def _unknown_type(place: Place, error: Any) -> Problem:
    value, key = error["input"], str(error["ctx"]["discriminator"]).strip("'")
    tags = _tags(place)
    hint, _ = type_hint(value, tags)
    if error["type"] == "union_tag_not_found" or not isinstance(value.get(key), str):
        is_known = error["type"] != "union_tag_not_found"
        return Problem(
            pointer=f"{place.pointer}/{key}" if is_known else place.pointer,
            expected="a string" if is_known else f"an object with the key {key!r}",
            found=shown_value(value[key]) if is_known else _without_key(value),
            hint=hint,
        )
    what = {"dataset": "dataset", "optimizer": "optimizer"}.get(str(place.steps[-1]), "type")
    return Problem(
        pointer=f"{place.pointer}/{key}",
        expected=f"a known {what}",
        found=shown_value(value[key]),
        hint=hint or f"known: {', '.join(tags)}",
    )


def _without_key(value: Any) -> str:
    return "an object without it" if value else shown_value(value)


def _tags(place: Place) -> list[str]:
    """The types, or datasets, that are possible at a place."""
    return registry.names() if place.pointer == "/dataset" else list(map(tag_of, place.kinds))


def _subject(owner: Kind) -> str:
    kind = tag_of(owner)
    return kind if kind in LAYERS or kind in OPTIMIZERS else ""


_WORDS: Mapping[str, str] = {
    "form": "{expected}",
    "int_type": "an integer",
    "int_parsing": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "a string",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dict_type": "an object",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
    "too_short": "at least {min_length} {items}",
    "too_long": "at most {max_length} {items}",
    "string_too_long": "at most {max_length} characters",
    "string_pattern_mismatch": "{pattern}",
}
_PATTERNS = {r"^[A-Za-z][A-Za-z0-9_]{0,63}$": "an ASCII letter, then up to 63 ASCII letters, digits and '_'"}


def worded(kind: str, context: Mapping[str, Any], message: str) -> str:
    """What was expected where pydantic found an error of this kind."""
    words = _WORDS.get(kind)
    if words is None:
        return message[0].lower() + message[1:]
    values = {
        key: _PATTERNS.get(value, value) if isinstance(value, str) else value
        for key, value in context.items()
    }
    if kind == "literal_error" and "'" not in str(context["expected"]):
        return f"one of the integers {context['expected']}"
    values = {k: f"{v:,}" if isinstance(v, int) and not isinstance(v, bool) else v for k, v in values.items()}
    items = "item" if 1 in (context.get("min_length"), context.get("max_length")) else "items"
    return words.format(**values, items=items)


def shown_value(value: Any) -> str:
    """A value for a message: JSON, shortened."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "a number too large"
    if isinstance(value, Mapping):
        return "an object" if value else "an empty object"
    if isinstance(value, list | tuple) and len(value) > 8:
        return f"a list of {len(value):,}"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."
