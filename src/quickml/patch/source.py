"""Where the values of a JSON text are in it, so that a change can leave the rest of the text as it is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from quickml.patch.pointer import position, steps_of

_TOKEN = re.compile(r'[ \t\n\r]*("[^"\\]*(?:\\.[^"\\]*)*"|[][{},:]|[^][{},: \t\n\r"]+)', re.DOTALL)


@dataclass(kw_only=True, slots=True)
class SourceValue:
    """A value in a text."""

    start: int
    end: int
    """Position after its last character."""
    kind: str
    """`{`, `[`, or empty for a value without parts."""
    parts: list[SourceValue] = field(default_factory=list)
    """Values of an object or items of a list, in order."""
    keys: list[SourceKey] = field(default_factory=list)
    """Of an object, one for each part."""

    def begin(self, index: int) -> int:
        """Where a part begins, with its key."""
        return self.keys[index].start if self.kind == "{" else self.parts[index].start

    def index(self, step: str) -> int:
        """Index of the part at a key or a position. Of a repeated key, the last counts, as for a parser.

        Raises:
            KeyError: there is none.
        """
        if self.kind == "{":
            found = [index for index, key in enumerate(self.keys) if key.name == step]
            if found:
                return found[-1]
        elif self.kind == "[" and (index := position(step, len(self.parts))) is not None:
            return index
        raise KeyError(step)


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceKey:
    """A key in a text, with its quotes."""

    name: str
    start: int
    end: int


def located(text: str) -> SourceValue:
    """The root of a text that is JSON."""
    root, _ = _value(text, _TOKEN.match(text))
    return root


def found(root: SourceValue, pointer: str) -> SourceValue:
    """The value at a pointer.

    Raises:
        KeyError: there is none.
    """
    for step in steps_of(pointer):
        root = root.parts[root.index(step)]
    return root


def _value(text: str, token: re.Match[str] | None) -> tuple[SourceValue, int]:
    """The value that begins with a token, and the position after it."""
    if token is None:
        raise KeyError(text[:20])
    if token[1] not in "{[":
        return SourceValue(start=token.start(1), end=token.end(), kind=""), token.end()
    value = SourceValue(start=token.start(1), end=token.end(), kind=token[1])
    token = _TOKEN.match(text, token.end())
    while token and token[1] not in "]}":
        if token[1] == ",":
            token = _TOKEN.match(text, token.end())
        if token and value.kind == "{":
            value.keys.append(SourceKey(name=json.loads(token[1]), start=token.start(1), end=token.end()))
            colon = _TOKEN.match(text, token.end())
            token = colon and _TOKEN.match(text, colon.end())
        part, after = _value(text, token)
        value.parts.append(part)
        token = _TOKEN.match(text, after)
    value.end = token.end() if token else len(text)
    return value, value.end
