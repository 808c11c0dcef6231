"""What is in a file of arrays: names, types, shapes, values, classes; and a document to start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from quickml.api.profiles import ArrayMessage, ArraysClass, ArraysProfile
from quickml.arrays.prepare import PreparedArrays, prepare
from quickml.arrays.problems import refused
from quickml.arrays.propose import document
from quickml.arrays.sources import ArraySource, opened
from quickml.arrays.stored import StoredArray
from quickml.datasets.files import ArraysReference
from quickml.datasets.info import Kind
from quickml.datasets.mapped import parts
from quickml.errors import ArraysError, DocumentError, Problem


def profile(path: Path, file: str, kind: Kind | None = None) -> ArraysProfile:
    """Look at arrays, and propose a document for them.

    Args:
        path: of the file or the folder.
        file: what the document calls it.
        kind: what the inputs are, where they could be one thing or another.

    Raises:
        ArraysError: there are no arrays that can be read.
    """
    with opened(path, file) as source:
        prepared: PreparedArrays | None = None
        problems: tuple[Problem, ...] = ()
        try:
            prepared = prepare(source, ArraysReference(file=file, kind=kind))
        except ArraysError as error:
            problems = refused(error).problems
        except DocumentError as error:
            problems = error.problems
        return ArraysProfile(
            file=file,
            sha256=source.sha256,
            arrays=tuple(_arrays(source, prepared)),
            input_kind=prepared.info.kind if prepared else None,
            sizes=prepared.info.sizes if prepared else None,
            classes=_classes(prepared) if prepared else (),
            notices=prepared.notices if prepared else (),
            problems=problems,
            document=document(prepared) if prepared else None,
        )


def _arrays(source: ArraySource, prepared: PreparedArrays | None) -> Iterator[ArrayMessage]:
    roles = {}
    if prepared:
        for role in ("inputs", "targets", "test_inputs", "test_targets"):
            roles[getattr(prepared.reference, role)] = role
    for name, stored in source.arrays.items():
        low, high, mean, not_finite = _values(stored)
        yield ArrayMessage(
            name=name,
            type=stored.head.named,
            shape=stored.shape,
            role=roles.get(name),
            low=low,
            high=high,
            mean=mean,
            not_finite=not_finite,
        )


def _values(stored: StoredArray) -> tuple[float | None, float | None, float | None, int]:
    """Lowest, highest and mean of the finite values, and the number of others."""
    try:
        array = stored.read()
    except ArraysError:
        return None, None, None, 0
    if array.dtype.kind not in "biuf":
        return None, None, None, 0
    low, high, total, count = np.inf, -np.inf, 0.0, 0
    for part in parts(np.atleast_1d(array)):
        finite = part[np.isfinite(part)] if part.dtype.kind == "f" else part
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
            total, count = total + float(finite.sum(dtype=np.float64)), count + finite.size
    if not count:
        return None, None, None, array.size
    return low, high, total / count, array.size - count


def _classes(prepared: PreparedArrays) -> tuple[ArraysClass, ...]:
    """Labels and their samples, for training and for the test together; a sample can have several labels."""
    labels, targets = prepared.info.labels, prepared.targets
    if prepared.info.is_multi_label:
        labels, counts = targets.names, np.concatenate(targets.parts).sum(axis=0)
    else:
        counts = sum(np.bincount(part, minlength=len(labels)) for part in targets.parts) if labels else ()
    return tuple(
        ArraysClass(label=label, samples=int(count)) for label, count in zip(labels, counts, strict=True)
    )
