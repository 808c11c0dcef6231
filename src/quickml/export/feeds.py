"""Convert the values of a model's inputs to what the graph takes. The values are not trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.document.spellings import similar
from quickml.errors import InputError
from quickml.export.coreml.reading.columns import is_nan
from quickml.export.onnx import InputSpec

SHOWN = 10
"""Number of categories that an error message names."""
MOST_COMPARED = 1000
"""Number of names that an unknown one is compared with."""


def fit(spec: InputSpec, value: Any) -> NDArray[Any]:
    """Convert the value of an input to the shape and type of the graph's input; None is a missing value.

    Raises:
        InputError: it does not fit.
    """
    if spec.kind == "dictionary":
        return _dictionary(spec, value)
    if spec.is_scalar:
        return _quick(spec, value) if type(value) in _PLAIN else _single(spec, value)
    if value is None:
        if not spec.is_optional:
            raise InputError(f"The input {spec.name!r} is missing.")
        with np.errstate(all="ignore"):  # a file may have a default value beyond the range of the input
            return np.full(spec.graph_shape, spec.default).astype(spec.dtype)
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        raise InputError(
            f"The input {spec.name!r} expects an array, found lists of different lengths."
        ) from None
    return _array(spec, array)


_PLAIN = {float: "double", int: "int64", str: "string"}


def _quick(spec: InputSpec, value: float | str) -> NDArray[Any]:
    """A value of exactly the type of the input, which most are: nothing has to be converted."""
    kind = spec.kind
    if kind != _PLAIN[type(value)] or spec.handling.refuses_unknown:
        return _single(spec, value)
    if kind == "string":
        return np.array([value], object) if value else _single(spec, value)
    if kind == "double":
        return np.array([value]) if math.isfinite(value) else _single(spec, value)  # type: ignore[arg-type]
    return np.array([value], np.int64) if abs(value) < 2**63 else _single(spec, value)  # type: ignore[arg-type]


def _array(spec: InputSpec, array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind not in "fiub":
        raise InputError(f"The input {spec.name!r} expects numbers, found {array.dtype}.")
    if not _same(array.shape, spec.shape):
        what = "an image (height, width, channels)" if spec.kind == "image" else "an array"
        raise InputError(
            f"The input {spec.name!r} expects {what} of shape {spec.shape}, found {array.shape}."
        )
    if spec.is_integer:
        _check_integers(spec.name, array)
    return np.ascontiguousarray(array, dtype=spec.dtype).reshape(spec.graph_shape)


def _check_integers(name: str, array: NDArray[Any]) -> None:
    limits = np.iinfo(np.int32)
    is_whole, is_inside = array == np.rint(array), (array >= limits.min) & (array <= limits.max)
    for expected, fits in (("whole numbers", is_whole), ("numbers in the range of int32", is_inside)):
        if not np.all(fits):
            raise InputError(f"The input {name!r} expects {expected}, found {array[~fits][0]}.")


def _same(found: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    """Whether shapes are equal apart from leading axes of size 1 and the channel axis of a gray image."""
    if _without_lead(found) == _without_lead(expected):
        return True
    return len(expected) == 3 and expected[-1] == 1 and found == expected[:-1]


def _without_lead(shape: tuple[int, ...]) -> tuple[int, ...]:
    first = next((axis for axis, size in enumerate(shape) if size != 1), len(shape))
    return shape[first:]


def _single(spec: InputSpec, value: Any) -> NDArray[Any]:
    if isinstance(value, np.ndarray | np.generic):
        value = value.item() if value.size == 1 else value.tolist()
    if value is None or is_nan(value) or (value == "" and _is_no_text(spec)):
        value = _missing(spec)
    elif spec.kind == "string":
        value = _text(spec, value)
    else:
        value = _number(spec, value)
    handling = spec.handling
    if handling.refuses_unknown and value not in (*handling.categories, handling.missing):
        raise InputError(_unknown(spec, value))
    return np.asarray([value], dtype=spec.dtype)


def _is_no_text(spec: InputSpec) -> bool:
    """Whether an empty text is a missing value: for numbers, and for categories without it."""
    return spec.kind != "string" or (bool(spec.handling.categories) and "" not in spec.handling.categories)


def _dictionary(spec: InputSpec, value: Any) -> NDArray[Any]:
    """The values of the keys that the model knows, in its order; others are left out, as in Core ML."""
    if not isinstance(value, Mapping):
        found = "none" if value is None else f"{value!r:.40}"
        raise InputError(f"The input {spec.name!r} expects a dictionary of numbers, found {found}.")
    vector = np.zeros(spec.shape)
    texts = {str(key): one for key, one in value.items()}
    for place, key in enumerate(spec.handling.categories):
        number = texts.get(str(key), 0)
        if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) < math.inf:
            raise InputError(f"The input {spec.name!r}: {key}: expected a number, found {number!r:.40}.")
        vector[place] = number
    return vector


def _missing(spec: InputSpec) -> Any:
    """What is passed for a missing value: what the model replaces, or no category that it knows."""
    handling = spec.handling
    if handling.missing is not None:
        return handling.missing
    if not handling.categories or handling.refuses_unknown:
        if spec.is_optional and not handling.categories:
            return {"double": 0.0, "int64": 0, "string": ""}[spec.kind]
        what = _categories(spec) if handling.categories else "the model has no value for a missing one"
        raise InputError(f"The input {spec.name!r} is missing; {what}.")
    number = no_category(handling.categories)
    return number if spec.kind == "int64" else "" if "" not in handling.categories else str(number)


def no_category(categories: Sequence[Any]) -> int:
    """The first of 0, -1, -2, ... that is not among the categories, neither as a number nor as a text."""
    known = set(map(str, categories))
    return next(number for number in range(0, -len(known) - 1, -1) if str(number) not in known)


def _text(spec: InputSpec, value: Any) -> str:
    if not isinstance(value, str):
        raise InputError(f"The input {spec.name!r} expects a text, found {value!r:.40}.")
    return value


def _number(spec: InputSpec, value: Any) -> float | int:
    is_whole = spec.kind == "int64"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    limit = 2.0**63 if is_whole or isinstance(value, int) else math.inf
    if not is_number or not -limit < value < limit or (is_whole and value != int(value)):
        what = "a whole number" if is_whole else "a number"
        raise InputError(f"The input {spec.name!r} expects {what}, found {value!r:.40}.")
    return int(value) if is_whole else float(value)


def _unknown(spec: InputSpec, value: Any) -> str:
    close = similar(str(value), [str(one) for one in spec.handling.categories[:MOST_COMPARED]])
    hint = f"; did you mean {close[0]!r}?" if close else "."
    return f"The input {spec.name!r}: {_categories(spec)}, found {value!r:.40}{hint}"


def _categories(spec: InputSpec) -> str:
    known = spec.handling.categories
    shown = ", ".join(repr(one) for one in known[:SHOWN])
    return f"expected one of {shown}{', ...' if len(known) > SHOWN else ''}"
