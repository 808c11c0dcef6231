"""Convert pydantic's validation errors to problems with JSON pointers and our own messages."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

from pydantic import ValidationError

from quickml.datasets import registry
from quickml.document.document import Document
from quickml.document.layers import LAYERS
from quickml.document.training import OPTIMIZERS
from quickml.errors import Problem

MOST = 1000
"""Maximum number of errors to convert, because each takes time."""


def problems_of(error: ValidationError, document: Any) -> list[Problem]:
    """The problems that pydantic found, with pointers into the submitted document."""
    problems = _joined([_problem(item, document) for item in error.errors(include_url=False)[:MOST]])
    # For a list with invalid items, pydantic also reports that the list is too short or not a number.
    inside = [problem.pointer for problem in problems]
    lists = [item for item in inside if any(other.startswith(f"{item}/") for other in inside)]
    return [problem for problem in problems if problem.pointer not in lists or not _of_list(problem)]


def _of_list(problem: Problem) -> bool:
    return "items" in problem.expected or problem.expected in {"a number", "an integer"}


def _joined(problems: list[Problem]) -> list[Problem]:
    """Merge the problems of a union: pydantic reports one for each member."""
    places: dict[tuple[str, str, str], list[Problem]] = {}
    for problem in problems:
        places.setdefault((problem.pointer, problem.subject, problem.found), []).append(problem)
    return [
        replace(
            same[0],
            expected=", or ".join(dict.fromkeys(problem.expected for problem in same)),
            hint=next((problem.hint for problem in same if problem.hint), ""),
        )
        for same in places.values()
    ]


def _problem(error: Any, document: Any) -> Problem:
    kind, context = error["type"], error.get("ctx", {})
    place, parent = _place(error["loc"], document)
    value = shown_value(error["input"])
    pointer = "".join(f"/{_escaped(part)}" for part in place)
    key = str(place[-1]) if place else ""
    if kind == "missing":
        missing = error["loc"][-1]  # not in the document where a name stands for an object
        return Problem(
            pointer=pointer.rpartition("/")[0] if key == missing else pointer,
            subject=_subject(parent),
            expected=f"the key {missing!r}",
            found="none",
        )
    if kind == "extra_forbidden":
        known = _known_keys(error["loc"], parent)
        return Problem(
            pointer=pointer,
            subject=_subject(parent),
            expected="no such key" if not known else "a known key",
            found=repr(key),
            hint=_nearest(key, known),
        )
    if kind == "dataset_broken":
        expected = "a dataset that can be loaded"
        value, hint = shown_value(error["input"].get("name")), context["reason"]
        return Problem(pointer=f"{pointer}/name", expected=expected, found=value, hint=hint)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _unknown_tag(error, pointer)
    return Problem(
        pointer=pointer, expected=_expected(kind, context, error["msg"]), found=value, hint=_hint(error)
    )


def _place(loc: Sequence[Any], document: Any) -> tuple[list[Any], Any]:
    """The path in the document of pydantic's `loc`, and the object that contains its last step.

    pydantic adds steps of its own: the tag of a union, the name of a validator.
    """
    place: list[Any] = []
    here = parent = document
    for position, step in enumerate(loc):
        in_list = isinstance(here, list) and isinstance(step, int) and step < len(here)
        if in_list or (isinstance(here, dict) and step in here):
            parent, here = here, here[step]
        elif (
            isinstance(here, dict)
            and step not in (here.get("type"), here.get("name"))
            and position == len(loc) - 1
        ):
            return [*place, step], here
        else:
            continue
        place.append(step)
    return place, parent


def _escaped(step: Any) -> str:
    return str(step)[:100].replace("~", "~0").replace("/", "~1")


def _subject(parent: Any) -> str:
    kind = parent.get("type") if isinstance(parent, dict) else None
    return kind if isinstance(kind, str) and (kind in LAYERS or kind in OPTIMIZERS) else ""


def _unknown_tag(error: Any, pointer: str) -> Problem:
    value = error["input"]
    key = str(error["ctx"]["discriminator"]).strip("'")
    if pointer == "/dataset":
        tags = registry.names()
    else:
        tags = list(OPTIMIZERS if pointer == "/training/optimizer" else LAYERS)
    few = ("/training/learning_rate_schedule", "/export/updatable")
    if pointer.startswith(few) or pointer.endswith("/layer"):  # only some types are allowed here
        tags = [tag.strip(" '") for tag in error["ctx"].get("expected_tags", "").split(",")]
    what = {"dataset": "dataset", "optimizer": "optimizer"}.get(pointer.rpartition("/")[2], "type")
    if error["type"] == "union_tag_not_found" or not isinstance(value, dict):
        return Problem(pointer=pointer, expected=f"an object with the key {key!r}", found=shown_value(value))
    tag = value.get(key)
    nearest = _nearest(tag, tags) if isinstance(tag, str) else ""
    return Problem(
        pointer=f"{pointer}/{key}",
        expected=f"a known {what}",
        found=shown_value(tag),
        hint=nearest or f"known: {', '.join(tags)}",
    )


def _known_keys(loc: Sequence[Any], parent: Any) -> list[str]:
    """The valid keys of the object at this path."""
    model: Any = Document
    tagged = parent.get("type") if isinstance(parent, dict) else None
    if isinstance(tagged, str) and tagged in LAYERS:
        return list(LAYERS[tagged].model_fields)
    if isinstance(tagged, str) and tagged in OPTIMIZERS:
        return list(OPTIMIZERS[tagged].model_fields)
    if loc and loc[0] == "dataset" and isinstance(parent, dict) and isinstance(parent.get("name"), str):
        kind = registry.find(parent["name"])
        return list(kind.model_fields) if kind else []
    for step in loc[:-1]:
        field = getattr(model, "model_fields", {}).get(step)
        if field is None:
            return []
        kinds = [field.annotation, *get_args(field.annotation)]  # of `DocumentModel | None`, the model
        model = next((kind for kind in kinds if hasattr(kind, "model_fields")), None)
    return list(getattr(model, "model_fields", {}))


def _nearest(word: str, known: Sequence[str]) -> str:
    lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word[:64].lower(), lower, n=1, cutoff=0.6)
    if close:
        return f"did you mean {lower[close[0]]!r}?"
    return f"known: {', '.join(known)}" if known and len(known) <= 20 else ""


def _hint(error: Any) -> str:
    if error["type"] == "literal_error" and isinstance(error["input"], str):
        options = [option.strip(" '") for option in error["ctx"]["expected"].replace(" or ", ", ").split(",")]
        close = difflib.get_close_matches(error["input"].lower(), options, n=1, cutoff=0.6)
        return f"did you mean {close[0]!r}?" if close else ""
    return ""


_WORDS: Mapping[str, str] = {
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "a string",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dict_type": "an object",
    "literal_error": "{expected}",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
    "too_short": "at least {min_length} items",
    "too_long": "at most {max_length} items",
    "string_too_long": "at most {max_length} characters",
    "string_pattern_mismatch": "{pattern}",
}
_PATTERNS = {r"^[A-Za-z][A-Za-z0-9_]{0,63}$": "an ASCII letter, then up to 63 ASCII letters, digits and '_'"}


def _expected(kind: str, context: Mapping[str, Any], message: str) -> str:
    words = _WORDS.get(kind)
    if words is None:
        return message[0].lower() + message[1:]
    values = {
        key: _PATTERNS.get(value, value) if isinstance(value, str) else value
        for key, value in context.items()
    }
    values = {k: f"{v:,}" if isinstance(v, int) and not isinstance(v, bool) else v for k, v in values.items()}
    return words.format(**values)


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
