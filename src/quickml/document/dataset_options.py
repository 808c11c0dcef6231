"""A dataset with options as the query of a URL has them: each is text."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from pydantic import ValidationError

from quickml.datasets.dataset import Reference
from quickml.datasets.files import TableReference
from quickml.document.place import find
from quickml.document.validation_errors import shown_value, worded
from quickml.errors import Problem, RequestError

AnyReference = TypeVar("AnyReference", bound=Reference)

MAX_PROBLEMS = 10
"""Number of wrong options that are reported."""


def reference(kind: type[AnyReference], options: Mapping[str, str]) -> AnyReference:
    """A dataset with the options of a query: each a number, true or false, a list in JSON, or text.

    Raises:
        RequestError: with every wrong option.
    """
    name = kind.model_fields["name"].default
    values = {option: _value(text) for option, text in options.items()}
    try:
        return kind.model_validate({**values, "name": name})
    except ValidationError as error:
        known = [option for option in kind.model_fields if option != "name"]
        found = islice(error.errors(include_url=False), MAX_PROBLEMS)
        steps = ({**item, "loc": find(item["loc"], values, kind).steps} for item in found)
        places = {item["loc"]: item for item in steps}  # each alternative of a union has an error there
        raise RequestError([_problem(item, known) for item in places.values()]) from None


def given_options(
    kind: type[Reference], options: Mapping[str, str], offered: Collection[str] | None = None
) -> dict[str, Any]:
    """Options of a file in a query, as a document has them; neither it nor other files are among them.

    Args:
        kind: of the file.
        options: of the query.
        offered: those that may be given; by default all.

    Raises:
        RequestError: with every wrong option.
    """
    needed = {name for name, field in kind.model_fields.items() if field.is_required()}
    files = {name for name in kind.model_fields if name.endswith(("_file", "sha256"))}
    others = [name for name in kind.model_fields if name not in needed | files | {"name"}]
    known = [name for name in others if offered is None or name in offered]
    refused = [name for name in options if name in kind.model_fields and name not in known]
    if refused:
        wrong = [{"loc": (name,), "type": "extra_forbidden"} for name in refused]
        raise RequestError([_problem(item, known) for item in wrong])
    found = reference(kind, {**dict.fromkeys(needed, "x"), **options})
    return {option: value for option, value in found.model_dump(mode="json").items() if option in options}


def table_targets(text: str | None) -> tuple[str, ...]:
    """The columns that a query names as targets: one as text, or a list in JSON; none if it has no text.

    Raises:
        RequestError: a list of something else.
    """
    if not text:
        return ()
    value = _value(text) if text.startswith("[") else text
    found = reference(TableReference, {"file": "table", "target": text if isinstance(value, list) else "one"})
    return tuple(getattr(found, "targets", ())) if isinstance(value, list) else (text,)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _problem(error: Any, known: Sequence[str]) -> Problem:
    place = "?" + "/".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        hint = f"options: {', '.join(known)}"
        return Problem(
            pointer=place, expected="an option of the dataset", found=shown_value(error["loc"][0]), hint=hint
        )
    if error["type"] == "missing":
        return Problem(pointer=place, expected="a value", found="none")
    expected = worded(error["type"], error.get("ctx", {}), error["msg"])
    return Problem(pointer=place, expected=expected, found=shown_value(error["input"]))
