"""Encode the raw rows of a table as the numbers that a network takes; `columns` describes the layout.

A delivered file does the same to what an app passes in: this function is what it is verified against.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence

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
