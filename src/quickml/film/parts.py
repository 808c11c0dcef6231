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
import struct
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
SMALLEST = 1e-35
"""Values whose range is not larger than this are equal: its reciprocal would not be finite in float32."""
HELD = 1.0
"""In steps of a scale: a code stays that of the frame before if its error is no larger."""
SAMPLED_VALUES = 2**16
"""A histogram counts at most so many values, evenly spaced, so that large kernels cost little time."""


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
        before = {"fixed": 0, "ranged": 8 * self.ranges, "float16": self.size, "histogram": 12}
        return before[self.kind] + self.size

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

    def encode(self, values: NDArray[Any], before: bytes = b"") -> bytes:
        """Bytes of an array of this shape. For a histogram: of all values that it counts, in any shape.

        Codes stay those of `before`, the bytes of this part in the frame before, where the error is at most
        `HELD` of a step: films are a sixth smaller, and values near the middle of two steps do not flicker.

        NaN is stored as 0 (or the nearest value of a fixed range), an infinite value as the largest one.
        Raises `ValueError` for another shape.
        """
        found = np.asarray(values)
        if self.kind != "histogram" and found.shape != self.shape:
            raise ValueError(f"part {self.name!r}: expected the shape {self.shape}, found {found.shape}")
        if self.kind == "fixed":
            return self.encode_fixed(finite(found), before)
        if self.kind == "ranged":
            return self.encode_ranged(finite(found), before)
        return (self.encode_float16 if self.kind == "float16" else self.encode_histogram)(finite(found))

    def encode_fixed(self, values: Array, before: bytes = b"") -> bytes:
        """Codes; between `low` and `high`, a step is (high - low) / (2 ** bits - 1)."""
        places = (values - np.float32(self.low)) * np.float32(self.top / (self.high - self.low))
        return as_codes(places.reshape(-1), self.top, before)

    def encode_ranged(self, values: Array, before: bytes = b"") -> bytes:
        """Ranges (low, high) as float32, then codes."""
        rows = values.reshape(self.ranges, -1)
        found = [rounded_outwards(float(row.min()), float(row.max())) for row in rows]
        ranges = struct.pack(f"<{2 * len(found)}f", *(end for pair in found for end in pair))
        places = [
            (row - low) * per_unit(self.top, low, high) for row, (low, high) in zip(rows, found, strict=True)
        ]
        held = before[len(ranges) :] if before.startswith(ranges) else b""
        return ranges + as_codes(np.concatenate(places), self.top, held)

    def encode_float16(self, values: Array) -> bytes:
        """Half precision, rounded to 9 significant bits: relative error at most 1 / 400 from 6e-5 to 65408.

        In two planes: neighbouring high bytes are similar, so they deflate well.
        """
        bits = np.clip(values, -65408, 65408).astype("<f2").view("<u2")
        halves = (bits + 1 + (bits >> 2 & 1)) & 0xFFFC
        planes: NDArray[np.uint8] = halves.reshape(-1, 1).view(np.uint8).T
        return planes.tobytes()

    def encode_histogram(self, values: Array) -> bytes:
        """The range of the values, the upper end of the shares, and the share of each bin; 8 bits each."""
        sampled = values.reshape(-1)[:: max(1, values.size // SAMPLED_VALUES)]
        low, high = rounded_outwards(float(sampled.min()), float(sampled.max()))
        places = ((sampled - low) * per_unit(self.size, low, high)).astype(np.intp)
        counts = np.bincount(places.clip(0, self.size - 1), minlength=self.size)
        share = math.ceil(int(counts.max()) / sampled.size * 64) / 64  # in 64ths, so that it seldom changes
        codes = as_codes(counts * (255 / sampled.size / share), self.top)
        return struct.pack("<3f", low, high, share) + codes

    def decode(self, content: bytes) -> Array:
        """The array, of this shape. Of a histogram: the share of the values in each bin."""
        if self.kind == "float16":
            planes = np.frombuffer(content, np.uint8).reshape(2, -1)
            halves = np.ascontiguousarray(planes.T).view("<f2")
            return halves.astype(np.float32).reshape(self.shape)
        codes = np.frombuffer(content, np.uint8)[self.size_bytes - self.size :]
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


def as_codes(places: NDArray[Any], top: int, before: bytes = b"") -> bytes:
    """(n,) places on a scale from 0 to `top`, rounded; or codes of `before` that are near enough."""
    codes: NDArray[np.uint8] = np.rint(places).clip(0, top).astype(np.uint8)
    if before:
        held = np.frombuffer(before, np.uint8)
        np.copyto(codes, held, where=np.abs(places - held) <= HELD)
    return codes.tobytes()


def finite(values: NDArray[Any]) -> Array:
    """As float32, with NaN as 0 and clipped values."""
    single = values.astype(np.float32)
    if not (single.size and single.max() <= LARGEST and single.min() >= -LARGEST):
        single = np.clip(np.nan_to_num(single), -LARGEST, LARGEST)
    return single


def rounded_outwards(low: float, high: float) -> tuple[float, float]:
    """A range in float32 that contains the given one, with ends on a coarse grid of 1/16 to 1/8 of the range.

    Ranges therefore stay the same over several frames, and so do the codes of values that do not change.
    """
    if low < high:
        unit = math.ldexp(1.0, math.frexp(high - low)[1] - 4)
        low, high = math.floor(low / unit) * unit, math.ceil(high / unit) * unit
    return float(np.float32(low)), float(np.float32(high))


def per_unit(count: int, low: float, high: float) -> np.float32:
    """Steps for each unit of a range; 0 for a range without values."""
    return np.float32(count / (high - low) if high - low > SMALLEST else 0)


def checked(value: Mapping[str, Any], name: str, kind: type, default: Any) -> Any:
    """An entry of this type; a float may be given as an integer. Raises `ValueError`."""
    found = value.get(name, default)
    if kind is float and type(found) is int and abs(found) < 2**53:
        found = float(found)
    if type(found) is not kind:
        raise ValueError(f"{name or 'shape'}: expected {kind.__name__}, found {type(found).__name__}")
    return found
