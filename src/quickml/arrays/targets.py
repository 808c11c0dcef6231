"""The targets in arrays: classes, as whole numbers, texts or rows with one 1; or numbers."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quickml.arrays.inputs import span
from quickml.arrays.problems import option
from quickml.arrays.stored import Array, StoredArray
from quickml.datasets.files import MOST_TARGETS, ArraysReference
from quickml.datasets.info import Task
from quickml.document.advice import leave_out, told, write
from quickml.document.spellings import PICTURES
from quickml.errors import Notice
from quickml.text import printable

MAX_CLASSES = 1000
MOST_CLASSES = 20
"""Different whole numbers that are classes by themselves, whatever they are."""
SAMPLES_EACH = 5
"""Samples that each of them must have."""


@dataclass(frozen=True, kw_only=True)
class Targets:
    """What a model of arrays predicts."""

    task: Task
    labels: tuple[str, ...]
    parts: tuple[Array, ...]
    """Of the samples for training, and of those for the test if they are arrays of their own."""
    names: tuple[str, ...] = ()
    """Of several targets."""
    notices: tuple[Notice, ...]


def targets(stored: Sequence[StoredArray], sizes: Sequence[int], reference: ArraysReference) -> Targets:
    """The targets of arrays for training and, if there is one, for the test.

    Args:
        stored: the arrays.
        sizes: numbers of inputs.
        reference: what the document says.

    Raises:
        ArraysError: the arrays are not what they should be.
        DocumentError: an option does not fit them.
    """
    parts = [_read(one, size) for one, size in zip(stored, sizes, strict=True)]
    notices: list[Notice] = []
    if len({part.shape[1:] for part in parts}) > 1:
        stored[-1].refuse("targets of the same shape as for training", stored[-1].written)
    if parts[0].ndim == 2:
        if reference.task not in (None, "classification") or not all(map(_is_one_hot, parts)):
            return _several(stored[0], parts, reference)
        message = f"rows with one 1 are the classes 0 to {parts[0].shape[1] - 1}"
        notices.append(Notice(pointer="/dataset/targets", message=message))
        parts = [part.argmax(axis=1) for part in parts]
    elif reference.task == "multi_label":
        stored[0].refuse("rows of 0 and 1, one for each label", stored[0].written)
    if len({part.dtype == object for part in parts}) > 1:
        what = "texts" if parts[0].dtype == object else "numbers"
        stored[-1].refuse(f"{what}, as for training", stored[-1].head.named)
    task = reference.task or ("classification" if reference.labels else _task(parts))
    if task == "regression":
        _check_numbers(stored[0], parts, reference)
        return Targets(
            task=task,
            labels=(),
            parts=tuple(np.ascontiguousarray(part, np.float32) for part in parts),
            notices=(*notices, *_told(reference, "a regression: the targets are numbers", task)),
        )
    labels, codes = _classes(stored[0], parts, reference)
    for position, label in enumerate(labels):
        if not (codes[0] == position).any():
            hint = 'leave it out of "labels", or add samples'
            stored[0].refuse("samples of each class to learn from", f"none of {printable(label, 40)!r}", hint)
    return Targets(
        task=task,
        labels=labels,
        parts=tuple(codes),
        notices=(*notices, *_told(reference, f"{len(labels)} classes: {_listed(labels)}", task)),
    )


def _several(stored: StoredArray, parts: Sequence[Array], reference: ArraysReference) -> Targets:
    """Several targets of each sample: numbers, or labels of which it can have any number."""
    width = parts[0].shape[1]
    are_flags = all(((part == 0) | (part == 1)).all() for part in parts)
    task = reference.task or ("multi_label" if are_flags else "regression")
    if task == "classification":
        stored.refuse("a number, a text or a row with one 1 for each sample", stored.written)
    if task == "multi_label" and not are_flags:
        stored.refuse("0 or 1 for each label", "other numbers", 'write "task": "regression"')
    if width > MOST_TARGETS:
        stored.refuse(f"at most {MOST_TARGETS} targets", f"{width:,}")
    names = reference.labels or tuple(f"target {number}" for number in range(width))
    if len(names) != width:
        advice = told(f"write {width} names, one for each column of {stored.entry or stored.file}")
        raise option("labels", f"names of {width} targets", f"{len(names)}", advice)
    for name, column in zip(names, parts[0].T, strict=True):
        if (column == column[0]).all():
            found = f"{float(column[0]):g} for all samples of {printable(name, 40)!r}"
            stored.refuse("different values to learn", found, "leave this column out")
    what = "labels, of which a sample can have several" if task == "multi_label" else "numbers"
    return Targets(
        task=task,
        labels=(),
        names=names,
        parts=tuple(np.ascontiguousarray(part, np.float32) for part in parts),
        notices=tuple(_told(reference, f"{width} {what}: {_listed(names)}", "regression")),
    )


def _told(reference: ArraysReference, message: str, task: Task) -> list[Notice]:
    if task == "regression":
        return [] if reference.task else [Notice(pointer="/dataset/task", message=message)]
    return [] if reference.labels else [Notice(pointer="/dataset/labels", message=message)]


def _listed(labels: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(printable(label, 30) for label in labels[:most])
    return shown if len(labels) <= most else f"{shown} and {len(labels) - most:,} more"


def _read(stored: StoredArray, size: int) -> Array:
    """A target of each sample, or a row of several."""
    array = stored.read()
    if len(array) != size:
        hint = "save as many targets as inputs, in the same order"
        stored.refuse(f"a target for each of {size:,} samples", f"{len(array):,}", hint)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    is_text = array.dtype.kind in "SU"
    if array.ndim > 2 or (array.ndim == 2 and is_text):
        hint = PICTURES if array.ndim > 2 else ""
        stored.refuse("a target, or a row of several numbers, for each sample", stored.written, hint)
    if array.dtype.kind == "f":
        span(stored, array)
    return np.asarray(_texts(stored, array) if is_text else array)


def _is_one_hot(rows: Array) -> bool:
    is_one = rows == 1
    return bool((is_one | (rows == 0)).all() and (is_one.sum(axis=1) == 1).all())


def _texts(stored: StoredArray, array: Array) -> Array:
    """Labels without unprintable ones. Bytes are UTF-8."""
    native = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    if array.dtype.kind == "U" and native.view(np.uint32).max() > 0x10FFFF:
        stored.refuse("texts", "numbers that are no letters")
    present, places = np.unique(native.view((np.void, native.dtype.itemsize)), return_inverse=True)
    if len(present) > MAX_CLASSES:
        stored.refuse(f"at most {MAX_CLASSES:,} different labels", f"{len(present):,}")
    labels = []
    for value in present.view(native.dtype).tolist():
        try:
            label = value.decode() if isinstance(value, bytes) else value
        except UnicodeDecodeError:
            stored.refuse("labels in UTF-8", ascii(value)[:80])
        if not label.strip() or not label.isprintable():
            stored.refuse("printable labels", ascii(label[:40]), "write a label for each sample")
        labels.append(label.strip())
    _check_variants(stored, labels)
    labels = [unicodedata.normalize("NFC", label) for label in labels]
    return np.array(labels, object)[places]


def _check_variants(stored: StoredArray, labels: Sequence[str]) -> None:
    """Labels that differ by case or blanks only are rarely meant."""
    seen: dict[str, str] = {}
    for label in sorted(labels):
        key = " ".join(unicodedata.normalize("NFC", label).casefold().split())
        if key in seen:
            both = f"{seen[key][:40]!a} and {label[:40]!a}"
            stored.refuse("labels that differ by more than case, blanks or form", both, "write them alike")
        seen[key] = label


def _task(parts: Sequence[Array]) -> Task:
    first = parts[0]
    if first.dtype.kind in "Ob":
        return "classification"
    present, counts = np.unique(first, return_counts=True)
    if first.dtype.kind == "f" and not (np.floor(present) == present).all():
        return "regression"
    is_run = (
        first.dtype.kind in "iu" and present[0] in (0, 1) and present[-1] - present[0] + 1 == len(present)
    )
    most = MAX_CLASSES if is_run else MOST_CLASSES
    are_classes = 2 <= len(present) <= most and bool(counts.min() >= SAMPLES_EACH)
    return "classification" if are_classes else "regression"


def _check_numbers(stored: StoredArray, parts: Sequence[Array], reference: ArraysReference) -> None:
    if reference.labels is not None:
        advice = leave_out("/dataset/labels", 'leave "labels" out, or write "task": "classification"')
        raise option("labels", "no labels of a regression", "labels", advice)
    if parts[0].dtype.kind == "O":
        advice = write("/dataset/task", "classification", 'write "task": "classification"')
        raise option("task", "numbers as the targets of a regression", "texts", advice)
    if (parts[0] == parts[0][0]).all():
        hint = "save samples of other targets too"
        stored.refuse("different numbers to learn", f"{float(parts[0][0]):g} for all samples", hint)


def _classes(
    stored: StoredArray, parts: Sequence[Array], reference: ArraysReference
) -> tuple[tuple[str, ...], list[Array]]:
    """The labels, and of each sample the position of its label."""
    present = sorted({value for part in parts for value in np.unique(part).tolist()})
    if len(present) > MAX_CLASSES:
        stored.refuse(f"at most {MAX_CLASSES:,} classes", f"{len(present):,} different values")
    names = [_name(value) for value in present]
    labels = reference.labels or tuple(names)
    if len(labels) < 2:
        stored.refuse("two or more classes", f"{names[0]!r} for all samples")
    if set(names) <= set(labels):
        positions = [labels.index(name) for name in names]
    elif not isinstance(present[0], str) and all(value in range(len(labels)) for value in present):
        positions = [int(value) for value in present]
    else:
        advice = told(f"write the labels of {_listed(names, 6)}, in this order")
        found = f"{_listed(names, 6)} in {stored.entry or stored.file}"
        raise option("labels", f"labels of the classes, or of 0 to {len(labels) - 1}", found, advice)
    places = np.array(positions, np.int32)
    order = np.array(present, object if isinstance(present[0], str) else None)
    return labels, [places[np.searchsorted(order, part)] for part in parts]


def _name(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
