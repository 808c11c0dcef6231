"""The inputs of `quickml predict`: pictures, numbers, and files of numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from quickml.errors import InputError
from quickml.export.inputs import Row, csv_rows, fitted_rows, is_number, json_rows
from quickml.pixels import picture

MAX_BYTES = 64 * 2**20
"""Size of the largest file of numbers."""

Sample = tuple[str, NDArray[Any]]
"""What to call an input, and its array: uint8 (height, width, channels), or float64 of the model's shape."""


def pictures(paths: Sequence[str], shape: tuple[int, ...]) -> Iterator[Sample]:
    """Pictures in the size and colours that the model takes.

    Raises:
        InputError: a file is no picture, or cannot be read.
    """
    for name in paths:
        yield name, picture(_content(Path(name)), shape, name)


def numbers(texts: Sequence[str], shape: tuple[int, ...]) -> Iterator[Sample]:
    """Numbers on the command line or in .csv and .json files, one sample each.

    `5.1,3.5,1.4,0.2` is a sample. So are as many single numbers in a row as a sample has, and a file with one
    row for each step of a sequence.

    Raises:
        InputError: an input has no numbers, or too many or too few for the model.
    """
    size = math.prod(shape)
    if size > 1 and len(texts) == size and all(map(is_number, texts)):
        texts = [",".join(texts)]
    for text in texts:
        yield from fitted_rows(list(_rows(text)), shape, text)


def _rows(text: str) -> Iterator[Row]:
    parts = [part.strip() for part in text.split(",")] if "," in text else text.split()
    readers = {".csv": csv_rows, ".json": json_rows}
    path = Path(text)
    if parts and all(map(is_number, parts)):
        yield text, [float(part) for part in parts]
    elif reader := readers.get(path.suffix.lower()):
        yield from reader(text_of(path), text)
    else:
        raise InputError(f"{text}: expected numbers such as 5.1,3.5, or a .csv or .json file of numbers")


def text_of(path: Path) -> str:
    """The text of a file.

    Raises:
        InputError: it cannot be read, is too large, or is not in UTF-8.
    """
    content = _content(path, MAX_BYTES)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: expected text in UTF-8, found other bytes") from None


def _content(path: Path, max_bytes: int | None = None) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read() if max_bytes is None else stream.read(max_bytes + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if max_bytes is not None and len(content) > max_bytes:
        raise InputError(f"{path}: expected at most {max_bytes // 2**20} MiB, found more")
    return content
