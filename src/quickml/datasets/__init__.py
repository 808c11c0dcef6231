"""Datasets: references, descriptions and arrays.

Importing this package does not import numpy, so that documents are checked quickly.
"""

from quickml.datasets import builtin
from quickml.datasets.catalog import REGISTERED, Catalog, Described
from quickml.datasets.columns import Column
from quickml.datasets.data import Data
from quickml.datasets.dataset import Dataset, Reference
from quickml.datasets.files import (
    ArraysReference,
    FileReference,
    PicturesReference,
    RecordingsReference,
    TableReference,
)
from quickml.datasets.info import DatasetInfo
from quickml.datasets.registry import register

__all__ = [
    "REGISTERED",
    "ArraysReference",
    "Catalog",
    "Column",
    "Data",
    "Dataset",
    "DatasetInfo",
    "Described",
    "FileReference",
    "PicturesReference",
    "RecordingsReference",
    "Reference",
    "TableReference",
    "builtin",
    "load",
    "register",
]

load = REGISTERED.load
