"""Text → JSON → Plan, or every problem with its place.

pydantic finds what is wrong with single values; this module says it in our own words, with a JSON pointer
into the document as it was handed in.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from quickml.errors import Notice, Problem, SpecError
from quickml.spec import sculptml
from quickml.spec.datasets import DATASETS
from quickml.spec.document import Spec
from quickml.spec.layers import LAYERS
from quickml.spec.plan import Plan, make_plan
from quickml.spec.training import OPTIMIZERS

MAX_BYTES = 4 * 2**20
"""A document larger than this is none: the largest network we take fits many times."""
MAX_PROBLEMS = 100


def read(text: str | bytes) -> Plan:
    """Understand a document, canonical or SculptML.

    Raises:
        SpecError: with every problem found, at most 100.
    """
    return understand(parse_json(text))


def parse_json(text: str | bytes) -> Any:
    """JSON as RFC 8259 has it: UTF-8, no NaN, no key twice.

    Raises:
        SpecError: with the line and column where it breaks off.
    """
    if len(text) > MAX_BYTES:
        raise _broken(f"at most {MAX_BYTES // 2**20} MiB", f"{len(text):,} bytes")
    try:
        text = text.decode("utf-8-sig") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        byte = f"byte 0x{error.object[error.start]:02x} at offset {error.start}"
        raise _broken("JSON in UTF-8", byte) from None
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        if not text.strip():
            raise _broken("JSON", "an empty document") from None
        raise _broken("JSON", f"at {where}: {error.msg.lower()}", _line(text, error.lineno)) from None
    except RecursionError:
        raise _broken("JSON nested a few levels deep", "hundreds of levels") from None
    except _UnreadableError as error:
        raise _broken("JSON", str(error)) from None
    except ValueError:  # an integer of more than 4,300 digits
        raise _broken("JSON with numbers of ordinary size", "a number with thousands of digits") from None


def understand(document: Any) -> Plan:
    """As `read`, for JSON that is parsed already.

    Raises:
        SpecError: with every problem found, at most 100.
    """
    if not sculptml.recognises(document):
        return _understand(document, ())
    translation = sculptml.translate(document)
    try:
        return _understand(translation.document, translation.notices)
    except SpecError as error:
        moved = [
            replace(problem, pointer=translation.original(problem.pointer)) for problem in error.problems
        ]
        raise SpecError(moved) from None


def _understand(document: Any, notices: Sequence[Notice]) -> Plan:
    if not isinstance(document, dict):
        raise _broken("a JSON object with name, dataset and model", _found(document))
    try:
        spec = Spec.model_validate(document)
    except ValidationError as error:
        problems = [_problem(item, document) for item in error.errors(include_url=False)]
        raise SpecError(_distinct(problems)[:MAX_PROBLEMS]) from None
    except RecursionError:
        raise _broken("JSON nested a few levels deep", "hundreds of levels") from None
    result, problems = make_plan(spec, notices)
    if result is None:
        raise SpecError(problems[:MAX_PROBLEMS])
    return result


class _UnreadableError(Exception):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _UnreadableError(f"the key {key[:64]!r} twice in one object")
            seen.add(key)
    return result


def _no_constant(name: str) -> Any:
    raise _UnreadableError(f"{name}, which is no JSON number")


def _line(text: str, number: int) -> str:
    line = text.splitlines()[number - 1].strip() if number <= len(text.splitlines()) else ""
    return f"the line reads {line[:80]!r}" if line else ""


def _broken(expected: str, found: str, hint: str = "") -> SpecError:
    return SpecError([Problem(pointer="", expected=expected, found=found, hint=hint)])


def _distinct(problems: Iterable[Problem]) -> list[Problem]:
    return list(dict.fromkeys(problems))


# ------------------------------------------------------------------- pydantic's findings in our words


def _problem(error: Any, document: Any) -> Problem:
    kind, context = error["type"], error.get("ctx", {})
    place, parent = _place(error["loc"], document)
    found = _found(error["input"])
    pointer = "".join(f"/{_escaped(part)}" for part in place)
    key = str(place[-1]) if place else ""
    if kind == "missing":
        return Problem(
            pointer=pointer.rpartition("/")[0],
            subject=_subject(parent),
            expected=f"the key {key!r}",
            found="none",
        )
    if kind == "extra_forbidden":
        known = _known_keys(error["loc"], parent)
        return Problem(
            pointer=pointer,
            subject=_subject(parent),
            expected="no such key" if not known else "a key it knows",
            found=repr(key),
            hint=_nearest(key, known),
        )
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _unknown_tag(error, pointer)
    return Problem(
        pointer=pointer, expected=_expected(kind, context, error["msg"]), found=found, hint=_hint(error)
    )


def _place(loc: Sequence[Any], document: Any) -> tuple[list[Any], Any]:
    """The path in the document that pydantic's `loc` means, and the object that holds its last step.

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
    tags = {"/dataset": list(DATASETS), "/training/optimizer": list(OPTIMIZERS)}.get(pointer, list(LAYERS))
    if pointer.startswith("/training/learning_rate_schedule"):
        tags = [tag.strip(" '") for tag in error["ctx"].get("expected_tags", "").split(",")]
    what = {"/dataset": "dataset", "/training/optimizer": "optimizer"}.get(pointer, "type")
    if error["type"] == "union_tag_not_found" or not isinstance(value, dict):
        return Problem(pointer=pointer, expected=f"an object with the key {key!r}", found=_found(value))
    tag = value.get(key)
    nearest = _nearest(tag, tags) if isinstance(tag, str) else ""
    return Problem(
        pointer=f"{pointer}/{key}",
        expected=f"a known {what}",
        found=_found(tag),
        hint=nearest or f"known are {', '.join(tags)}",
    )


def _known_keys(loc: Sequence[Any], parent: Any) -> list[str]:
    """The keys that the object at this place may have."""
    model: Any = Spec
    tagged = parent.get("type") if isinstance(parent, dict) else None
    if isinstance(tagged, str) and tagged in LAYERS:
        return list(LAYERS[tagged].model_fields)
    if isinstance(tagged, str) and tagged in OPTIMIZERS:
        return list(OPTIMIZERS[tagged].model_fields)
    if loc and loc[0] == "dataset" and isinstance(parent, dict) and parent.get("name") in DATASETS:
        return list(DATASETS[parent["name"]].model_fields)
    for step in loc[:-1]:
        field = getattr(model, "model_fields", {}).get(step)
        if field is None:
            return []
        model = field.annotation
    return list(getattr(model, "model_fields", {}))


def _nearest(word: str, known: Sequence[str]) -> str:
    lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word[:64].lower(), lower, n=1, cutoff=0.6)
    if close:
        return f"did you mean {lower[close[0]]!r}?"
    return f"known are {', '.join(known)}" if known and len(known) <= 20 else ""


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
_PATTERNS = {
    r"^[A-Za-z0-9 ._-]{1,64}$": "1 to 64 letters, digits, spaces, '.', '_' and '-'",
    r"^[A-Za-z][A-Za-z0-9_]{0,63}$": "a letter, then up to 63 letters, digits and '_'",
}


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


def _found(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "a number too large"
    if isinstance(value, Mapping):
        return "an object" if value else "an empty object"
    if isinstance(value, list | tuple) and len(value) > 8:
        return f"a list of {len(value):,}"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."
