"""Texts that people take for the same: they differ only by case, blanks, or the form of their letters."""

from __future__ import annotations

import unicodedata

from quickml.text import printable


def folded(text: str) -> str:
    """The same for all texts that look alike."""
    found = unicodedata.normalize("NFKC", text).casefold()
    if not found.isprintable():
        found = "".join(letter for letter in found if unicodedata.category(letter) != "Cf")
    return " ".join(found.split())


def told_apart(first: str, second: str, limit: int = 40) -> tuple[str, str]:
    """Two such texts for a message, in escapes if they look the same."""
    shown = f"'{printable(first, limit)}'", f"'{printable(second, limit)}'"
    if len({unicodedata.normalize("NFC", text) for text in shown}) == 1:
        return ascii(first[:limit]), ascii(second[:limit])
    return shown
