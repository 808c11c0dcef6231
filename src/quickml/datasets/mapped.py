"""Read arrays that may be larger than memory: a part at a time, and without keeping what was read.

The pages of a memory map count as memory of the process while they are mapped. They are given back after each
part; the system still has them in its cache while it has room.
"""

from __future__ import annotations

import math
import mmap
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from quickml.datasets.data import PART_BYTES

ALIGNMENT = 64
LEAST_READ = 4096
"""Bytes of a sample from which on it is read, not mapped."""
READERS = 2
"""Threads that read. Reading is mostly copying, which one of them does at half the speed of the memory."""
Array = npt.NDArray[Any]
Indices = npt.NDArray[np.integer[Any]]


def samples_per_part(array: Array) -> int:
    """The number of samples, the rows of the first axis, that a part has."""
    return max(1, PART_BYTES // max(math.prod(array.shape[1:]) * array.itemsize, 1))


def is_mapped(array: Array) -> bool:
    """Whether samples are mapped from a file."""
    return _source_of(array) is not None


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


def gathered(array: Array, chosen: Indices) -> Array:
    """A copy of the chosen samples, as `array[chosen]`, aligned as TensorFlow wants it.

    Python's lock is released while they are read, which may wait for a disk.
    """
    rows = _bytes_of(array)
    if rows is None:
        copy: Array = np.asarray(array[chosen])
        give_back(array)
        return copy
    size = len(chosen) * rows.shape[1]
    room = np.empty(size + ALIGNMENT, np.uint8)
    start = -room.ctypes.data % ALIGNMENT
    taken = room[start : start + size].reshape(len(chosen), rows.shape[1])
    source = _source_of(array)
    if source is None:
        # With `raise`, numpy would gather into a copy first. All indices are valid.
        np.take(rows, chosen, axis=0, out=taken, mode="clip")
    elif not _read(source, rows, chosen, taken):
        _map_in_order(source, rows, chosen, taken)
    return taken.view(array.dtype).reshape(len(chosen), *array.shape[1:])


def _read(source: Any, rows: Array, chosen: Indices, taken: Array) -> bool:
    """Read the chosen rows from the file that is mapped, which takes half the time of mapping their pages.

    False if they are small, or the file is not there any more.
    """
    size = rows.shape[1]
    if source.filename is None or size < LEAST_READ or not len(chosen) or not hasattr(os, "preadv"):
        return False
    first = source.offset + rows.ctypes.data - source.ctypes.data
    places = np.argsort(chosen)
    starts = first + chosen[places].astype(np.int64) * size
    try:
        with Path(source.filename).open("rb", buffering=0) as file, ThreadPoolExecutor(READERS) as pool:
            number = file.fileno()

            def read(part: slice) -> bool:
                for place, start in zip(places[part].tolist(), starts[part].tolist(), strict=True):
                    if os.preadv(number, [taken[place]], start) != size:
                        return False
                return True

            middle = len(places) // READERS
            if not all(pool.map(read, (slice(middle), slice(middle, None)))):
                return False
    except OSError:
        return False
    return np.array_equal(taken[0], rows[chosen[0]])  # another file may have its name by now


def _map_in_order(source: Any, rows: Array, chosen: Indices, taken: Array) -> None:
    """Copy the chosen rows from one end of the map to the other, and give back what was passed."""
    places = np.argsort(chosen)
    numbers = chosen[places]
    window = max(1, PART_BYTES // rows.shape[1])
    ends = np.searchsorted(numbers, np.arange(window, len(rows) + window, window))
    for start, end in pairwise([0, *ends.tolist()]):
        if start < end:
            taken[places[start:end]] = rows[numbers[start:end]]
            give_back(source)


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
    source = _source_of(array)
    if source is not None and hasattr(mmap, "MADV_DONTNEED"):
        source._mmap.madvise(mmap.MADV_DONTNEED)


def _source_of(array: Any) -> Any:
    """The shared memory map that an array is a view of; None for others. A private one would lose changes."""
    source = None
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            source = array
        array = array.base
    return None if source is None or source.mode == "c" else source
