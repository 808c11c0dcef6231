"""What to do about a problem: in words for its hint, and as changes to the document for its fix.

Both are made together, from the same names and values, so that they cannot say different things.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from quickml.document.spellings import question

MAX_SHOWN = 160
"""Maximum number of characters of JSON in a hint."""

Step = dict[str, Any]
"""A change to a document that is not at hand: `put` (add or replace), `drop`, `move`, `insert` (layers before
a layer) or `append` (layers at the end). `fixes` expresses it as JSON Patch."""


class Advice(NamedTuple):  # a dataclass takes longer to make, which every command would wait for
    """What to do about a problem; false if nothing is said."""

    words: str = ""
    """For the hint."""
    steps: tuple[Step, ...] = ()
    """The changes that the words advise; none if they only explain, or leave open what exactly to write."""

    def __bool__(self) -> bool:
        return bool(self.words)

    def below(self, pointer: str) -> Advice:
        """With paths that were relative to a place."""
        moved = tuple({**step, "path": f"{pointer}{step['path']}"} for step in self.steps)
        return self._replace(steps=moved)

    def said(self, words: str) -> Advice:
        """The same changes in other words."""
        return self._replace(words=words)


NOTHING = Advice()


def told(words: str) -> Advice:
    """Advice that only explains."""
    return Advice(words=words)


def put(pointer: str, value: Any) -> Step:
    """Add or replace a value."""
    return {"op": "put", "path": pointer, "value": value}


def drop(pointer: str) -> Step:
    """Remove a value."""
    return {"op": "drop", "path": pointer}


def move(source: str, pointer: str) -> Step:
    """Move a value."""
    return {"op": "move", "from": source, "path": pointer}


def write(pointer: str, value: Any, words: str | None = None) -> Advice:
    """`write VALUE`, at a place."""
    return Advice(words=written(value) if words is None else words, steps=(put(pointer, value),))


def write_key(pointer: str, pairs: Mapping[str, Any]) -> Advice:
    """`write "KEY": VALUE and "KEY": VALUE`, in an object."""
    words = " and ".join(f'"{key}": {json.dumps(value)}' for key, value in pairs.items())
    steps = tuple(put(f"{pointer}/{key}", value) for key, value in pairs.items())
    return Advice(words=f"write {words}", steps=steps)


def meant(pointer: str, names: Sequence[str]) -> Advice:
    """`did you mean 'A' or 'B'?`; a change only if there is one name."""
    return Advice(words=question(names), steps=(put(pointer, names[0]),) if len(names) == 1 else ())


def rename(source: str, holder: str, key: str) -> Advice:
    """`did you mean 'KEY'?`, for a key."""
    return Advice(words=question([key]), steps=(move(source, f"{holder}/{key}"),))


def leave_out(pointer: str, words: str) -> Advice:
    """Remove a value."""
    return Advice(words=words, steps=(drop(pointer),))


def before(*layers: Mapping[str, Any], words: str = "") -> Advice:
    """`put LAYERS before it`, relative to the pointer of a layer."""
    shown = ", ".join(map(json.dumps, layers))
    step = {"op": "insert", "path": "", "value": [*layers]}
    return Advice(words=words or f"put {shown} before it", steps=(step,))


def end_with(*layers: Mapping[str, Any]) -> Advice:
    """`end with LAYERS`."""
    step = {"op": "append", "path": "/model/layers", "value": [*layers]}
    return Advice(words=f"end with {', '.join(map(json.dumps, layers))}", steps=(step,))


def either(*ways: Advice) -> Advice:
    """`do this, or do that`: the change is the first way that has one."""
    said = [way for way in ways if way]
    steps = next((way.steps for way in said if way.steps), ())
    return Advice(words=", or ".join(way.words for way in said), steps=steps)


def written(value: Any) -> str:
    """`write VALUE`; empty if the value is too long for a message."""
    return f"write {text}" if (text := shown_json(value)) else ""


def shown_json(value: Any) -> str:
    """JSON to copy; empty if it is too long for a message."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_SHOWN else ""
