"""The inputs in arrays: what kind they are, and their values as a network takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quickml.arrays.problems import option
from quickml.arrays.stored import MAX_MEMORY_BYTES, Array, StoredArray
from quickml.datasets.check import TYPES
from quickml.datasets.info import Kind
from quickml.datasets.mapped import parts as parts_of
from quickml.document.advice import told
from quickml.errors import Notice

RANKS: dict[Kind, tuple[int, ...]] = {"image": (2, 3), "features": (1,), "sequence": (1, 2), "tokens": (1,)}
"""Axes of a sample."""
NUMBERS: dict[Kind, str] = {
    "image": "(height, width) or (height, width, 1 or 3)",
    "features": "(n,)",
    "sequence": "(steps,) or (steps, n)",
    "tokens": "(steps,)",
}
MAX_TOKENS = 50_000
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, kw_only=True)
class ValueSpan:
    """What the values of arrays are."""

    low: float
    high: float
    are_whole: bool


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Inputs as a network takes them."""

    kind: Kind
    shape: tuple[int, ...]
    """Of a sample."""
    parts: tuple[Array, ...]
    """Those for training, and those for the test if they are arrays of their own."""
    tokens: int
    """One more than the largest token."""
    notices: tuple[Notice, ...]


def inputs(stored: Sequence[StoredArray], kind: Kind | None) -> Inputs:
    """The inputs of arrays for training and, if there is one, for the test.

    Args:
        stored: the arrays.
        kind: what the document says that they are.

    Raises:
        ArraysError: the arrays are not what they should be.
        DocumentError: it cannot be found out what they are, or they are something else.
    """
    first = stored[0]
    arrays = [one.read() for one in stored]
    for one in stored:
        if one.head.type is not None and one.head.type.kind not in "biuf":
            one.refuse("numbers", one.head.named, "write numbers in place of the texts")
        if not 2 <= len(one.shape) <= 4:
            hint = "save one number of each sample as x[:, None]" if len(one.shape) == 1 else ""
            one.refuse("samples along the first axis, of 1 to 3 axes each", f"the shape {one.shape}", hint)
        if one.shape[1:] != first.shape[1:]:
            hint = "save both in the same shape"
            one.refuse(f"samples of shape {first.shape[1:]}, as for training", f"{one.shape[1:]}", hint)
    spans = [span(one, array) for one, array in zip(stored, arrays, strict=True)]
    whole = ValueSpan(
        low=min(one.low for one in spans),
        high=max(one.high for one in spans),
        are_whole=all(one.are_whole for one in spans),
    )
    found = kind or _kind(first, whole)
    _check(first, found, whole, is_given=kind is not None)
    if found == "image":
        _check_scales(stored, spans)
    notices = (
        []
        if kind
        else [Notice(pointer="/dataset/kind", message=f"{first.written} is taken for {_named(found)}")]
    )
    for one, array in zip(stored, arrays, strict=True):
        _check_memory(one, array, np.dtype(TYPES[found]))
    parts, message = _converted(arrays, found, whole)
    if message:
        notices.append(Notice(pointer="/dataset/kind", message=message))
    tokens = int(whole.high) + 1 if found == "tokens" else 0
    return Inputs(
        kind=found, shape=parts[0].shape[1:], parts=tuple(parts), tokens=tokens, notices=tuple(notices)
    )


def span(stored: StoredArray, array: Array) -> ValueSpan:
    """The values of an array, which have to be finite.

    Raises:
        ArraysError: some are not, with the first sample that has one.
    """
    low, high, are_whole = np.inf, -np.inf, True
    wrong = first = start = 0
    for part in parts_of(array):
        if array.dtype.kind == "f":
            is_wrong = ~np.isfinite(part).reshape(len(part), -1).all(axis=1)
            if is_wrong.any():
                first = first if wrong else start + int(is_wrong.argmax())
                wrong += int(is_wrong.sum())
            are_whole = are_whole and bool((np.floor(part) == part).all())
        low, high, start = min(low, float(part.min())), max(high, float(part.max())), start + len(part)
    if wrong:
        found = f"NaN or infinity in {wrong:,} of {len(array):,} samples, first in sample {first:,} from 0 on"
        stored.refuse("finite numbers", found, "leave these samples out, or replace the values")
    if max(-low, high) > _LARGEST:
        stored.refuse("numbers that fit in float32", f"{max(-low, high):g}", "divide them by a power of ten")
    return ValueSpan(low=low, high=high, are_whole=are_whole)


def _kind(stored: StoredArray, values: ValueSpan) -> Kind:
    """The kind that is the only one possible.

    Raises:
        DocumentError: several are.
    """
    rank, is_float = len(stored.shape) - 1, stored.head.named.startswith("float")
    are_pixels = values.low >= 0 and values.high <= 255
    if rank == 3:
        return "image"
    if rank == 2:
        if not are_pixels:
            return "sequence"
        if stored.head.named in ("uint8", "bool"):
            return "image"
        raise _asked(stored, ("image", "sequence"))
    if is_float or stored.head.named == "bool" or values.low < 0 or values.high >= MAX_TOKENS:
        return "features"
    raise _asked(stored, ("features", "tokens"))


