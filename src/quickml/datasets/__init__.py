"""The numbers behind every dataset that a document can name. numpy, and scikit-learn's data files."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from quickml.datasets.data import Data, split
from quickml.document.datasets import Dataset
from quickml.errors import DatasetError

__all__ = ["LOADERS", "Data", "load", "split"]

LOADERS = {
    "Iris": "tabular",
    "Wine": "tabular",
    "BreastCancer": "tabular",
    "Digits": "tabular",
    "Diabetes": "tabular",
    "Mnist": "images",
    "MnistRows": "images",
    "FashionMnist": "images",
    "Circles": "synthetic",
    "Moons": "synthetic",
    "Blobs": "synthetic",
    "Xor": "synthetic",
    "Spirals": "synthetic",
    "Waves": "sequences",
    "Adding": "sequences",
    "Brackets": "sequences",
}
"""Class of `quickml.document.datasets` → module here whose function of the dataset's name loads it."""


def load(dataset: Dataset) -> Data:
    """Load what a document asks to learn from; the same options give the same samples in the same order.

    Returns:
        Arrays of exactly `dataset.sizes` samples of `dataset.shape`; see `Data` for their types.

    Raises:
        DatasetError: the data cannot be had, is damaged, or is not what its description says.
    """
    module = import_module(f"{__name__}.builtin.{LOADERS[type(dataset).__name__]}")
    data = cast(Data, getattr(module, dataset.name)(dataset))
    _check(dataset, data)
    return data


def _check(dataset: Dataset, data: Data) -> None:
    train, test = dataset.sizes
    parts = (("training", train, data.x_train, data.y_train), ("test", test, data.x_test, data.y_test))
    for part, size, x, y in parts:
        if x.shape != (size, *dataset.shape) or y.shape != (size,):
            raise DatasetError(
                f"{dataset.name}: expected {size} {part} samples of shape {dataset.shape}, "
                f"found inputs {x.shape} and targets {y.shape}"
            )
