"""Decode all pictures once, on all cores: many by processes, few or those of an archive by threads."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Semaphore
from typing import Any

import numpy as np

from quickml.datasets.mapped import give_back
from quickml.errors import PicturesError
from quickml.files.durable import sync
from quickml.pictures.decoders import started
from quickml.pictures.divide import Places
from quickml.pictures.layout import PictureFile
from quickml.pictures.sources import PictureSource
from quickml.pictures.survey import Progress, in_order
from quickml.pixels import Resize
from quickml.pixels.decoder import Order, Task
from quickml.pixels.reading import LARGE_BYTES, Seen, Target, seen, unread

LARGE_AT_ONCE = 2
"""Pictures that take much memory and are decoded at once."""
MANY = 1000
"""Pictures of a folder from which on starting processes takes less time than it saves."""
GIVEN_BACK = 1024
"""Pictures after which the memory of their pixels is given back to the system."""
Work = Callable[[Sequence[Task]], list[Seen]]


def decode(
    source: PictureSource,
    files: Sequence[PictureFile],
    *,
    pixels: np.memmap[Any, Any],
    places: Places,
    resize: Resize,
    progress: Progress,
) -> list[Seen]:
    """Read and decode pictures.

    Args:
        source: where they are.
        files: the pictures.
        pixels: a mapped file that takes the pixels, uint8 (files, height, width, channels).
        places: where in it those of each file are put.
        resize: what is done with other proportions.
        progress: is told what is done.

    Raises:
        DatasetError: a process that decodes ended.
    """
    few = Semaphore(LARGE_AT_ONCE)

    def one(task: Task, most_bytes: int | None) -> Seen:
        name, place = task
        target = Target(pixels.shape[1:], resize, partial(pixels.__setitem__, place))
        try:
            return seen(source.read(name), name, target, most_bytes)
        except PicturesError as error:
            return unread(error)

    def here(tasks: Sequence[Task]) -> list[Seen]:
        return [one(task, LARGE_BYTES) for task in tasks]

    def whole(tasks: Sequence[Task], work: Work) -> list[Seen]:
        found = work(tasks)
        for number, (task, known) in enumerate(zip(tasks, found, strict=True)):
            if known.digest is None and not known.fault:  # it takes much memory
                with few:
                    found[number] = one(task, None)
        return found

    tasks = [(file.name, place) for file, place in zip(files, places.tolist(), strict=True)]
    known: list[Seen] = []
    with (
        warnings.catch_warnings(action="ignore"),  # threads change this setting, too: put it back at the end
        _workers(source, len(files), pixels, resize) as (work, count),
        ThreadPoolExecutor(1, thread_name_prefix="disk") as disk,
    ):
        for found in in_order(partial(whole, work=work or here), tasks, count):
            known.append(found)
            progress("decoded", len(known), len(tasks))
            if len(known) % GIVEN_BACK == 0:
                give_back(pixels)
                disk.submit(sync, Path(str(pixels.filename)))  # in the end, little is left to be written
    return known


@contextmanager
def _workers(
    source: PictureSource, pictures: int, pixels: np.memmap[Any, Any], resize: Resize
) -> Iterator[tuple[Work | None, int | None]]:
    """What decodes in other processes, and how many there are; None where it is done here."""
    if source.folder is None or pictures < MANY:
        yield None, None
        return
    order = Order(
        folder=str(source.folder.absolute()),
        pixels=Path(str(pixels.filename)).absolute(),
        offset=pixels.offset,
        shape=pixels.shape[1:],
        resize=resize,
    )
    with started(order) as decoders:
        yield (decoders.decode, decoders.count) if decoders else (None, None)