def _asked(stored: StoredArray, kinds: tuple[Kind, Kind]) -> Exception:
    words = " or ".join(f'"kind": "{kind}" for {_named(kind)}' for kind in kinds)
    expected = f"the kind of {stored.entry or 'the inputs'}, {stored.written}"
    return option("kind", expected, f"none, and it could be {' or '.join(kinds)}", told(f"write {words}"))


def _named(kind: Kind) -> str:
    return {"image": "images", "features": "rows of features", "sequence": "sequences", "tokens": "tokens"}[
        kind
    ]


def _check(stored: StoredArray, kind: Kind, values: ValueSpan, *, is_given: bool) -> None:
    sample = stored.shape[1:]
    if len(sample) not in RANKS[kind]:
        raise option("kind", f"samples of shape {NUMBERS[kind]}", f"{sample}", told(_reshaped(stored, kind)))
    if kind == "image":
        _check_image(stored, values, is_given=is_given)
    if kind == "tokens" and not (values.are_whole and values.low >= 0 and values.high < MAX_TOKENS):
        found = f"{values.low:g} to {values.high:g}" + ("" if values.are_whole else ", not all whole")
        stored.refuse(f"tokens, whole numbers from 0 to {MAX_TOKENS - 1:,}", found)


def _check_image(stored: StoredArray, values: ValueSpan, *, is_given: bool) -> None:
    sample = stored.shape[1:]
    if len(sample) == 3 and sample[2] not in (1, 3):
        hint = "leave the fourth channel out: x[..., :3]" if sample[2] == 4 else ""
        if sample[0] in (1, 3):
            hint = "put the channels last: x.transpose(0, 2, 3, 1)"
        stored.refuse("images of 1 or 3 channels, which come last", f"{sample}", hint)
    if values.low < 0 or values.high > 255:
        hint = "save the pixels as they are, before anything is subtracted or divided"
        if is_given and len(sample) == 2:
            hint += ', or write "kind": "sequence"'
        stored.refuse("pixels from 0 to 255, or from 0 to 1", f"{values.low:g} to {values.high:g}", hint)


def _check_scales(stored: Sequence[StoredArray], spans: Sequence[ValueSpan]) -> None:
    """Images for the test that are scaled in another way would be tested as something else."""
    to_one = [span.high <= 1 for span in spans]
    if to_one[0] != to_one[-1]:
        expected = f"pixels to {1 if to_one[0] else 255}, as for training"
        stored[-1].refuse(expected, f"{spans[-1].low:g} to {spans[-1].high:g}")


def _reshaped(stored: StoredArray, kind: Kind) -> str:
    if kind == "features" and len(stored.shape) > 2:
        return "save x.reshape(len(x), -1)"
    fitting = [name for name, ranks in RANKS.items() if len(stored.shape) - 1 in ranks]
    return "write " + " or ".join(f'"kind": "{name}"' for name in fitting)


def _converted(arrays: Sequence[Array], kind: Kind, values: ValueSpan) -> tuple[list[Array], str]:
    """Arrays of the type that a network takes, and what was done. What has it already is left mapped."""
    if kind == "image":
        parts, message = _pixels(arrays, values)
        return [part[..., None] if part.ndim == 3 else part for part in parts], message
    parts = [_as(array, np.dtype(TYPES[kind])) for array in arrays]
    if kind == "sequence":
        parts = [part[..., None] if part.ndim == 2 else part for part in parts]
    return parts, ""


def _pixels(arrays: Sequence[Array], values: ValueSpan) -> tuple[list[Array], str]:
    if all(array.dtype == np.uint8 for array in arrays):
        few = (
            "" if values.high > 1 else "pixels are 0 to 1 of 255; multiply them by 255 if these are pictures"
        )
        return [_as(array, np.dtype(np.uint8)) for array in arrays], few
    if arrays[0].dtype.kind == "b" or (arrays[0].dtype.kind == "f" and values.high <= 1):
        return [
            _pixels_of(array, 255) for array in arrays
        ], "pixels from 0 to 1 are multiplied by 255, and rounded"
    message = "" if values.are_whole else "pixels are rounded to whole numbers"
    return [_pixels_of(array, 1) for array in arrays], message


def _check_memory(stored: StoredArray, array: Array, wanted: np.dtype[np.generic]) -> None:
    size_bytes = array.size * wanted.itemsize
    if not _is_plain(array, wanted) and size_bytes > MAX_MEMORY_BYTES:
        expected = f"at most {MAX_MEMORY_BYTES >> 30} GiB that have to be converted"
        stored.refuse(expected, f"{size_bytes / 2**30:,.1f} GiB", f"save it as {wanted}, in the order of C")


def _is_plain(array: Array, wanted: np.dtype[np.generic]) -> bool:
    return bool(array.dtype == wanted and array.dtype.isnative and array.flags.c_contiguous)


def _as(array: Array, wanted: np.dtype[np.generic]) -> Array:
    return array if _is_plain(array, wanted) else np.ascontiguousarray(array, wanted)


def _pixels_of(array: Array, factor: float) -> Array:
    result = np.empty(array.shape, np.uint8)
    start = 0
    for part in parts_of(array):
        result[start : start + len(part)] = np.rint(part * factor if factor != 1 else part)
        start += len(part)
    return result
