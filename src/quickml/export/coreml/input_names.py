"""Name inputs and outputs of a file after the columns of a table, so that Xcode can make Swift properties.

Both are features of Core ML and, in the class that Xcode generates, properties: letters of ASCII, digits and
underscores, no keyword, and nothing that the class has already.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_LETTERS = str.maketrans({
    "ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "æ": "ae", "Æ": "Ae",
    "ø": "o", "Ø": "O", "å": "a", "Å": "A", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "œ": "oe", "Œ": "Oe",
    "²": "2", "³": "3", "€": " eur ", "$": " usd ", "£": " gbp ", "%": " percent ", "°": " deg ",
    "&": " and ",
})  # fmt: skip
"""How letters and signs are usually written without them; others lose their accents."""

_KEYWORDS = frozenset({
    "Any", "Protocol", "Self", "Type", "actor", "as", "associatedtype", "async", "await", "break", "case",
    "catch", "class", "continue", "default", "defer", "deinit", "do", "else", "enum", "extension",
    "fallthrough", "false", "fileprivate", "for", "func", "guard", "if", "import", "in", "init", "inout",
    "internal", "is", "let", "nil", "open", "operator", "precedencegroup", "private", "protocol", "public",
    "repeat", "rethrows", "return", "self", "static", "struct", "subscript", "super", "switch", "throw",
    "throws", "true", "try", "typealias", "var", "where", "while",
})  # fmt: skip
_MEMBERS = frozenset({
    "featureNames", "featureValue", "model", "hash", "description", "label", "probabilities", "prediction",
    "features", "input", "output", "options",
})  # fmt: skip
"""Names that the generated class, the file's outputs or the pipeline use."""
_LONGEST = 60


def input_names(columns: Sequence[str], others: Sequence[str] = ()) -> tuple[str, ...]:
    """A name for each column, in order: its own where it can be one, and different from all `others`.

    Names contain no two underscores in a row, except at the end: the pipeline's own values do.
    """
    own = [_plain(column) for column in columns]
    taken = {name for name, column in zip(own, columns, strict=True) if name == column} | set(others)
    names: list[str] = []
    for position, (name, column) in enumerate(zip(own, columns, strict=True), 1):
        is_free = name == column and name not in others
        names.append(name if is_free else _free(name or f"column_{position}", taken))
        taken.add(names[-1])
    return tuple(names)


def _plain(column: str) -> str:
    """Empty if nothing of it is left."""
    letters = unicodedata.normalize("NFC", column).translate(_LETTERS)
    ascii_only = unicodedata.normalize("NFKD", letters).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9]+", "_", ascii_only).strip("_")[:_LONGEST].rstrip("_")
    if name[:1].isdigit():
        name = f"column_{name}"
    return f"{name}_" if name in _KEYWORDS or name in _MEMBERS else name


def _free(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name.rstrip('_')}_{number}"
    return free
