"""Text from outside, made printable and short: keys, values and paths, and what files and servers say."""

from __future__ import annotations

import json

LIMIT = 1000
"""Characters of a text that is shown."""
_KEPT = frozenset("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{IDEOGRAPHIC SPACE}\u200c\u200d")
"""Not printable for Python, but part of names: spaces, and the joiners of Persian, Hindi and emoji."""


def printable(text: str, limit: int | None = LIMIT) -> str:
    """A text on one line, without characters that control a terminal or are invisible.

    These are written as in JSON (`\\n`, `\\u001b`): JSON keeps its value. In a text of more than `limit`
    characters, `…` replaces the middle. So a message keeps its place and its hint.
    """
    short = _shortened(text, limit)
    if short.isprintable():
        return short
    return _shortened("".join(map(_escaped, short)), limit)


def _escaped(letter: str) -> str:
    return letter if letter.isprintable() or letter in _KEPT else json.dumps(letter)[1:-1]


def _shortened(text: str, limit: int | None) -> str:
    if limit is None or len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[: half - 1]}…{text[-half:]}"
