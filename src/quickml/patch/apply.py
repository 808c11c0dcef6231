"""Apply a JSON Patch to a parsed document.

Only the containers on the way to a change are copied. The `jsonpatch` package copies the whole document for
each patch; a document may be large, and the patch of each of its problems is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from quickml.errors import PatchError
from quickml.patch.pointer import child, position, steps_of, value_at

Operation = Mapping[str, Any]
"""Such as `{"op": "add", "path": "/a/0", "value": 1}`; `move` and `copy` have `from` instead of a value."""
Patch = Sequence[Operation]


def applied(document: Any, patch: Patch) -> Any:
    """The document with the operations applied in order. The given one is left unchanged.

    Raises:
        PatchError: an operation is invalid, or does not fit the document.
    """
    for operation in patch:
        try:
            document = _OPERATIONS[operation["op"]](document, operation)
        except (KeyError, TypeError, AttributeError, ValueError):
            raise PatchError(operation) from None
    return document


def _add(document: Any, operation: Operation) -> Any:
    return _put(document, operation["path"], operation["value"])


def _remove(document: Any, operation: Operation) -> Any:
    return _changed(document, steps_of(operation["path"]), _without)


def _replace(document: Any, operation: Operation) -> Any:
    value = operation["value"]
    if not operation["path"]:
        return value

    def replaced(holder: Any, step: str) -> Any:
        child(holder, step)
        if isinstance(holder, dict):
            return {**holder, step: value}
        return [*holder[: int(step)], value, *holder[int(step) + 1 :]]

    return _changed(document, steps_of(operation["path"]), replaced)


def _move(document: Any, operation: Operation) -> Any:
    source = operation["from"]
    if operation["path"].startswith(f"{source}/"):
        raise KeyError(operation["path"])  # a value cannot be moved into itself
    value = value_at(document, source)
    return _put(_remove(document, {"path": source}), operation["path"], value)


def _copy(document: Any, operation: Operation) -> Any:
    return _put(document, operation["path"], value_at(document, operation["from"]))


def _test(document: Any, operation: Operation) -> Any:
    if not is_equal(value_at(document, operation["path"]), operation["value"]):
        raise KeyError(operation["path"])
    return document


_OPERATIONS: Mapping[str, Callable[[Any, Operation], Any]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}


def is_equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal (RFC 6902, section 4.6): true is not 1, but 1.0 is."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_equal, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _put(document: Any, path: str, value: Any) -> Any:
    if not path:
        return value

    def added(holder: Any, step: str) -> Any:
        if isinstance(holder, dict):
            return {**holder, step: value}
        index = len(holder) if step == "-" else position(step, len(holder) + 1)
        if index is None or not isinstance(holder, list):
            raise KeyError(step)
        return [*holder[:index], value, *holder[index:]]

    return _changed(document, steps_of(path), added)


def _without(holder: Any, step: str) -> Any:
    child(holder, step)
    if isinstance(holder, dict):
        return {key: value for key, value in holder.items() if key != step}
    return [*holder[: int(step)], *holder[int(step) + 1 :]]


def _changed(document: Any, steps: Sequence[str], change: Callable[[Any, str], Any]) -> Any:
    """A copy of the containers on the way, with the innermost one changed."""
    step, *rest = steps
    if not rest:
        return change(document, step)
    inner = _changed(child(document, step), rest, change)
    if isinstance(document, dict):
        return {**document, step: inner}
    return [*document[: int(step)], inner, *document[int(step) + 1 :]]
