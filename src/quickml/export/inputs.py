"""Parse the inputs of a prediction: numbers, tables of numbers and pictures. The content is not trusted.

`name` identifies the input in error messages: a file, a row of a file, or a JSON pointer.
"""

from __future__ import annotations

import base64
import binascii
import csv
import json
import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.document.syntax import mistake
from quickml.errors import InputError, unexpected
from quickml.pixels import MAX_PIXELS, picture

LARGEST = float(np.finfo(np.float32).max)

Row = tuple[str, list[float]]
"""A row of a table: its name in error messages, and its numbers."""


def sample(
    value: Any,
    shape: tuple[int, ...],
    *,
    is_image: bool,
    name: str,
    formats: tuple[str, ...],
    max_pixels: int = MAX_PIXELS,
) -> NDArray[Any]:
    """Convert a JSON value to one input of a model.

    Args:
        value: a list of numbers, flat or nested like the shape. For an image: pixels from 0 to 255, or a
            picture file in base64, with or without the prefix `data:image/png;base64,`.
        shape: of one sample; (height, width, channels) for an image.
        is_image: whether the model takes an image.
        name: see the module.
        formats: accepted picture formats, by Pillow's names.
        max_pixels: maximum number of pixels.

    Returns:
        An array of `shape`: uint8 for a picture, otherwise float32.

    Raises:
        InputError: the value has another type or shape.
    """
    if not is_image or not isinstance(value, str):
        return numbers(value, shape, name)
    try:
        content = base64.b64decode(value.rpartition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        raise InputError(f"{name}: expected a picture in base64, found other text") from None
    return picture(content, shape, name, formats=formats, max_pixels=max_pixels)


def numbers(value: Any, shape: tuple[int, ...], name: str) -> NDArray[np.float32]:
    """Convert a list to float32 of `shape`.

    Raises:
        InputError: the value is not a list of the expected number of finite numbers.
    """
    expected = f"{name}: expected {math.prod(shape)} finite numbers, as a list or nested as {shape}"
    if not isinstance(value, list):
        raise InputError(f"{expected}, found {value!r:.40}")
    found = np.empty(0, object)
    with suppress(ValueError):  # different depths
        found = np.asarray(value, object)  # as objects: of one long text, numpy would make all items as long
    kinds = set(map(type, found.reshape(-1)))
    if list in kinds or (value and not found.size):
        raise InputError(f"{expected}, found lists of different lengths")
    if not kinds <= {int, float}:
        raise InputError(f"{expected}, found a list with items that are not numbers")
    if found.size != math.prod(shape):
        raise InputError(f"{expected}, found {found.size}")
    try:
        array = found.astype(np.float64)
    except OverflowError:
        array = np.full(1, math.inf)
    if not (np.abs(array) <= LARGEST).all():
        raise InputError(f"{expected}, found a number outside the range of float32")
    return array.astype(np.float32).reshape(shape)


def raw(content: bytes, shape: tuple[int, ...], name: str) -> NDArray[Any]:
    """The bytes of one sample in row-major order as an array of `shape`.

    As many bytes as the shape has numbers are uint8; four times as many are float32, little-endian.

    Raises:
        InputError: there are more or fewer bytes, or numbers that are not finite.
    """
    size = math.prod(shape)
    if len(content) not in (size, 4 * size):
        expected = f"expected {size} bytes (uint8) or {4 * size} bytes (float32) for the shape {shape}"
        raise InputError(f"{name}: {expected}, found {len(content)}")
    if len(content) == size:
        return np.frombuffer(content, np.uint8).reshape(shape)
    array = np.frombuffer(content, "<f4").astype(np.float32).reshape(shape)
    if not np.isfinite(array).all():
        raise InputError(f"{name}: expected {size} finite numbers, found {array[~np.isfinite(array)][0]}")
    return array


def csv_rows(text: str, name: str) -> Iterator[Row]:
    """Parse comma-separated values; a header row is skipped.

    Raises:
        InputError: there are no rows, or a cell is not a number.
    """
    try:
        rows = [(number, row) for number, row in enumerate(csv.reader(text.splitlines()), 1) if row]
    except csv.Error as error:
        raise InputError(f"{name}: expected comma-separated numbers ({error})") from None
    if rows and not any(is_number(cell) for cell in rows[0][1]):
        rows = rows[1:]  # the header
    if not rows:
        raise InputError(f"{name}: expected rows of comma-separated numbers, found none")
    for number, row in rows:
        yield f"{name} row {number}", [_number(cell, f"{name} row {number}") for cell in row]


def json_rows(text: str, name: str) -> Iterator[Row]:
    """Parse JSON: a list of numbers is one row, a list of lists has one row per item.

    Raises:
        InputError: the text is not JSON, or contains other values than numbers.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        problem = mistake(text, error)
        raise InputError(unexpected(name, problem.expected, problem.found, problem.hint)) from None
    except (ValueError, RecursionError):  # numbers of thousands of digits, or very many brackets
        raise InputError(f"{name}: expected a list of numbers, found other JSON") from None
    items = value if isinstance(value, list) and value and isinstance(value[0], list) else [value]
    for index, item in enumerate(items, 1):
        row = name if len(items) == 1 else f"{name} row {index}"
        yield row, [_number(cell, row) for cell in _flat(item)]


def fitted_rows(rows: Sequence[Row], shape: tuple[int, ...], name: str) -> Iterator[tuple[str, NDArray[Any]]]:
    """Convert rows to samples, float64 of `shape`; rows that are the steps of one sequence become one sample.

    Raises:
        InputError: a row has too many or too few numbers.
    """
    size = math.prod(shape)
    if len(shape) > 2 and len(rows) > 1 and sum(len(row) for _, row in rows) == size:
        rows = [(name, [number for _, row in rows for number in row])]
    for row_name, row in rows:
        if len(row) != size:
            what = f"{size} numbers" if size == max(shape) else f"{size} numbers for the shape {shape}"
            raise InputError(f"{row_name}: expected {what}, found {len(row)}")
        yield row_name, np.asarray(row, np.float64).reshape(shape)


def is_number(text: str) -> bool:
    """Whether the text is a finite number in the range of float32."""
    try:
        return bool(abs(float(text)) <= LARGEST)  # false for NaN
    except ValueError:
        return False


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not is_number(str(value)):
        raise InputError(f"{name}: expected a number, found {str(value)[:40]!r}")
    return float(value)


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _flat(item)
    else:
        yield value
