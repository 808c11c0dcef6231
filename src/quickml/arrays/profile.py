"""What is in a file of arrays: names, types, shapes, values, classes; and a document to start from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from quickml.api.profiles import ArrayMessage
from quickml.arrays.prepare import PreparedArrays, prepare
from quickml.arrays.problems import refused
from quickml.arrays.propose import document
from quickml.arrays.sources import ArraySource, opened
from quickml.arrays.stored import StoredArray
from quickml.datasets.files import ArraysReference
from quickml.datasets.info import Kind
from quickml.datasets.mapped import parts
from quickml.errors import ArraysError, DocumentError, Notice, Problem


@dataclass(frozen=True, kw_only=True)
class ArraysProfile:
    """What is in a file of arrays, and a document that learns from it."""

    file: str
    sha256: str
    arrays: tuple[ArrayMessage, ...]
    kind: Kind | None
    sizes: tuple[int, int] | None
    """Samples for training and for the test; None if there is no document."""
    classes: tuple[tuple[str, int], ...]
    """Labels and their samples, for training and for the test together; a sample can have several labels."""
    notices: tuple[Notice, ...]
    problems: tuple[Problem, ...]
    """Why there is no document."""
    document: dict[str, Any] | None

    def to_json(self) -> dict[str, Any]:
        """The profile as JSON."""
        return {
            "kind": "arrays",
            "file": self.file,
            "sha256": self.sha256,
            "arrays": [vars(array) for array in self.arrays],
            "input_kind": self.kind,
            "sizes": self.sizes,
            "classes": [{"label": label, "samples": count} for label, count in self.classes],
            "notices": [vars(notice) for notice in self.notices],
            "problems": [vars(problem) for problem in self.problems],
            "document": self.document,
        }


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
            kind=prepared.info.kind if prepared else None,
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


def _classes(prepared: PreparedArrays) -> tuple[tuple[str, int], ...]:
    labels = prepared.info.labels
    if prepared.info.is_multi_label:
        set_in = np.concatenate(prepared.targets.parts).sum(axis=0)
        return tuple(zip(prepared.targets.names, set_in.astype(int).tolist(), strict=True))
    if not labels:
        return ()
    counts = sum(np.bincount(part, minlength=len(labels)) for part in prepared.targets.parts)
    return tuple(zip(labels, np.asarray(counts).tolist(), strict=True))
