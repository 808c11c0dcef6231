"""Reads the present weights of a model, each once per look."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from quickml.training.backend import tf


class CurrentWeights:
    """Tensors of variables, without copies: valid until the next training step."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._read: list[Callable[[], Any]] = []
        self._tensors: list[Any] = []

    def getter(self, variable: Any) -> Callable[[], Any]:
        """A function that returns a Keras variable as it was at the last `refresh`."""
        number = self._numbers.setdefault(id(variable), len(self._read))
        if number == len(self._read):
            inner = variable._value  # the variable of TensorFlow: `variable.value` takes four times as long
            self._read.append(partial(tf.raw_ops.ReadVariableOp, resource=inner.handle, dtype=inner.dtype))
        return lambda: self._tensors[number]

    def refresh(self) -> None:
        """Read all variables."""
        self._tensors = [read() for read in self._read]
