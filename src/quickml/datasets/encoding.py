"""Encode the raw rows of a table as the numbers that a network takes; `columns` describes the layout.

A delivered file does the same to what an app passes in: this function is what it is verified against.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.datasets.columns import Column, Value, width
from quickml.errors import InputError, unexpected

Row = Mapping[str, Value]
"""The raw values of a row by the names of their columns."""


def encode(columns: Sequence[Column], rows: Sequence[Row], *, name: str = "rows") -> NDArray[np.float32]:
    """Encode rows; values that are left out are missing.

    Args:
        columns: the columns of the table.
        rows: their values. NaN, None and an empty text are missing.
        name: identifies the rows in error messages.

    Returns:
        float32 (rows, width).

    Raises:
        InputError: a value has the wrong type, or a number is missing that has no replacement.
    """
    encoded = np.zeros((len(rows), width(columns)), np.float32)
    start = 0
    for column in columns:
        fill = _places(column) if column.is_category else _number(column)
        for index, row in enumerate(rows):
            place = f"{name}/{index}/{column.name}"
            fill(encoded[index, start : start + column.width], row.get(column.name), place)
        start += column.width
    return encoded


def decode(
    columns: Sequence[Column], encoded: NDArray[np.generic], *, seed: int = 0
) -> list[dict[str, Value]]:
    """Raw rows that `encode` encodes as these.

    A category of which all places are 0 becomes a missing value, and in half of the rows one that is not
    among the values. In half of the rows, a number that equals the replacement becomes a missing value.

    Args:
        columns: the columns of the table.
        encoded: (rows, width), as `encode` returns.
        seed: the same seed gives the same rows.
    """
    random = np.random.default_rng(seed)
    rows: list[dict[str, Value]] = [{} for _ in range(len(encoded))]
    start = 0
    for column in columns:
        places = encoded[:, start : start + column.width]
        is_varied = random.random(len(encoded)) < 0.5
        values = (
            _categories(column, places, is_varied)
            if column.is_category
            else _numbers(column, places, is_varied)
        )
        for row, value in zip(rows, values, strict=True):
            row[column.name] = value
        start += column.width
    return rows


def by_column(columns: Sequence[Column], windows: NDArray[Any]) -> list[dict[str, NDArray[Any]]]:
    """The arrays, (steps,), that an app passes for windows of recordings, (n, steps, columns), by column."""
    names = [column.name for column in columns]
    return [dict(zip(names, window.T, strict=True)) for window in windows]


def _numbers(column: Column, places: NDArray[np.generic], is_varied: NDArray[np.bool_]) -> list[Value]:
    numbers: list[Value] = places[:, 0].astype(np.float64).tolist()
    if column.replacement is None:
        return numbers
    is_replaced = (places[:, 0] == np.float32(column.replacement)) & is_varied
    return [math.nan if missing else number for missing, number in zip(is_replaced, numbers, strict=True)]


def _categories(column: Column, places: NDArray[np.generic], is_varied: NDArray[np.bool_]) -> list[Value]:
    unseen = _unseen(column)
    is_known, positions = (places != 0).any(axis=1).tolist(), places.argmax(axis=1).tolist()
    return [
        column.values[position] if known else unseen if varied else None
        for known, position, varied in zip(is_known, positions, is_varied, strict=True)
    ]


def _unseen(column: Column) -> int | str:
    known = set(map(str, column.values))
    number = next(number for number in range(len(known) + 1) if str(number) not in known)
    return number if column.is_integer else str(number)


def is_missing(value: Value) -> bool:
    """Whether a value is None, NaN or an empty text."""
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


_Fill = Callable[[NDArray[np.float32], Value, str], None]
"""Writes a value to its places in an encoded row. The text is its place in error messages."""


def _number(column: Column) -> _Fill:
    def fill(places: NDArray[np.float32], value: Value, name: str) -> None:
        given = column.replacement if is_missing(value) else value
        if given is None:
            raise InputError(f"{name}: expected a number, found none; the column has no missing values")
        if isinstance(given, bool | str):
            raise InputError(unexpected(name, "a number", _shown(given)))
        places[0] = given

    return fill


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=repr)


def _places(column: Column) -> _Fill:
    expected, type_ = ("a whole number", int) if column.is_integer else ("a text", str)
    positions = {value: position for position, value in enumerate(column.values)}

    def fill(places: NDArray[np.float32], value: Value, name: str) -> None:
        if is_missing(value):
            return
        if not isinstance(value, type_) or isinstance(value, bool):
            raise InputError(unexpected(name, expected, _shown(value)))
        if (position := positions.get(value)) is not None:
            places[position] = 1

    return fill
