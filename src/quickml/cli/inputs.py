"""What `quickml predict` is given: pictures, numbers, files of numbers."""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.errors import InputError
from quickml.export.pictures import fitted

MAX_BYTES = 64 * 2**20
"""A file of numbers larger than this is refused."""

Sample = tuple[str, NDArray[Any]]
"""What to call an input, and its array: uint8 (height, width, channels), or float32 of the model's shape."""


def pictures(paths: Sequence[str], shape: tuple[int, ...]) -> Iterator[Sample]:
    """Pictures in the size and colours that the model takes, upright.

    Raises:
        InputError: no picture, or no file.
    """
    for name in paths:
        yield name, _picture(Path(name), shape)


def _picture(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image.load()
            upright = ImageOps.exif_transpose(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InputError(
            f"{path}: expected a picture of ordinary size, found one of too many pixels"
        ) from None
    except UnidentifiedImageError:
        raise InputError(f"{path}: expected a picture (PNG, JPEG, ...), found something else") from None
    except OSError as error:
        raise InputError(f"{path}: the picture cannot be read ({error.strerror or error})") from None
    except (SyntaxError, ValueError) as error:  # Pillow's way to say that a PNG is broken
        raise InputError(f"{path}: the picture is damaged ({error})") from None
    if upright.mode == "F":
        raise InputError(f"{path}: expected pixels of 8 or 16 bits, found floating point")
    return fitted(upright, shape)


def numbers(texts: Sequence[str], shape: tuple[int, ...]) -> Iterator[Sample]:
    """Numbers on the command line or in .csv and .json files, one sample each.

    `5.1,3.5,1.4,0.2` is a sample; so are as many single numbers in a row as a sample has, and so is a file of
    one row for each step of a sequence.

    Raises:
        InputError: no numbers, or too many or too few for the model.
    """
    size = int(np.prod(shape))
    if size > 1 and len(texts) == size and all(_is_number(text) for text in texts):
        texts = [",".join(texts)]
    for text in texts:
        rows = list(_rows(text))
        # A sequence is (1, steps, features): rows of a file that only together are one are its steps.
        if len(shape) > 2 and len(rows) > 1 and sum(len(row) for _, row in rows) == size:
            rows = [(text, [number for _, row in rows for number in row])]
        for name, row in rows:
            if len(row) != size:
                what = f"{size} numbers" if size == max(shape) else f"{size} numbers for the shape {shape}"
                raise InputError(f"{name}: expected {what}, found {len(row)}")
            yield name, np.asarray(row, np.float32).reshape(shape)


def _rows(text: str) -> Iterator[tuple[str, list[float]]]:
    parts = [part.strip() for part in text.split(",")] if "," in text else text.split()
    if parts and all(_is_number(part) for part in parts):
        yield text, [float(part) for part in parts]
        return
    path = Path(text)
    if path.suffix.lower() == ".csv":
        yield from _csv(path)
    elif path.suffix.lower() == ".json":
        yield from _json(path)
    else:
        raise InputError(f"{text}: expected numbers such as 5.1,3.5, or a .csv or .json file of them")


def _csv(path: Path) -> Iterator[tuple[str, list[float]]]:
    try:
        rows = [(number, row) for number, row in enumerate(csv.reader(_text(path).splitlines()), 1) if row]
    except csv.Error as error:
        raise InputError(f"{path}: expected comma-separated numbers ({error})") from None
    if rows and not any(_is_number(cell) for cell in rows[0][1]):
        rows = rows[1:]  # names of columns
    if not rows:
        raise InputError(f"{path}: expected rows of comma-separated numbers, found none")
    for number, row in rows:
        yield f"{path} row {number}", [_number(cell, f"{path} row {number}") for cell in row]


def _json(path: Path) -> Iterator[tuple[str, list[float]]]:
    try:
        value = json.loads(_text(path))
    except (ValueError, RecursionError):
        raise InputError(f"{path}: expected JSON, found something else") from None
    samples = value if isinstance(value, list) and value and isinstance(value[0], list) else [value]
    for index, sample in enumerate(samples, 1):
        name = str(path) if len(samples) == 1 else f"{path} row {index}"
        yield name, [_number(cell, name) for cell in _flat(sample)]


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise InputError(f"{path}: expected at most {MAX_BYTES // 2**20} MiB")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: expected text in UTF-8") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def _is_number(text: str) -> bool:
    try:
        return bool(abs(float(text)) <= float(np.finfo(np.float32).max))  # false for NaN
    except ValueError:
        return False


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not _is_number(str(value)):
        raise InputError(f"{name}: expected a number, found {str(value)[:40]!r}")
    return float(value)
