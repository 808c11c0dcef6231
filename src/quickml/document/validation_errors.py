"""Convert pydantic's validation errors to problems with JSON pointers and our own messages."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from quickml.datasets import registry
from quickml.document.advice import NOTHING, drop, leave_out, told
from quickml.document.codes import Code
from quickml.document.hints import key_advice, type_advice, value_advice
from quickml.document.layers import LAYERS
from quickml.document.place import Kind, Place, aliases, find, keys_of, tag_of
from quickml.document.problem import problem
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
    _, names = type_advice(place.pointer, value, _tags(place))
    found = [kind for kind in place.kinds if [tag_of(kind)] == names]
    return found[0] if found else None


_EXAMPLES = {
    "name": '"name": "my network"',
    "dataset": '"dataset": "iris"',
    "model": '"model": {"layers": [...]}',
}
"""What to write for a key that every document has."""


def _missing(places: Sequence[Place]) -> Problem:
    """One problem for all keys that an object lacks."""
    first, names = places[0], [repr(str(place.steps[-1])) for place in places]
    several = f"the keys {', '.join(names[:-1])} and {names[-1]}"
    keys = [str(place.steps[-1]) for place in places]
    example = "" if first.holder_pointer else ", ".join(_EXAMPLES[key] for key in keys if key in _EXAMPLES)
    return problem(
        "missing-key",
        first.holder_pointer,
        subject=_subject(first.owner),
        expected=several if len(names) > 1 else f"the key {names[0]}",
        found="none",
        advice=told(f"for example {example}") if example else NOTHING,
        keys=keys,
        type=_subject(first.owner) or None,
        example=example or None,
    )


def _problem(place: Place, error: Any, document: Any) -> Problem:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(place, document)
    if kind == "dataset_broken":
        expected = "a dataset that can be loaded"
        name, reason = error["input"].get("name"), context["reason"]
        return problem(
            "dataset-unavailable",
            f"{place.pointer}/name",
            expected=expected,
            found=shown_value(name),
            advice=told(reason),
            dataset=name,
            reason=reason,
        )
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _unknown_type(place, error)
    expected = worded(kind, context, error["msg"])
    return problem(
        _CODES.get(kind, "invalid-value"),
        place.pointer,
        expected=expected,
        found=shown_value(place.value),
        advice=NOTHING if kind.startswith("too_") else value_advice(place),
        key=place.key,
        **_limits(kind, context, expected),
        **_found(kind, place.value),
    )


def _limits(kind: str, context: Mapping[str, Any], expected: str) -> dict[str, Any]:
    """What a value has to be, as values of a problem."""
    if kind in _TYPES:
        return {"expected_type": _TYPES[kind]}
    if kind in ("literal_error", "enum"):
        return {"allowed": [_unquoted(word) for word in re.split(r", | or ", str(context["expected"]))]}
    limits = {_LIMITS[key]: value for key, value in context.items() if key in _LIMITS}
    return limits or {"form": expected}


def _unquoted(word: str) -> str | int:
    return word.strip("'") if "'" in word else int(word)


def _found(kind: str, value: Any) -> dict[str, Any]:
    if kind.startswith("too_"):
        return {"found_items": len(value) if isinstance(value, list | tuple) else None}
    if kind == "string_too_long":
        return {"found_characters": len(value)}
    return {"value": value if isinstance(value, str | int | float | None) else shown_value(value)}


def _unknown_key(place: Place, document: Any) -> Problem:
    known, key = keys_of(place.owner), place.key
    other = next((name for name in aliases(place.owner, key) if name != key), "")
    if other:
        return problem(
            "same-key-twice",
            place.pointer,
            subject=_subject(place.owner),
            expected=f"one of {other!r} and {key!r}, which are the same",
            found="both",
            advice=leave_out(place.pointer, "leave one of them out"),
            keys=[other, key],
        )
    return problem(
        "unknown-key",
        place.pointer,
        subject=_subject(place.owner),
        expected="a known key",
        found=repr(key),
        advice=key_advice(place, known, document),
        key=key,
        known=known,
        type=_subject(place.owner) or None,
    )


def _unknown_type(place: Place, error: Any) -> Problem:
    value, key = error["input"], str(error["ctx"]["discriminator"]).strip("'")
    tags = _tags(place)
    advice, names = type_advice(place.pointer, value, tags)
    if advice.steps and advice.steps[0] == drop(place.pointer) and not isinstance(place.steps[-1], int):
        advice = advice._replace(steps=())  # an inner layer cannot be left out
    if error["type"] == "union_tag_not_found" or not isinstance(value.get(key), str):
        is_known = error["type"] != "union_tag_not_found"
        return problem(
            "wrong-type" if is_known else "missing-type",
            f"{place.pointer}/{key}" if is_known else place.pointer,
            expected="a string" if is_known else f"an object with the key {key!r}",
            found=shown_value(value[key]) if is_known else _without_key(value),
            advice=advice,
            key=key,
            **({"expected_type": "string", "value": shown_value(value[key])} if is_known else {}),
        )
    what = {"dataset": "dataset", "optimizer": "optimizer"}.get(str(place.steps[-1]), "type")
    codes: Mapping[str, Code] = {"dataset": "unknown-dataset", "optimizer": "unknown-optimizer"}
    return problem(
        codes.get(what, "unknown-type"),
        f"{place.pointer}/{key}",
        expected=f"a known {what}",
        found=shown_value(value[key]),
        advice=advice or told(f"known: {', '.join(tags)}"),
        type=value[key],
        suggestions=names,
        known=None if names else tags,
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
    "string_too_short": "a text of {min_length} or more characters",
    "string_too_long": "at most {max_length} characters",
    "string_pattern_mismatch": "{pattern}",
}
_CODES: Mapping[str, Code] = {
    "form": "wrong-type",
    "int_type": "wrong-type",
    "int_parsing": "wrong-type",
    "int_from_float": "wrong-type",
    "float_type": "wrong-type",
    "string_type": "wrong-type",
    "bool_type": "wrong-type",
    "bool_parsing": "wrong-type",
    "list_type": "wrong-type",
    "tuple_type": "wrong-type",
    "model_type": "wrong-type",
    "model_attributes_type": "wrong-type",
    "dict_type": "wrong-type",
    "finite_number": "not-finite",
    "literal_error": "unknown-value",
    "enum": "unknown-value",
    "greater_than": "out-of-range",
    "greater_than_equal": "out-of-range",
    "less_than": "out-of-range",
    "less_than_equal": "out-of-range",
    "too_short": "too-few-items",
    "too_long": "too-many-items",
    "string_too_long": "too-long",
    "string_pattern_mismatch": "invalid-name",
    "name": "invalid-name",
}
"""The code of a problem for each kind of error of pydantic, and of our own validators."""
_TYPES: Mapping[str, str] = {
    "int_type": "integer", "int_parsing": "integer", "int_from_float": "integer", "float_type": "number",
    "string_type": "string", "bool_type": "boolean", "bool_parsing": "boolean", "list_type": "array",
    "tuple_type": "array", "model_type": "object", "model_attributes_type": "object", "dict_type": "object",
}  # fmt: skip
"""The type that JSON Schema has for what was expected."""
_LIMITS: Mapping[str, str] = {
    "gt": "above", "ge": "minimum", "lt": "below", "le": "maximum",
    "min_length": "minimum", "max_length": "maximum",
}  # fmt: skip
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
