"""The small classic tables, read from the files that scikit-learn carries.

The files are read here because importing scikit-learn takes about 0.9 s, of which 0.01 s would be used:
half of what TensorFlow needs, for 150 flowers. Its own loaders stand in should the files ever move, and
a test holds both to be equal.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from quickml.datasets.data import Array, Data, divided
from quickml.document.datasets import BreastCancer, Dataset, Diabetes, Digits, Iris, Wine
from quickml.errors import DatasetError


def iris(dataset: Iris) -> Data:
    """Features in centimetres, float32 (n, 4)."""
    return _classes(dataset, _table("iris.csv", header=1))


def wine(dataset: Wine) -> Data:
    """Features in their own units, float32 (n, 13)."""
    return _classes(dataset, _table("wine_data.csv", header=1))


def breast_cancer(dataset: BreastCancer) -> Data:
    """Features in their own units, float32 (n, 30)."""
    return _classes(dataset, _table("breast_cancer.csv", header=1))


def digits(dataset: Digits) -> Data:
    """Pictures, uint8 (n, 8, 8, 1); the 17 grey levels of the original are spread over 0..255."""
    x, y = _cut(_table("digits.csv.gz")) or _through_sklearn("digits")
    pixels = np.rint(x * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8, 1)
    return divided(pixels, y.astype(np.int32), dataset.sizes, dataset.seed)


def diabetes(dataset: Diabetes) -> Data:
    """Features as they were measured, not standardised, float32 (n, 10); targets float32 (n,)."""
    x = _table("diabetes_data_raw.csv.gz", delimiter=None)
    y = _table("diabetes_target.csv.gz", delimiter=None)
    if x is None or y is None:
        x, y = _through_sklearn("diabetes", scaled=False)
    return divided(x.astype(np.float32), y.ravel().astype(np.float32), dataset.sizes, dataset.seed)


def _classes(dataset: Dataset, table: Array | None) -> Data:
    x, y = _cut(table) or _through_sklearn(dataset.name)
    return divided(x.astype(np.float32), y.astype(np.int32), dataset.sizes, dataset.seed)


def _cut(table: Array | None) -> tuple[Array, Array] | None:
    """The last column holds the class."""
    return None if table is None else (table[:, :-1], table[:, -1])


def _table(file: str, *, delimiter: str | None = ",", header: int = 0) -> Array | None:
    """A file of scikit-learn's as float64 (rows, columns), without importing scikit-learn; None without it.

    Raises:
        DatasetError: scikit-learn is not installed, or the file holds something else than numbers.
    """
    package = find_spec("sklearn")
    if package is None or not package.submodule_search_locations:
        raise DatasetError("this dataset comes with scikit-learn, which is not installed: install it")
    path = Path(package.submodule_search_locations[0], "datasets", "data", file)
    if not path.is_file():
        return None
    try:
        return np.loadtxt(path, delimiter=delimiter, skiprows=header, ndmin=2)
    except (OSError, EOFError, ValueError) as error:
        raise DatasetError(f"{file} of scikit-learn is damaged, install it again ({error})") from error


def _through_sklearn(name: str, **options: bool) -> tuple[Array, Array]:
    """(x, y) as `sklearn.datasets.load_...` gives them: float64 (n, k) and (n,)."""
    loader = getattr(import_module("sklearn.datasets"), f"load_{name}")
    x, y = loader(return_X_y=True, **options)
    return x, y
