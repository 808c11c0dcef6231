"""The tables that scikit-learn carries, read from its files.

The files are read here because importing scikit-learn takes about 0.9 s, of which 0.01 s would be used.
Its own loaders are used should the files ever move, and a test holds both to be equal.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from quickml.errors import DatasetError

Array = npt.NDArray[Any]


def classified(name: str, file: str, *, header: int = 0) -> tuple[Array, Array]:
    """Features, float64 (n, k), and the class of each row, which is the file's last column.

    Raises:
        DatasetError: as `table`.
    """
    rows = table(file, header=header)
    return through_sklearn(name) if rows is None else (rows[:, :-1], rows[:, -1])


def table(file: str, *, delimiter: str | None = ",", header: int = 0) -> Array | None:
    """A file of scikit-learn's as float64 (rows, columns), without importing scikit-learn; None if it moved.

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


def through_sklearn(name: str, **options: bool) -> tuple[Array, Array]:
    """(x, y) as `sklearn.datasets.load_...` gives them: float64 (n, k) and (n,)."""
    loader = getattr(import_module("sklearn.datasets"), f"load_{name}")
    x, y = loader(return_X_y=True, **options)
    return x, y
