"""Look at picture files before they are decoded: their digests, formats and sizes."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Protocol, TypeVar, runtime_checkable

from quickml.errors import PicturesError
from quickml.pictures.layout import PictureFile
from quickml.pictures.sources import PictureSource
from quickml.pixels import Header
from quickml.pixels.reading import Seen, seen, unread

SMALL = 128
"""Longest side of pictures that are used in their own size, if all have the same."""
DEFAULT_SIZE = (96, 96)
SMALL_BYTES = 200_000
"""Files of this size take as long to be read as to be summed up."""
AT_ONCE = 32
"""Pictures that a thread takes at once: taking one may last as long as looking at it."""

Progress = Callable[[str, int, int], None]
"""Is told what is done, how many pictures are done, and of how many."""


@runtime_checkable
class FaultProgress(Protocol):
    """Progress that is also told what is wrong with files, one by one, as soon as it is found."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """See `Progress`."""

    def found(self, fault: PicturesError) -> None:
        """Something is wrong with a file."""


def tell_fault(progress: Progress, source: PictureSource, file: PictureFile, one: Seen) -> None:
    """Tell what is wrong with a file, if something is and somebody wants to know."""
    if one.fault and isinstance(progress, FaultProgress):
        progress.found(one.fault.error(source.file, file.name))


T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What is known of all files of a source."""

    sha256: str
    """Of the source."""
    sums: dict[str, str]
    """SHA-256 of each file, by its name."""
    headers: tuple[Header | None, ...]
    """Of each file; None for one that is no picture."""
    faults: dict[int, PicturesError]
    """What is wrong with files, by their place."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width that fit: that of all pictures if it is small and the same, or the default."""
        first = next((one for one in self.headers if one), None)
        return (first.height, first.width) if first and self.is_small else DEFAULT_SIZE

    @property
    def is_small(self) -> bool:
        """Whether all pictures are small and have the same size."""
        sizes = {(one.height, one.width) for one in self.headers if one}
        return len(sizes) == 1 and all(8 <= side <= SMALL for side in next(iter(sizes)))

    @property
    def channels(self) -> int:
        """1 if all pictures are grey, otherwise 3."""
        return 1 if all(one.is_grey for one in self.headers if one) else 3

    @property
    def formats(self) -> dict[str, int]:
        """Pictures of each format, the commonest first."""
        return dict(Counter(one.format for one in self.headers if one).most_common())


def survey(source: PictureSource, files: Sequence[PictureFile], progress: Progress) -> Survey:
    """Read all files.

    Raises:
        PicturesError: the source itself cannot be read.
    """

    def look(some: Sequence[PictureFile]) -> list[Seen]:
        return [_looked(source, file) for file in some]

    start = look(files[:AT_ONCE])
    size_bytes = sum(one.size_bytes for one in start) / max(len(start), 1)
    # Threads that take Python's lock all the time are slower than one.
    rest = in_order(look, files[AT_ONCE:], 1 if size_bytes < SMALL_BYTES else None)
    known = []
    for place, one in enumerate(chain(start, rest)):
        known.append(one)
        tell_fault(progress, source, files[place], one)
        progress("looked at", place + 1, len(files))
    return summed(source, files, known)


def certain(source: PictureSource, files: Sequence[PictureFile]) -> tuple[tuple[int, int] | None, int | None]:
    """Size and channels as `Survey` has them, where a few pictures decide; None where all have to."""
    some = [_looked(source, file).header for file in files[:: max(1, len(files) // AT_ONCE)]]
    few = Survey(sha256="", sums={}, headers=tuple(some), faults={})
    if not any(some):
        return None, None
    return None if few.is_small else DEFAULT_SIZE, None if few.channels == 1 else few.channels


def _looked(source: PictureSource, file: PictureFile) -> Seen:
    try:
        return seen(source.read(file.name), file.name)
    except PicturesError as error:
        return unread(error)


def summed(source: PictureSource, files: Sequence[PictureFile], known: Sequence[Seen]) -> Survey:
    """What is known of a source, of what is known of each of its files.

    Raises:
        PicturesError: the source itself cannot be read.
    """
    sums = {file.name: one.sum for file, one in zip(files, known, strict=True)}
    return Survey(
        sha256=source.sha256(sums),
        sums=sums,
        headers=tuple(one.header for one in known),
        faults={
            place: one.fault.error(source.file, files[place].name)
            for place, one in enumerate(known)
            if one.fault
        },
    )


def in_order(
    work: Callable[[Sequence[T]], list[R]], items: Sequence[T], workers: int | None = None
) -> Iterator[R]:
    """The results of work that is done on all cores, in the order of the items. Few of them wait."""
    count = workers or os.cpu_count() or 1
    waiting: deque[Future[list[R]]] = deque()
    pool = ThreadPoolExecutor(count, thread_name_prefix="pictures")
    try:
        for start in range(0, len(items), AT_ONCE):
            waiting.append(pool.submit(work, items[start : start + AT_ONCE]))
            if len(waiting) > 2 * count:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
