"""The parts of a frame: arrays, each stored as bytes in one of four ways ("kinds").

| kind | for | stored as |
| --- | --- | --- |
| `fixed` | probabilities; outputs of sigmoid and tanh | codes of `bits` bits between `low` and `high` |
| `ranged` | everything whose range is not known | the same, with ranges of their own in every frame |
| `float16` | weights of small networks | half precision without its last two bits, all low bytes first |
| `histogram` | weights of large networks | the range of the values, and the share of the values in each bin |
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.errors import FilmError

Array = NDArray[np.float32]
KINDS = ("fixed", "ranged", "float16", "histogram")
MAX_NAME, MAX_SIZE, MAX_AXES = 300, 2**20, 5
LARGEST = 1e37
"""Larger values are clipped, so that ranges that are rounded outwards stay finite in float32."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """An array that every frame contains.

    `name`, `shape` and `kind` are enough; the rest has useful defaults.
    """

    name: str
    shape: tuple[int, ...]
    """Of a histogram: (bins,)."""
    kind: str
    """One of `fixed`, `ranged`, `float16`, `histogram`."""
    bits: int = 0
    """Bits of a code, 1 to 8. Default: 5 for maps (three axes or more), else 6 (`fixed`) or 8 (`ranged`)."""
    low: float = 0.0
    """Lower end of a fixed range."""
    high: float = 1.0
    """Upper end of a fixed range."""
    ranges: int = 1
    """Of `ranged`: the number of ranges, by default 1. Or the length of the first axis, for a range for each
    map, which makes films a third larger and hides how strong the maps are compared to each other."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", tuple(int(length) for length in self.shape))
        if not self.bits:
            object.__setattr__(self, "bits", 5 if len(self.shape) >= 3 else 6 if self.kind == "fixed" else 8)
        if problem := next((text for holds, text in self.rules() if not holds()), None):
            raise ValueError(f"part {self.name[:MAX_NAME]!r}: expected {problem}")

    def rules(self) -> list[tuple[Callable[[], bool], str]]:
        """What must hold, in the order in which it must be checked."""
        return [
            (lambda: 0 < len(self.name) <= MAX_NAME, f"a name of 1 to {MAX_NAME} characters"),
            (lambda: self.kind in KINDS, f"a kind of {', '.join(KINDS)}"),
            (lambda: 1 <= len(self.shape) <= MAX_AXES, f"1 to {MAX_AXES} axes"),
            (lambda: all(1 <= length <= MAX_SIZE for length in self.shape), "lengths of 1 or more"),
            (lambda: self.size <= MAX_SIZE, f"at most {MAX_SIZE:,} values"),
            (lambda: 1 <= self.bits <= 8, "1 to 8 bits"),
            (
                lambda: self.ranges == 1 or (self.kind == "ranged" and self.ranges == self.shape[0]),
                "one range, or one for each entry of the first axis",
            ),
            (lambda: self.low < self.high and max(-self.low, self.high) <= LARGEST, "low below high"),
            (lambda: self.kind != "histogram" or len(self.shape) == 1, "one axis of bins"),
        ]

    @cached_property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @cached_property
    def size_bytes(self) -> int:
        """Bytes of this part in an inflated frame."""
        return self.head_bytes + (2 if self.kind == "float16" else 1) * self.size

    @property
    def head_bytes(self) -> int:
        """Bytes before the codes: ranges, and of a histogram the upper end of the shares."""
        return {"ranged": 8 * self.ranges, "histogram": 12}.get(self.kind, 0)

    @cached_property
    def top(self) -> int:
        """The largest code."""
        return 255 if self.kind == "histogram" else (1 << self.bits) - 1

    def to_json(self) -> dict[str, Any]:
        """As in the header of a film."""
        described: dict[str, Any] = {"name": self.name, "shape": list(self.shape), "kind": self.kind}
        if self.kind == "fixed":
            described |= {"bits": self.bits, "low": float(self.low), "high": float(self.high)}
        if self.kind == "ranged":
            described |= {"bits": self.bits, "ranges": self.ranges}
        return described

    @classmethod
    def from_json(cls, value: object, place: str) -> Part:
        """From the header of a film. Raises `FilmError`."""
        if not isinstance(value, dict):
            raise FilmError(place, "an object", type(value).__name__)
        try:
            return cls(
                name=checked(value, "name", str, None),
                shape=tuple(
                    checked({"": length}, "", int, None) for length in checked(value, "shape", list, None)
                ),
                kind=checked(value, "kind", str, None),
                bits=checked(value, "bits", int, 0),
                low=checked(value, "low", float, 0.0),
                high=checked(value, "high", float, 1.0),
                ranges=checked(value, "ranges", int, 1),
            )
        except ValueError as error:
            raise FilmError(place, "a valid part", str(error)) from None

    def decode(self, content: bytes) -> Array:
        """The array, of this shape. Of a histogram: the share of the values in each bin."""
        if self.kind == "float16":
            planes = np.frombuffer(content, np.uint8).reshape(2, -1)
            halves = np.ascontiguousarray(planes.T).view("<f2")
            return halves.astype(np.float32).reshape(self.shape)
        codes = np.frombuffer(content, np.uint8)[self.head_bytes :]
        ranges = self.decode_ranges(content).astype(np.float64)
        if self.kind == "histogram":
            ranges = np.array([[0, np.frombuffer(content, "<f4", 1, 8)[0]]])
        steps = (ranges[:, 1:] - ranges[:, :1]) / self.top
        with np.errstate(over="ignore", invalid="ignore"):
            values = ranges[:, :1] + codes.reshape(len(ranges), -1) * steps
            return values.astype(np.float32).reshape(self.shape)

    def decode_ranges(self, content: bytes) -> Array:
        """(ranges, 2): low and high of the codes; of a histogram, of the values that it counts."""
        if self.kind == "float16":
            return np.zeros((0, 2), np.float32)
        if self.kind == "fixed":
            return np.array([[self.low, self.high]], np.float32)
        return np.frombuffer(content, "<f4", 2 * self.ranges).reshape(-1, 2).astype(np.float32)


def checked(value: Mapping[str, Any], name: str, kind: type, default: Any) -> Any:
    """An entry of this type; a float may be given as an integer. Raises `ValueError`."""
    found = value.get(name, default)
    if kind is float and type(found) is int and abs(found) < 2**53:
        found = float(found)
    if type(found) is not kind:
        raise ValueError(f"{name or 'shape'}: expected {kind.__name__}, found {type(found).__name__}")
    return found
