"""Decode all pictures once, on all cores: many by processes, few or those of an archive by threads."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Semaphore
from typing import Any

import numpy as np

from quickml.datasets.mapped import give_back
from quickml.errors import PicturesError
from quickml.pictures.decoders import started
from quickml.pictures.divide import Places
from quickml.pictures.layout import PictureFile
from quickml.pictures.sources import PictureSource
from quickml.pictures.survey import Progress, in_order, tell_fault
from quickml.pixels import Resize
from quickml.pixels.decoder import Order, Task
from quickml.pixels.reading import LARGE_BYTES, PixelTarget, Seen, seen, unread

LARGE_AT_ONCE = 2
"""Pictures that take much memory and are decoded at once."""
MANY = 2000
"""Pictures of a folder from which on starting processes takes less time than it saves."""
GIVEN_BACK = 1024
"""Pictures after which the memory of their pixels is given back to the system."""
Work = Callable[[Sequence[Task]], list[Seen]]


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """Pictures that are read and decoded."""

    source: PictureSource
    """Where they are."""
    pixels: np.memmap[Any, Any]
    """A mapped file that takes the pixels, uint8 (files, height, width, channels)."""
    resize: Resize
    """What is done with other proportions."""
    few: Semaphore = field(default_factory=lambda: Semaphore(LARGE_AT_ONCE))

    def run(self, files: Sequence[PictureFile], places: Places, progress: Progress) -> list[Seen]:
        """Decode files.

        Args:
            files: the pictures.
            places: where those of each file are put.
            progress: is told what is done.

        Raises:
            DatasetError: a process that decodes has ended.
        """
        tasks = [(file.name, place) for file, place in zip(files, places.tolist(), strict=True)]
        known: list[Seen] = []
        with (
            warnings.catch_warnings(action="ignore"),  # threads change this setting, too
            self._workers(len(files)) as (work, count),
        ):
            for found in in_order(partial(self._all, work=work), tasks, count):
                tell_fault(progress, self.source, files[len(known)], found)
                known.append(found)
                progress("decoded", len(known), len(tasks))
                if len(known) % GIVEN_BACK == 0:
                    give_back(self.pixels)
        return known

    @contextmanager
    def _workers(self, pictures: int) -> Iterator[tuple[Work, int | None]]:
        """What decodes, and by how many at once: one thread per core, unless processes do it."""
        if self.source.folder is None or pictures < MANY:
            yield self._here, None
            return
        order = Order(
            folder=str(self.source.folder.absolute()),
            pixels=Path(str(self.pixels.filename)).absolute(),
            offset=self.pixels.offset,
            shape=self.pixels.shape[1:],
            resize=self.resize,
        )
        with started(order) as decoders:
            yield (decoders.decode, decoders.count) if decoders else (self._here, None)

    def _here(self, tasks: Sequence[Task]) -> list[Seen]:
        return [self._one(task, LARGE_BYTES) for task in tasks]

    def _all(self, tasks: Sequence[Task], work: Work) -> list[Seen]:
        found = work(tasks)
        for number, (task, known) in enumerate(zip(tasks, found, strict=True)):
            if known.digest is None and not known.fault:  # it takes much memory
                with self.few:
                    found[number] = self._one(task, None)
        return found

    def _one(self, task: Task, most_bytes: int | None) -> Seen:
        name, place = task
        target = PixelTarget(self.pixels.shape[1:], self.resize, partial(self.pixels.__setitem__, place))
        try:
            return seen(self.source.read(name), name, target, most_bytes)
        except PicturesError as error:
            return unread(error)
