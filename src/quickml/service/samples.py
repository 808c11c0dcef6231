"""Samples of a dataset to look at: a page of them, or those with certain ids."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from quickml.datasets import Data, Dataset, DatasetInfo
from quickml.document.validation_errors import shown_value
from quickml.errors import Problem, RequestError
from quickml.service.loaded import LOADED, LoadedDatasets

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[Any]
    Indices = npt.NDArray[np.intp]

SplitName = Literal["train", "test"]
Shown = tuple[DatasetInfo, Data]
"""A dataset whose samples are looked at."""

MAX_SAMPLES = 2000
"""Most samples of an answer."""
MAX_NUMBERS = 100_000
"""Most numbers of an answer; a page ends before the sample that would exceed it."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which samples of a split: by their ids, or a page of those of some classes."""

    split: SplitName = "test"
    ids: tuple[int, ...] | None = None
    labels: tuple[str, ...] = ()
    """Samples of these classes only; of all where empty."""
    per_class: int | None = None
    """The first so many of each class, class by class; all in the order of the split where None."""
    limit: int = 100
    offset: int = 0


def samples(dataset: Dataset, wanted: Wanted, loaded: LoadedDatasets = LOADED) -> dict[str, Any]:
    """Samples with their ids and targets, as JSON types; see `api.catalog.SampleList`.

    Raises:
        RequestError: an id, a label or an option that the dataset does not have.
        DatasetUnavailableError: see `LoadedDatasets.get`.
    """
    return samples_of(*loaded.get(dataset), wanted)


def samples_of(info: DatasetInfo, data: Data, wanted: Wanted) -> dict[str, Any]:
    """As `samples`, of data that is there."""
    x, y = split(data, wanted.split)
    ordered = _ordered(info, y, wanted)
    most = wanted.limit if info.is_image else min(wanted.limit, max(1, MAX_NUMBERS // math.prod(info.shape)))
    chosen = ordered[wanted.offset : wanted.offset + most]
    end = wanted.offset + len(chosen)
    return {
        "name": info.name,
        "split": wanted.split,
        "kind": info.kind,
        "shape": info.shape,
        "labels": info.labels or None,
        "total": len(y),
        "matching": len(ordered),
        "next": end if end < len(ordered) else None,
        "ids": chosen.tolist(),
        "targets": _short(y[chosen]),
        "values": None if info.is_image else _short(x[chosen]),
    }


def split(data: Data, name: SplitName) -> tuple[Array, Array]:
    """Inputs and targets of the training or of the test samples."""
    x, y = (data.x_train, data.y_train) if name == "train" else (data.x_test, data.y_test)
    return x, y if y.ndim == 1 else y[:, 0]


def _ordered(info: DatasetInfo, y: Array, wanted: Wanted) -> Indices:
    """Ids of all samples that are wanted, in the order in which pages have them."""
    import numpy as np

    if wanted.ids is not None:
        return checked(wanted.ids, len(y))
    if not info.labels and (wanted.labels or wanted.per_class):
        name = "label" if wanted.labels else "per_class"
        raise refused(name, f"none for {info.name}, which has no classes", "one")
    classes = [_class(info, label) for label in wanted.labels] or list(range(len(info.labels)))
    if wanted.per_class is not None:
        parts = [np.flatnonzero(y == one)[: wanted.per_class] for one in classes]
        return np.concatenate(parts)
    return np.flatnonzero(np.isin(y, classes)) if wanted.labels else np.arange(len(y))


def checked(ids: Sequence[int], total: int) -> Indices:
    """The ids as indexes into a split of so many samples. Raises RequestError for one that is not in it."""
    import numpy as np

    for one in ids:
        if not 0 <= one < total:
            raise refused("ids", f"numbers from 0 to {total - 1:,}", str(one))
    return np.array(ids, dtype=np.intp)


def _class(info: DatasetInfo, label: str) -> int:
    if label not in info.labels:
        known = ", ".join(info.labels)
        raise refused("label", f"one of {known}"[:200], shown_value(label))
    return info.labels.index(label)


def refused(name: str, expected: str, found: str) -> RequestError:
    """The error of one parameter of a query."""
    return RequestError([Problem(pointer=f"?{name}", expected=expected, found=found)])


def _short(values: Array) -> Any:
    """An array as lists. A float32 gets the fewest digits that give it back: 0.1, not 0.10000000149011612."""
    import numpy as np

    return (values.astype("U").astype(np.float64) if values.dtype == np.float32 else values).tolist()


def in_turn(classes: Sequence[int]) -> list[int]:
    """Indexes: the first sample of each class, then the second of each, and so on."""
    seen: dict[int, int] = {}
    ranked = []
    for position, kind in enumerate(classes):
        seen[kind] = seen.get(kind, 0) + 1
        ranked.append((seen[kind], kind, position))
    return [position for _, _, position in sorted(ranked)]
