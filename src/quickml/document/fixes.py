"""Expresses what an advice changes as JSON Patch (RFC 6902) on the document as it was sent.

The checks know where a value belongs, but not whether the document has the objects around it, whether a name
stands for an object there, and how its layers are connected.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from quickml.document.advice import Step
from quickml.document.layers.layer import default_name
from quickml.document.wiring import RESERVED, free
from quickml.errors import PatchError, Problem
from quickml.patch import applied
from quickml.patch.pointer import child, steps_of, value_at

MAX_CHARACTERS = 16_000
"""Of a fix as JSON; longer ones are left out."""
SHORTENED = 100
"""Characters of a key that pointers shorten: such a key cannot be found again."""
_NAMED = {"/dataset": "name", "/training/optimizer": "type", "/export/updatable/optimizer": "type"}
"""Objects for which a document may have a name, and the key that the name stands for."""
_ALIASES = {"/export/weights": "/export/precision"}


def expressed(problem: Problem, document: Any) -> Problem:
    """A problem whose fix is JSON Patch; without a fix if the document cannot be changed like this.

    Problems that come from other packages, such as those of their formats, get a code.
    """
    if not problem.code:
        problem = replace(problem, code="invalid-value")
    if not problem.fix:
        return replace(problem, fix=None)
    patch: list[dict[str, Any]] = []
    try:
        for step in problem.fix:
            for operation in _operations(step, document):
                document = applied(document, [operation])
                patch.append(operation)
        is_short = len(json.dumps(patch, allow_nan=False)) <= MAX_CHARACTERS
    except (KeyError, ValueError, TypeError, PatchError):
        return replace(problem, fix=None)
    return replace(problem, fix=tuple(patch) if is_short else None)


def _operations(step: Step, document: Any) -> Iterator[dict[str, Any]]:
    paths = (step["path"], step.get("from", ""))
    if any(len(one) >= SHORTENED for path in paths for one in steps_of(path)):
        raise KeyError(step["path"])
    match step["op"]:
        case "put":
            yield from _put(document, step["path"], step["value"])
        case "drop":
            yield _removal(document, step["path"])
        case "move":
            yield from _move(document, step["from"], step["path"])
        case "insert":
            yield from _insert(document, step["path"], step["value"])
        case "append":
            yield from (_operation("add", f"{step['path']}/-", layer) for layer in step["value"])


def _operation(op: str, path: str, value: Any) -> dict[str, Any]:
    return {"op": op, "path": path, "value": value}


def _put(document: Any, path: str, value: Any) -> Iterator[dict[str, Any]]:
    """A value, with the objects around it that are missing."""
    path = _as_written(document, path)
    if not path:
        yield _operation("replace", path, value)
        return
    holder, last = path.rpartition("/")[::2]
    around = _found(document, holder)
    if isinstance(around, str) and holder in _NAMED:
        whole = value if last == _NAMED[holder] else {_NAMED[holder]: around, last: value}
        yield _operation("replace", holder, whole)
    elif around is None and holder:
        yield from _put(document, holder, {steps_of(path)[-1]: value})
    elif isinstance(around, list | dict):
        yield _operation("replace" if _has(around, path) else "add", path, value)
    else:
        raise KeyError(path)


def _as_written(document: Any, path: str) -> str:
    """The path, or that of the other name of its key, if the document has this one."""
    other = _ALIASES.get(path)
    return other if other and _found(document, path) is None and _found(document, other) is not None else path


def _found(document: Any, pointer: str) -> Any:
    try:
        return value_at(document, pointer)
    except KeyError:
        return None


def _has(holder: Any, path: str) -> bool:
    try:
        child(holder, steps_of(path)[-1])
    except KeyError:
        return False
    return True


def _removal(document: Any, path: str) -> dict[str, Any]:
    path = _as_written(document, path)
    value_at(document, path)
    return {"op": "remove", "path": path}


def _move(document: Any, source: str, path: str) -> Iterator[dict[str, Any]]:
    value = value_at(document, source)
    holder, _, last = path.rpartition("/")
    around = _found(document, holder)
    if isinstance(around, list):
        yield {"op": "move", "from": source, "path": path}
        return
    if _found(document, path) is not None:
        raise KeyError(path)  # nobody can tell which of the two values is meant
    if isinstance(around, dict):
        yield {"op": "move", "from": source, "path": path}
    else:
        yield {"op": "remove", "path": source}
        yield from _put(document, f"{holder}/{last}", value)


def _insert(document: Any, path: str, layers: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Layers before a layer, which then takes the output of the last of them."""
    holder, _, last = path.rpartition("/")
    present, index = value_at(document, holder), int(last)
    taker = present[index]
    inputs = taker.get("inputs")
    by_name = inputs is not None or any("inputs" in layer for layer in present if isinstance(layer, dict))
    taken: set[str] = set()
    for offset, layer in enumerate(layers):
        later = {other.get("type") for other in present[index:] if isinstance(other, dict)}
        added: dict[str, Any] = dict(layer)
        if by_name or layer["type"] in later:  # an unnamed one would shift the numbers in names of later ones
            added = {"type": layer["type"], "name": _free_name(layer["type"], present, taken), **layer}
            taken.add(added["name"])
        if inputs is not None:
            added["inputs"] = inputs
            inputs = [added["name"]]
        yield _operation("add", f"{holder}/{index + offset}", added)
    if inputs is not None:
        yield _operation("replace", f"{holder}/{index + len(layers)}/inputs", inputs)


def _free_name(kind: str, layers: Sequence[Any], taken: set[str]) -> str:
    """A name for a new layer that no other layer has, and none will get."""
    names = {str(layer["name"]) for layer in layers if isinstance(layer, dict) and layer.get("name")}
    base = default_name(kind)
    alike = any(isinstance(layer, dict) and layer.get("type") == kind for layer in layers)
    theirs = {base, *(f"{base}_{number}" for number in range(1, len(layers) + 1))} if alike else set()
    return free(base, names | taken | theirs | RESERVED)
