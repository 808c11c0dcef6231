"""Formatting of numbers on the page. None and numbers that are not finite are shown as a dash."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

DASH = "\N{EN DASH}"
_SPACE = "\N{NO-BREAK SPACE}"
_TIMES = "\N{MULTIPLICATION SIGN}"
_MINUS = "\N{MINUS SIGN}"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def is_number(value: Any) -> bool:
    """Whether it is a finite number: not None, NaN or infinity."""
    return isinstance(value, int | float) and math.isfinite(value)


def number(value: float | None, digits: int = 4) -> str:
    """Four significant digits: `0.02134`, `1,234`; others in scientific notation."""
    if value is None or not math.isfinite(value):
        return DASH
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if -4 <= exponent < 7:
        text = f"{value:,.{max(digits - 1 - exponent, 0)}f}"
        text = _trimmed(text)
    else:
        mantissa, power = f"{value:.{max(digits - 2, 0)}e}".split("e")
        text = f"{_trimmed(mantissa)}{_SPACE}{_TIMES}{_SPACE}10{str(int(power)).translate(_RAISED)}"
    return text.replace("-", _MINUS, 1)


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def count(value: int | None) -> str:
    """A whole number with thousands separators: `60,000`."""
    return DASH if value is None else f"{value:,}"


def percent(share: float | None, digits: int = 1) -> str:
    """A share of 1 as a percentage. Only exactly 1 is shown as 100 %, only exactly 0 as 0 %."""
    if share is None or not math.isfinite(share):
        return DASH
    text = f"{share * 100:.{digits}f}"
    if share > 0 and float(text) == 0:
        return f"<{_SPACE}{10**-digits:.{digits}f}{_SPACE}%"
    if share < 1 and float(text) == 100:
        text = f"{100 - 10**-digits:.{digits}f}"
    return f"{_trimmed(text) if float(text) in (0, 100) else text}{_SPACE}%"


def change(share: float | None) -> str:
    """A difference of two shares with its sign: `+0.3 %`, `0 %`."""
    if share is None or not math.isfinite(share):
        return DASH
    sign = "+" if share > 0 else _MINUS if share < 0 else ""
    return sign + percent(abs(share), 2)


def size(size_bytes: int | None) -> str:
    """Bytes in decimal units: `4.8 MB`."""
    if size_bytes is None:
        return DASH
    amount = float(size_bytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 999.5 or unit == "GB":
            break
        amount /= 1000
    return f"{amount:.{0 if unit == 'bytes' or amount >= 99.5 else 1}f}{_SPACE}{unit}"


def duration(seconds: float | None) -> str:
    """A duration: `0.22 s`, `3 min 12 s`, `1 h 3 min`."""
    if seconds is None or not math.isfinite(seconds):
        return DASH
    if seconds < 59.95:
        return f"{seconds:.{2 if seconds < 9.995 else 1}f}{_SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{_SPACE}min {rest}{_SPACE}s"
    return f"{minutes // 60}{_SPACE}h {minutes % 60}{_SPACE}min"


def shape(sizes: Iterable[int]) -> str:
    """Sizes joined by multiplication signs."""
    return f"{_SPACE}{_TIMES}{_SPACE}".join(f"{one:,}" for one in sizes) or DASH


def window(settings: Mapping[str, Any]) -> str:
    """The kernel or the pooling window of a layer: size, stride and padding; empty if it has none."""
    pool = settings.get("pool_size")
    size = settings.get("kernel_size", pool)
    if size is None:
        return ""
    parts = [shape(_pair(size))]
    for key, name, usual in (("strides", "stride", pool), ("dilation_rate", "dilation", None)):
        value = settings.get(key)
        if value not in (None, usual) and set(_pair(value)) != {1}:
            parts.append(f"{name} {shape(dict.fromkeys(_pair(value)))}")  # one number if it is the same twice
    if settings.get("padding") == "same":
        parts.append("same")
    return ", ".join(parts)


def _pair(size: Any) -> list[int]:
    return list(size) if isinstance(size, list | tuple) else [size]


def moment(iso: str) -> str:
    """An ISO 8601 time in UTC: `22 November 2026, 21:08 UTC`; any other text is returned unchanged."""
    try:
        when = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    return f"{when.day} {when:%B %Y, %H:%M} UTC"


def words(name: str) -> str:
    """`mean_absolute_error` → `mean absolute error`."""
    return name.replace("_", " ")


def setting(value: Any) -> str:
    """The value of a setting: `0.9`, `yes`, `none`, `8, 16`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        # As written in the document, without thousands separators.
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{words(str(key))} {setting(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(setting(one) for one in value)
    return "none" if value is None else str(value)
