"""Values as SculptML writes them: numbers, tuples and words as strings."""

from __future__ import annotations

import re
from typing import Any

from quickml.fields import MAX_SIZE

_NUMBER = r"-?[\d.][\d.eE+-]*"
_TUPLE = re.compile(rf"\s*[(\[]?\s*({_NUMBER}(?:\s*,\s*{_NUMBER})*)\s*,?\s*[)\]]?\s*")
_MOST_SIZES = 8


def step(key: object) -> str:
    """A key as a step of a JSON pointer, shortened."""
    return str(key)[:64].replace("~", "~0").replace("/", "~1")


def is_absent(value: Any) -> bool:
    """Whether a value stands for the default."""
    return value is None or value == ""


def number(value: Any) -> Any:
    """Convert `"12"` and `12.0` to 12; return other values unchanged."""
    if isinstance(value, str):
        try:
            value = float(value.strip())
        except ValueError:
            return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def tuple_or_number(value: Any) -> Any:
    """Convert `"(3,3)"` to [3, 3], `"(3)"` and `"3"` to 3, `"True"` to True; return others unchanged."""
    if not isinstance(value, str):
        return number(value)
    if value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    found = _TUPLE.fullmatch(value)
    if found is None:
        return value
    numbers = [number(part) for part in found[1].split(",")]
    return numbers if len(numbers) > 1 else numbers[0]


def dim(holder: Any) -> list[int]:
    """The sizes in the `dim` of an object, without zeros and blanks: `"(0, 0, 4)"` is [4]; empty if none."""
    value = holder.get("dim") if isinstance(holder, dict) else None
    if isinstance(value, str):
        value = [number(part) for part in re.split(r"[,\s]+", value.strip(" ()[]")) if part]
    elif isinstance(value, int):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(size, int) and size <= MAX_SIZE for size in value):
        return []
    return [size for size in value if size > 0][:_MOST_SIZES]


def word(value: Any) -> Any:
    """Convert a Keras name to its current spelling; no name is `linear`."""
    if value is None or (isinstance(value, str) and value.strip().lower() in ("", "none")):
        return "linear"
    if not isinstance(value, str):
        return value
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", value.strip()).lower()
    return snake.replace("-", "_")
