"""What the font of the pictures can write: Pillow contains one with the characters of ASCII only."""

from __future__ import annotations

from unicodedata import combining, normalize

_SIMILAR = str.maketrans({
    "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
    "đ": "d", "Đ": "D", "ð": "d", "þ": "th", "\u0131": "i",
    "\u2013": "-", "\u2014": "-", "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00d7": "x",
})  # fmt: skip
"""Characters that have no accent to be left out."""


def latin(text: str) -> str | None:
    """A text in ASCII, without the accents of its letters; None if it has other letters, such as Chinese."""
    decomposed = normalize("NFKD", text).translate(_SIMILAR)
    found = "".join(character for character in decomposed if not combining(character))
    return found if found.isascii() else None


def drawable(text: str) -> str:
    """A text in ASCII, with `?` for what it has no character for."""
    return "".join(latin(character) or "?" for character in text)
