"""Read arrays that may be larger than memory: a part at a time, and without keeping what was read.

The pages of a memory map count as memory of the process for as long as they are mapped. They are given back
after each part; the system still has them in its cache while it has room.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from quickml.datasets.data import PART_BYTES

Array = npt.NDArray[Any]


def samples_per_part(array: Array) -> int:
    """The number of samples, the rows of the first axis, that a part has."""
    return max(1, PART_BYTES // max(math.prod(array.shape[1:]) * array.itemsize, 1))


def extent(array: Array) -> tuple[Array, Array]:
    """The least and the greatest value at each place of a sample."""
    low, high = zip(*((part.min(axis=0), part.max(axis=0)) for part in parts(array)), strict=True)
    return np.min(low, axis=0), np.max(high, axis=0)


def parts(array: Array, samples: int | None = None) -> Iterator[Array]:
    """All samples in order, in parts of so many. A part is a view, to be used before the next one is."""
    count = samples or samples_per_part(array)
    for start in range(0, len(array), count):
        yield array[start : start + count]
        give_back(array)


def gathered(array: Array, chosen: npt.NDArray[np.integer[Any]]) -> Array:
    """A copy of the chosen samples, as `array[chosen]`.

    Python's lock is released while they are read, which may wait for a disk.
    """
    rows = _bytes_of(array)
    if rows is None:
        copy: Array = np.asarray(array[chosen])
    else:
        taken = np.empty((len(chosen), rows.shape[1]), np.uint8)
        # With `raise`, numpy would gather into a copy first. All indices are valid.
        np.take(rows, chosen, axis=0, out=taken, mode="clip")
        copy = taken.view(array.dtype).reshape(len(chosen), *array.shape[1:])
    give_back(array)
    return copy


def _bytes_of(array: Array) -> Array | None:
    """The samples as rows of bytes; None if they do not lie one after the other.

    numpy would copy a whole array of numbers that are not aligned, as they may be in an archive.
    """
    if not array.flags.c_contiguous or not array.size:
        return None
    return np.asarray(array).reshape(len(array), -1).view(np.uint8)


def give_back(array: Array) -> None:
    """Let the system have back the memory of all pages of a memory map; nothing for other arrays.

    Pages that were written to stay in the system's cache until they are on the disk.
    """
    source = _map_of(array)
    if source is not None and hasattr(source, "madvise"):
        source.madvise(mmap.MADV_DONTNEED)


def _map_of(array: Any) -> mmap.mmap | None:
    """The shared memory map that an array is a view of. Changes to a private one would be lost."""
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            found: mmap.mmap | None = getattr(array, "_mmap", None)
            return None if array.mode == "c" else found
        array = array.base
    return None
