"""Typed access to the arguments of an operation of an ML program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.coreml.reading.milvalues import Constant
from quickml.export.onnx.graph import OnnxGraph, Tensor

Value = Tensor | Constant
"""A value of a program: a tensor of the graph, or a constant."""


class MilArguments:
    """The arguments by name. A missing argument, or one of the wrong type, raises a CoreMLFileError.

    `opset` is the version of the operations: 5 for iOS 15, 6 for iOS 16, and so on.
    """

    def __init__(self, g: OnnxGraph, opset: int, arguments: Mapping[str, Sequence[Value]]) -> None:
        self._g, self.opset, self._values = g, opset, arguments

    def has(self, name: str) -> bool:
        """Whether the operation has an argument."""
        return bool(self._values.get(name))

    def value(self, name: str) -> Value:
        """The argument, without conversion."""
        values = self._values.get(name)
        if not values:
            raise CoreMLFileError(f"the argument {name!r} is missing")
        return values[0]

    def tensor(self, name: str = "x") -> Tensor:
        """The argument as a tensor of the graph; a constant is added to the graph."""
        return self._as_tensor(name, self.value(name))

    def tensors(self, name: str) -> list[Tensor]:
        """All values of a variadic argument, such as `values` of concat."""
        return [self._as_tensor(name, value) for value in self._values.get(name, ())]

    def every(self, name: str) -> list[int]:
        """All values of a variadic argument of integer or boolean constants."""
        return [int(self._as_array(name, value).reshape(())) for value in self._values.get(name, ())]

    def array(self, name: str) -> NDArray[Any]:
        """The argument as a constant array, also if it was computed; float16 is converted to float32."""
        return self._as_array(name, self.value(name))

    def _as_array(self, name: str, value: Value) -> NDArray[Any]:
        if isinstance(value, Tensor):
            value = self._g.known(value)  # type: ignore[assignment]
        if not isinstance(value, np.ndarray):
            raise UnsupportedModelError(f"the argument {name!r} has to be a constant of numbers")
        return value.astype(np.float32) if value.dtype == np.float16 else value

    def dtype(self, name: str) -> np.dtype[Any]:
        """The element type of a constant; float16 stays float16."""
        value = self.value(name)
        return value.dtype if isinstance(value, np.ndarray) else self.array(name).dtype

    def floats(self, name: str) -> NDArray[np.float32]:
        """The argument as a constant array of float32."""
        return self.array(name).astype(np.float32)

    def optional(self, name: str) -> NDArray[np.float32] | None:
        """`floats`, or None if the argument is missing."""
        return self.floats(name) if self.has(name) else None

    def ints(self, name: str, default: Sequence[int] | None = None) -> list[int]:
        """The argument as a list of constant integers."""
        if default is not None and not self.has(name):
            return list(default)
        return [int(number) for number in self.array(name).reshape(-1)]

    def bools(self, name: str, size: int) -> list[bool]:
        """The argument as a list of `size` constant booleans, padded with False."""
        flags = [bool(flag) for flag in self.array(name).reshape(-1)] if self.has(name) else []
        return flags + [False] * (size - len(flags))

    def integer(self, name: str, default: int | None = None) -> int:
        """The argument as a constant integer."""
        return int(self._one(name, default, int))

    def number(self, name: str, default: float | None = None) -> float:
        """The argument as a constant float."""
        return float(self._one(name, default, float))

    def flag(self, name: str, default: bool = False) -> bool:
        """The argument as a constant boolean."""
        return bool(self._one(name, default, bool))

    def text(self, name: str, default: str = "") -> str:
        """The argument as a constant string."""
        value = self.value(name) if self.has(name) else default
        if not isinstance(value, str):
            raise CoreMLFileError(f"the argument {name!r} has to be a string")
        return value

    def _one(self, name: str, default: Any, kind: Callable[[Any], Any]) -> Any:
        if not self.has(name):
            if default is None:
                raise CoreMLFileError(f"the argument {name!r} is missing")
            return default
        numbers = self.array(name)
        if numbers.size != 1:
            raise CoreMLFileError(f"the argument {name!r}: expected 1 number, found {numbers.size}")
        return kind(numbers.reshape(-1)[0])

    def _as_tensor(self, name: str, value: Value) -> Tensor:
        if isinstance(value, Tensor):
            return value
        if not isinstance(value, np.ndarray):
            raise UnsupportedModelError(f"the argument {name!r} has to be numbers")
        return self._g.constant(value)


Translator = Callable[[OnnxGraph, MilArguments], Value | tuple[Value, ...]]
