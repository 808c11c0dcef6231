"""Parse JSON text as in RFC 8259, in UTF-8, UTF-16 or UTF-32."""

from __future__ import annotations

import json
from typing import Any

from quickml.document.problem import problem
from quickml.document.syntax import SyntaxMistake, located, mistake, repeated_and_not_finite
from quickml.errors import DocumentError, Problem

MAX_BYTES = 4 * 2**20
"""Maximum size of a document; the largest valid network is far smaller."""
MAX_DEPTH = 20
_LONG = 300
"""Digits of the longest integer that remains one; no field takes a longer one."""


def parse(text: str | bytes) -> tuple[Any, list[Problem]]:
    """Parse JSON.

    Returns:
        The value, and problems that a reader may overlook: each NaN, infinity and repeated key, at most 100.
        Of a repeated key, the value has the last one.

    Raises:
        DocumentError: the text is not JSON; contains the line, the column and a piece of the line.
    """
    text = decoded(text)
    hooks = _Hooks()
    try:
        value = json.loads(
            text, object_pairs_hook=hooks.object, parse_constant=hooks.constant, parse_int=_integer
        )
    except json.JSONDecodeError as error:
        raise DocumentError([mistake(text, error)]) from None
    except RecursionError:  # Python's limit depends on its version; documents have their own
        raise too_deep() from None
    return value, repeated_and_not_finite(text) if hooks.found else []


def decoded(text: str | bytes) -> str:
    """Decode a document. Its first bytes show the encoding.

    Raises:
        DocumentError: the text is too long, or in none of the encodings.
    """
    if len(text) > MAX_BYTES:
        expected = f"at most {MAX_BYTES // 2**20} MiB"
        raise DocumentError(
            [problem("too-large", "", expected=expected, found="more", maximum_bytes=MAX_BYTES)]
        )
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    encoding = json.detect_encoding(text)
    try:
        return text.decode(encoding)
    except UnicodeDecodeError as error:
        shown = text.decode(encoding, "replace")
        position = len(text[: error.start].decode(encoding, "replace"))
        byte = f"the byte 0x{text[error.start]:02x}"
        found = SyntaxMistake(
            "json-encoding", position, byte, "save the file as UTF-8", {"byte": text[error.start]}
        )
        raise DocumentError([located(shown, found, expected="JSON in UTF-8")]) from None


def bounded(value: Any, depth: int = MAX_DEPTH) -> Any:
    """A copy without what is nested more deeply, and without halves of surrogate pairs.

    Documents of 2018 have both in keys that are ignored. No key that is read takes such a value.
    """
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if not isinstance(value, dict | list):
        return value
    if not depth:
        return None
    if isinstance(value, list):
        return [bounded(item, depth - 1) for item in value]
    return {bounded(key): bounded(item, depth - 1) for key, item in value.items()}


def too_deep() -> DocumentError:
    """The error for a document that is nested too deeply."""
    expected = f"JSON nested at most {MAX_DEPTH} levels deep"
    return DocumentError([problem("too-deep", "", expected=expected, found="more", maximum_levels=MAX_DEPTH)])


class _Hooks:
    """What the parser calls; it does not say where in the text it is."""

    def __init__(self) -> None:
        self.found = False

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        self.found = self.found or len(result) < len(pairs)
        return result

    def constant(self, name: str) -> float:
        self.found = True
        return float(name)


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONG else float(digits)
