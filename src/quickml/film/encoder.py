"""Encodes frames: all parts of a kind in one pass, because calls for many small arrays would take longer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.film.layout import LOSS
from quickml.film.parts import KINDS, LARGEST, Array, Part
from quickml.film.scales import Bytes, Scales, histograms

SAMPLED_VALUES = 2**16
"""A histogram counts this many values (or up to twice as many), evenly spaced: large kernels cost little."""
TOGETHER = 2**17
"""Most values of histograms that are computed together, which takes memory for all of them."""


class FrameEncoder:
    """Encodes frames that have the same parts.

    NaN is stored as 0 (or the nearest value of a fixed range), an infinite value as the largest one.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        """Compute what does not depend on the values."""
        by_kind = {kind: [part for part in parts if part.kind == kind] for kind in KINDS}
        fixed, ranged, halves, self._counted = by_kind.values()
        together = [*fixed, *ranged, *halves]
        ends = [0, *accumulate(part.size for part in together)]
        self._values = np.zeros(ends[-1], np.float32)
        self._views = [
            (part, self._values[start : start + part.size].reshape(part.shape))
            for part, start in zip(together, ends, strict=False)
        ]
        self._scales, self._coded = Scales(fixed, ranged), ends[len(fixed) + len(ranged)]
        self._order = _order(parts)
        places = np.argsort(self._order)[LOSS.size :]
        self._ranges_at, self._codes_at = np.split(places, [8 * sum(part.ranges for part in ranged)])
        self._codes_at = self._codes_at[: self._coded]

    def encode(self, loss: float, arrays: Mapping[str, NDArray[Any]], before: bytes = b"") -> bytes:
        """The loss and all parts. A histogram is of all values of its array, which has any shape.

        Codes stay those of `before`, the frame before, where the error is at most `HELD` of a step: films are
        a sixth smaller, and values near the middle of two steps do not flicker.

        Raises `ValueError` for other shapes than those of the parts.
        """
        for part, view in self._views:
            found = np.asarray(arrays[part.name])
            if found.shape != part.shape:
                raise ValueError(f"part {part.name!r}: expected the shape {part.shape}, found {found.shape}")
            view[...] = found
        values, last = finite(self._values), np.frombuffer(before, np.uint8)
        held = (last[self._ranges_at], last[self._codes_at]) if before else None
        ranges, codes = self._scales.encode(values[: self._coded], held)
        described, shares = self._histograms(arrays)
        sections = [np.frombuffer(LOSS.pack(loss), np.uint8), ranges, codes, _halves(values[self._coded :])]
        return np.concatenate([*sections, *described, *shares])[self._order].tobytes()

    def _histograms(self, arrays: Mapping[str, NDArray[Any]]) -> tuple[Sequence[Bytes], Sequence[Bytes]]:
        """Their ranges, and their shares."""
        flat = [np.asarray(arrays[part.name]).reshape(-1) for part in self._counted]
        sampled = [values[:: max(1, values.size // SAMPLED_VALUES)] for values in flat]
        bins = [part.size for part in self._counted]
        is_small = sum(map(len, sampled)) <= TOGETHER
        groups = [slice(None)] if is_small else [slice(place, place + 1) for place in range(len(bins))]
        found = [
            histograms(finite(np.concatenate(sampled[group])), list(map(len, sampled[group])), bins[group])
            for group in groups
            if bins
        ]
        return [described for described, _ in found], [shares for _, shares in found]


def _order(parts: Sequence[Part]) -> NDArray[np.intp]:
    """Where each byte of a frame is in the sections that `FrameEncoder.encode` joins."""
    heads = {"ranged": "ranges", "histogram": "described"}
    sections = dict.fromkeys(["loss", "ranges", "fixed", "ranged", "float16", "described", "histogram"], 0)
    sections["loss"] = LOSS.size
    for part in parts:
        head = part.head_bytes
        sections[part.kind] += part.size_bytes - head
        sections[heads.get(part.kind, "ranges")] += head
    starts = dict(zip(sections, [0, *accumulate(sections.values())], strict=False))

    def taken(section: str, count: int) -> NDArray[np.intp]:
        starts[section] += count
        return np.arange(starts[section] - count, starts[section])

    found = [taken("loss", LOSS.size)]
    for part in parts:
        found.append(taken(heads.get(part.kind, "ranges"), part.head_bytes))
        own = taken(part.kind, part.size_bytes - part.head_bytes)
        found.append(own.reshape(-1, 2).T.reshape(-1) if part.kind == "float16" else own)
    return np.concatenate(found)


def finite(values: NDArray[Any]) -> Array:
    """As float32, with NaN as 0 and clipped values."""
    single = values.astype(np.float32, copy=False)
    if single.size and not (single.max() <= LARGEST and single.min() >= -LARGEST):
        single = np.clip(np.nan_to_num(single), -LARGEST, LARGEST)
    return single


def _halves(values: Array) -> Bytes:
    """Half precision, rounded to 9 significant bits: relative error at most 1 / 400 from 6e-5 to 65408.

    A frame has all low bytes of a part first: neighbouring high bytes are similar, so they deflate well.
    """
    bits = np.clip(values, -65408, 65408).astype("<f2").view("<u2")
    found: Bytes = ((bits + 1 + (bits >> 2 & 1)) & 0xFFFC).view(np.uint8)
    return found
