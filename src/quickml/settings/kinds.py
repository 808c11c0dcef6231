"""Kinds of values: how they are read and shown."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from quickml.text import masked


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of value."""

    expected: str
    """Description for error messages and documentation."""
    metavar: str
    """Placeholder in `--help`."""
    read: Callable[[object], Any]
    """Reads a string or a TOML value. Raises ValueError or OverflowError if it is not of this kind."""
    show: Callable[[Any], str] = str
    """Shows a value as `read` reads it."""
    found: Callable[[object], str] = repr
    """Shows a value that is not of this kind in an error message."""


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError
    return value


def _path(value: object) -> Path:
    try:
        return Path(_text(value)).expanduser()
    except RuntimeError:  # ~user for an unknown user
        raise ValueError from None


def whole(least: int, most: int = 10**12) -> Kind:
    """Integers, bounds included."""

    def read(value: object) -> int:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value.strip()):
            value = int(value)
        if type(value) is not int or not least <= value <= most:  # True is an int too
            raise ValueError
        return value

    bounds = f"at least {least}" if most == 10**12 else f"{least} to {most}"
    return Kind(expected=f"an integer, {bounds}", metavar="N", read=read)


def number(least: float, unit: str) -> Kind:
    """Finite numbers."""

    def read(value: object) -> float:
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise ValueError
        number = float(value)
        if not math.isfinite(number) or number < least:
            raise ValueError
        return number

    expected = f"a number of {unit}, at least {least:g}"
    return Kind(expected=expected, metavar="NUMBER", read=read, show=lambda value: f"{value:.15g}")


_UNITS: dict[str, int] = {"": 1, "B": 1} | {
    f"{letter}{base}": int(factor**power)
    for power, letter in enumerate("KMGT", start=1)
    for base, factor in (("B", 1000), ("iB", 1024))
}
_SIZE = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,9})?)\s*([a-z]*)", re.IGNORECASE)


def read_size(value: object) -> int:
    """Bytes, from a number or a string such as `2GiB` or `500 MB`.

    Raises:
        ValueError: it is not a size.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    units = {unit.lower(): factor for unit, factor in _UNITS.items()}
    if found is None or found[2].lower() not in units:
        raise ValueError
    factor = units[found[2].lower()]
    return int(Decimal(found[1]) * factor)


def show_size(size_bytes: int) -> str:
    """A string for `read_size`, in the largest unit that gives an integer."""
    for unit, factor in sorted(_UNITS.items(), key=lambda item: -item[1]):
        if unit and size_bytes and size_bytes % factor == 0:
            return f"{size_bytes // factor}{unit}"
    return f"{size_bytes}B"


_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)\s*(s|min|h|d)")


def duration(least: float) -> Kind:
    """Seconds, also from a string such as `12h` or `90 d`."""
    seconds = number(least, "seconds")

    def read(value: object) -> float:
        found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
        return float(seconds.read(value if found is None else float(found[1]) * _SECONDS[found[2]]))

    expected = f"a number of seconds, or a duration such as 12h or 90d, at least {least:g} s"
    return Kind(expected=expected, metavar="DURATION", read=read, show=show_duration)


def show_duration(seconds: float) -> str:
    """A string for `duration`, in the largest unit that gives an integer."""
    for unit, factor in reversed(_SECONDS.items()):
        if seconds and seconds % factor == 0:
            return f"{seconds / factor:.15g}{unit}"
    return f"{seconds:.15g}s"


def _rate(value: object) -> int:
    if (rate := read_size(value)) < 1:
        raise ValueError
    return rate


_PREFIX = re.compile(r"/(?:[A-Za-z0-9_~.-]+/)*")


def _prefix(value: object) -> str:
    if not isinstance(value, str) or not _PREFIX.fullmatch(value):
        raise ValueError
    return value


def one_of(*words: str) -> Kind:
    """One of these words."""

    def read(value: object) -> str:
        if value not in words:
            raise ValueError
        return str(value)

    return Kind(expected=f"one of {', '.join(words)}", metavar="|".join(words), read=read)


def or_none(kind: Kind, word: str = "none") -> Kind:
    """The same, or a word for None."""

    def read(value: object) -> Any:
        return None if value == word else kind.read(value)

    def show(value: Any) -> str:
        return word if value is None else kind.show(value)

    expected = f"{kind.expected}, or {word}"
    return Kind(expected=expected, metavar=kind.metavar, read=read, show=show, found=kind.found)


_HOST_ID = re.compile(r"host_[0-9A-HJKMNP-TV-Z]{26}")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.ASCII)


def _address(value: object) -> str:
    text = _text(value)
    if not _ADDRESS.fullmatch(text) or masked(text) != text:
        raise ValueError
    return text


ADDRESS = Kind(
    expected="an address without a password, such as postgresql://quickml@db.example.org/quickml",
    metavar="ADDRESS",
    read=_address,
    found=lambda value: repr(masked(str(value))),
)


_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
"""At least two letters: one is a drive of Windows."""


def _place(value: object) -> str | Path:
    """`s3:/bucket` is a typing error, and no folder."""
    return _address(value) if _SCHEME.match(str(value)) else _path(value)


PLACE = Kind(
    expected="a folder, or an address without keys, such as s3://bucket/prefix",
    metavar="PLACE",
    read=_place,
    found=ADDRESS.found,
)
TEXT = Kind(expected="text", metavar="TEXT", read=_text)
PATH = Kind(expected="a path", metavar="PATH", read=_path)
SIZE = Kind(expected="a size such as 500MB or 2GiB", metavar="SIZE", read=read_size, show=show_size)
RATE = Kind(expected="a size per second such as 500kB", metavar="SIZE", read=_rate, show=show_size)
PREFIX = Kind(expected="a path prefix such as /protected/", metavar="PATH", read=_prefix)


def _host_id(value: object) -> str:
    if not isinstance(value, str) or not _HOST_ID.fullmatch(value):
        raise ValueError
    return value


HOST_ID = Kind(expected="an id such as host_01KB5V0Z0Q8F3C9YB8Q2M4T6RS", metavar="ID", read=_host_id)
SECONDS = number(0.0, "seconds")
