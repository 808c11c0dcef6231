"""What a model of recordings predicts: the class of a window, or a number at its end or later."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.datasets.files import RecordingsReference
from quickml.errors import DocumentError
from quickml.recordings.collect import Recorded
from quickml.recordings.problems import option
from quickml.recordings.runs import RecordingWindow, Rows
from quickml.tables.cells import Cells
from quickml.tables.problems import of_fault
from quickml.tables.target import MOST_CLASSES, classes
from quickml.tables.types import Fault, is_numeric


@dataclass(frozen=True, kw_only=True)
class Aim:
    """What is predicted."""

    labels: tuple[str, ...]
    """Of classes; none of a number."""
    label: Rows
    """Of each row; 0 for a number."""
    is_known: NDArray[np.bool_]
    """Whether a row has what is predicted."""
    numbers: NDArray[np.float64] | None = None
    name: str = ""
    """Of a number."""

    def of(self, starts: Rows, window: RecordingWindow) -> NDArray[Any]:
        """What is predicted of windows: int32 or float32 (n,)."""
        if self.numbers is None:
            return self.label[starts].astype(np.int32)
        return self.numbers[starts + window.needed - 1].astype(np.float32)


def aim_of(recorded: Recorded, reference: RecordingsReference) -> Aim:
    """What the model predicts.

    Raises:
        DocumentError: the target has neither classes nor numbers, or not what it should have.
    """
    if recorded.aim is not None:
        return _number(recorded.aim, recorded, str(reference.target))
    if recorded.label is not None:
        labels = reference.labels or recorded.labels
        if set(labels) != set(recorded.labels):
            expected = f"the names of the folders, {list(recorded.labels)}, in any order"
            raise DocumentError([option("labels", expected, f"{list(labels)}", value=list(recorded.labels))])
        places = np.array([labels.index(label) for label in recorded.labels], np.intp)
        of_rows = places[recorded.label][recorded.session]
        return Aim(labels=labels, label=of_rows, is_known=np.ones(recorded.rows, bool))
    assert recorded.target is not None
    return _classes(recorded.target, recorded, reference)


def _number(values: NDArray[np.float64], recorded: Recorded, name: str) -> Aim:
    is_known = ~np.isnan(values)
    if not is_known.any() or np.nanmin(values) == np.nanmax(values):
        found = "the same in all rows" if is_known.any() else "none"
        raise DocumentError([option("target", "different numbers to predict", f"{found} in {name!r}")])
    return Aim(
        labels=(), label=np.zeros(recorded.rows, np.intp), is_known=is_known, numbers=values, name=name
    )


def _classes(cells: Cells, recorded: Recorded, reference: RecordingsReference) -> Aim:
    name = str(reference.target)
    if reference.labels is None and is_numeric(cells) and not are_classes(cells):
        expected = f'"ahead", because {name!r} has numbers: so many steps later, or 0 for the end of a window'
        raise DocumentError([option("ahead", expected, "none", value=1)])
    found = classes(cells, reference.labels, is_declared=False)
    if isinstance(found, Fault):
        pointer = "/dataset/target"
        if recorded.is_folder:
            raise DocumentError(
                [option("target", found.expected, f"{found.found} in {name!r}", hint=found.hint)]
            )
        raise DocumentError([of_fault(found, recorded.table, name, pointer)])
    values = np.array(found.values)[recorded.order]
    is_known = ~np.isnan(values)
    return Aim(labels=found.labels, label=np.where(is_known, values, -1).astype(np.intp), is_known=is_known)


def are_classes(cells: Cells) -> bool:
    """Whether a column has numbers that are few and whole, so that they may be classes."""
    if not is_numeric(cells):
        return False
    different = {value for value in cells.as_numbers() if not math.isnan(value)}
    return len(different) <= MOST_CLASSES and all(value.is_integer() for value in different)
