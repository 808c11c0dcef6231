"""Read the tables that are installed with scikit-learn.

The files are read directly, because importing scikit-learn takes about 0.9 s. If a future version moves the
files, scikit-learn's own loaders are used. A test checks that both ways give the same arrays.
"""

from __future__ import annotations

import gzip
import zlib
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from quickml.errors import DatasetError

Array = npt.NDArray[Any]


def classified(name: str, file: str, *, header: int = 0) -> tuple[Array, Array]:
    """Features, float64 (n, k), and the class of each row, float64 (n,), from the last column of the file.

    Raises:
        DatasetError: see `table`.
    """
    rows = table(file, header=header)
    return through_sklearn(name) if rows is None else (rows[:, :-1], rows[:, -1])


def table(file: str, *, delimiter: str | None = ",", header: int = 0) -> Array | None:
    """Read a file of scikit-learn as float64 (rows, columns); None if the file does not exist.

    Raises:
        DatasetError: scikit-learn is not installed, or the file is damaged or cannot be read.
    """
    package = find_spec("sklearn")
    if package is None or not package.submodule_search_locations:
        raise DatasetError("this dataset comes with scikit-learn, which is not installed: install it")
    path = Path(package.submodule_search_locations[0], "datasets", "data", file)
    if not path.is_file():
        return None
    try:
        # Opened here: given a path, numpy asks for the working directory, which may be deleted.
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
            return np.loadtxt(lines, delimiter=delimiter, skiprows=header, ndmin=2)
    except (gzip.BadGzipFile, zlib.error, EOFError, ValueError) as error:
        raise DatasetError(f"{file} of scikit-learn is damaged, install it again ({error})") from error
    except OSError as error:
        raise DatasetError(f"{file} of scikit-learn cannot be read ({error.strerror or error})") from error


def through_sklearn(name: str, **options: bool) -> tuple[Array, Array]:
    """Load (x, y) with `sklearn.datasets.load_...`: float64 (n, k) and (n,)."""
    loader = getattr(import_module("sklearn.datasets"), f"load_{name}")
    x, y = loader(return_X_y=True, **options)
    return x, y
