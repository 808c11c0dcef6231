"""The arguments of one operation of an ML program, by name and by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.errors import CoreMLFileError, UnsupportedModelError
from quickml.export.coreml.reading.milvalues import Constant
from quickml.export.onnx.graph import OnnxGraph, Tensor

Value = Tensor | Constant
"""What a name in a program stands for: a value of the graph, or something known beforehand."""


class MilArguments:
    """Looks arguments up; a missing or unfit one is a CoreMLFileError that names it."""

    def __init__(self, g: OnnxGraph, kind: str, given: Mapping[str, Sequence[Value]]) -> None:
        self._g, self.kind, self._given = g, kind, given

    def has(self, name: str) -> bool:
        """Whether an argument is there."""
        return bool(self._given.get(name))

    def value(self, name: str) -> Value:
        """The argument as it is."""
        found = self._given.get(name)
        if not found:
            raise CoreMLFileError(f"it has no argument {name!r}")
        return found[0]

    def tensor(self, name: str = "x") -> Tensor:
        """A value of the graph; constants become one."""
        return self._as_tensor(name, self.value(name))

    def tensors(self, name: str) -> list[Tensor]:
        """Every value of an argument that takes several, such as `values` of concat."""
        return [self._as_tensor(name, value) for value in self._given.get(name, ())]

    def every(self, name: str) -> list[int]:
        """Every integer (or truth value) of an argument that takes several constants."""
        return [int(np.asarray(value).reshape(())) for value in self._given.get(name, ())]

    def array(self, name: str) -> NDArray[Any]:
        """Numbers known beforehand, float16 widened to float32."""
        value = self.value(name)
        if not isinstance(value, np.ndarray):
            raise UnsupportedModelError(f"its argument {name!r} has to be a constant of numbers")
        return value.astype(np.float32) if value.dtype == np.float16 else value

    def floats(self, name: str) -> NDArray[np.float32]:
        """Numbers known beforehand, as float32."""
        return self.array(name).astype(np.float32)

    def optional(self, name: str) -> NDArray[np.float32] | None:
        """`floats`, or nothing where the argument is left out."""
        return self.floats(name) if self.has(name) else None

    def ints(self, name: str, default: Sequence[int] | None = None) -> list[int]:
        """A list of integers known beforehand."""
        if default is not None and not self.has(name):
            return list(default)
        return [int(number) for number in self.array(name).reshape(-1)]

    def bools(self, name: str, size: int) -> list[bool]:
        """A list of truth values, False for those left out."""
        found = [bool(flag) for flag in self.array(name).reshape(-1)] if self.has(name) else []
        return found + [False] * (size - len(found))

    def integer(self, name: str, default: int | None = None) -> int:
        """One integer."""
        return int(self._one(name, default, int))

    def number(self, name: str, default: float | None = None) -> float:
        """One number."""
        return float(self._one(name, default, float))

    def flag(self, name: str, default: bool = False) -> bool:
        """One truth value."""
        return bool(self._one(name, default, bool))

    def text(self, name: str, default: str = "") -> str:
        """One string."""
        value = self.value(name) if self.has(name) else default
        if not isinstance(value, str):
            raise CoreMLFileError(f"its argument {name!r} has to be a string")
        return value

    def _one(self, name: str, default: Any, kind: Callable[[Any], Any]) -> Any:
        if not self.has(name):
            if default is None:
                raise CoreMLFileError(f"it has no argument {name!r}")
            return default
        numbers = self.array(name)
        if numbers.size != 1:
            raise CoreMLFileError(f"its argument {name!r} has {numbers.size} numbers: expected 1")
        return kind(numbers.reshape(-1)[0])

    def _as_tensor(self, name: str, value: Value) -> Tensor:
        if isinstance(value, Tensor):
            return value
        if not isinstance(value, np.ndarray):
            raise UnsupportedModelError(f"its argument {name!r} has to be numbers")
        return self._g.constant(value)


Translator = Callable[[OnnxGraph, MilArguments], Value | tuple[Value, ...]]
