"""Compare the arrays of a dataset with its description."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from quickml.datasets.data import Data
from quickml.datasets.info import DatasetInfo, Kind
from quickml.datasets.mapped import extent, parts
from quickml.errors import DatasetError

TYPES: dict[Kind, type[np.generic]] = {
    "image": np.uint8,
    "features": np.float32,
    "sequence": np.float32,
    "tokens": np.int32,
}
"""The type of the inputs of each kind."""
LARGEST_TARGET = 1e18
"""Largest number to predict: the loss sums up squares as 32-bit floats, which end at 3.4e38."""
Array = npt.NDArray[np.generic]


def check(info: DatasetInfo, data: Data) -> None:
    """Check sizes, shapes, types and ranges.

    Raises:
        DatasetError: for the first mismatch.
    """
    train, test = info.sizes
    _check_part(info, "training", train, data.x_train, data.y_train)
    _check_part(info, "test", test, data.x_test, data.y_test)


def _check_part(info: DatasetInfo, part: str, size: int, x: Array, y: Array) -> None:
    targets = (size, len(info.target_names)) if info.target_names else (size,)
    if x.shape != (size, *info.shape) or y.shape != targets:
        raise DatasetError(
            f"{info.name}: expected {size} {part} samples of shape {info.shape}, "
            f"found inputs {x.shape} and targets {y.shape}"
        )
    target = np.int32 if info.task == "classification" else np.float32
    for what, array, wanted in (("inputs", x, TYPES[info.kind]), ("targets", y, target)):
        if array.dtype != wanted:
            expected = f"{what} of type {np.dtype(wanted)}"
            raise DatasetError(f"{info.name}: expected {part} {expected}, found {array.dtype}")
        is_float = array.dtype == np.float32
        if is_float and not all(np.isfinite(some).all() for some in parts(array)):
            raise DatasetError(f"{info.name}: expected finite {part} {what}, found NaN or infinity")
    if info.task == "regression" and (largest := np.abs(y).max()) > LARGEST_TARGET:
        expected = f"{part} targets of at most {LARGEST_TARGET:g}, whose squares a 32-bit float can hold"
        raise DatasetError(
            f"{info.name}: expected {expected}, found {largest:g}; write them in a larger unit"
        )
    _check_range(info.name, f"{part} targets", y, len(info.labels))
    if info.is_multi_label and not np.isin(y, (0, 1)).all():
        raise DatasetError(f"{info.name}: expected 0 or 1 for each label of the {part} targets, found others")
    _check_range(info.name, f"{part} tokens", x, len(info.vocabulary))
    if info.columns:
        for rows in parts(x):
            _check_categories(info, part, rows)


def _check_range(name: str, what: str, values: Array, count: int) -> None:
    """Check that class indices or tokens are from 0 to `count - 1`."""
    if not count:
        return
    low, high = (array.reshape(-1) for array in extent(values))
    if low.min() < 0 or high.max() >= count:
        raise DatasetError(
            f"{name}: expected {what} from 0 to {count - 1}, found {low.min()} to {high.max()}"
        )


def _check_categories(info: DatasetInfo, part: str, rows: Array) -> None:
    """Check that a row of a table has 1 in one place of each category, or in none, and 0 in the others."""
    start = 0
    for column in info.columns:
        places = rows[:, start : start + column.width]
        start += column.width
        is_set = places == 1
        if column.is_category and (is_set.sum(axis=1).max() > 1 or (places[~is_set] != 0).any()):
            raise DatasetError(
                f"{info.name}: expected at most one 1, and 0 otherwise, in the {part} rows of the category"
                f" {column.name!r}, found other numbers; see `datasets.encoding.encode`"
            )
