"""JSON pointers (RFC 6901)."""

from __future__ import annotations

from typing import Any


def escaped(key: object) -> str:
    """A key or a position as a step of a pointer."""
    return str(key).replace("~", "~0").replace("/", "~1")


def steps_of(pointer: str) -> list[str]:
    """The keys and positions from the root to a place, as they are in the document."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def position(step: str, length: int) -> int | None:
    """A step as a position below `length` in a list, or None."""
    is_number = step.isascii() and step.isdigit() and (step == "0" or step[0] != "0")
    return int(step) if is_number and len(step) < 10 and int(step) < length else None


def child(holder: Any, step: str) -> Any:
    """The value below an object or a list.

    Raises:
        KeyError: there is none.
    """
    if isinstance(holder, dict):
        return holder[step]
    index = position(step, len(holder)) if isinstance(holder, list) else None
    if index is None:
        raise KeyError(step)
    return holder[index]


def value_at(document: Any, pointer: str) -> Any:
    """The value at a place.

    Raises:
        KeyError: there is none.
    """
    for step in steps_of(pointer):
        document = child(document, step)
    return document
