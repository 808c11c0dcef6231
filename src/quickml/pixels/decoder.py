"""A process that decodes pictures: `python -m quickml.pixels.decoder`.

Its input is pickled: an `Order`, then lists of names. Its output, too: `READY`, then a list of what was seen
of each file. It ends when its input does: that is so when the process that started it is killed, too.
"""

from __future__ import annotations

import os
import pickle
import sys
import warnings
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from quickml.errors import PicturesError
from quickml.pixels.files import Header
from quickml.pixels.fit import Resize
from quickml.pixels.reading import LARGE_BYTES, Pixels, PixelTarget, Seen, seen, unread
from quickml.sources.reading import read_file

READY = "ready"
Task = tuple[str, int]
"""The name of a file, and the place of its pixels."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is the same for all files."""

    folder: str
    """Where they are."""
    pixels: Path
    """The file that takes the pixels of all pictures, uint8."""
    offset: int
    """Where in it those of place 0 are put."""
    shape: tuple[int, ...]
    """Of a picture: height, width, channels."""
    resize: Resize
    """What is done with other proportions."""


def main() -> None:
    """Decode what is asked for. Pictures that take much memory are left to the process that asks."""
    asked, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing else gets between the answers
    warnings.simplefilter("ignore")
    order: Order = pickle.load(asked)  # noqa: S301  # our own process
    answer: object = READY
    headers: dict[Header | None, Header | None] = {}  # one object for all that are equal is pickled once
    with order.pixels.open("r+b", buffering=0) as file:
        while True:
            pickle.dump(answer, answers)
            answers.flush()
            try:
                tasks: list[Task] = pickle.load(asked)  # noqa: S301  # our own process
            except EOFError:
                return
            found = [_done(task, order, file) for task in tasks]
            answer = [one._replace(header=headers.setdefault(one.header, one.header)) for one in found]


def _done(task: Task, order: Order, file: FileIO) -> Seen:
    name, place = task

    def put(pixels: Pixels) -> None:
        file.seek(order.offset + place * pixels.nbytes)
        file.write(pixels.data)

    try:
        content = read_file(f"{order.folder}/{name}", "", name, PicturesError)
    except PicturesError as error:
        return unread(error)
    return seen(content, name, PixelTarget(order.shape, order.resize, put), LARGE_BYTES)


if __name__ == "__main__":
    main()
