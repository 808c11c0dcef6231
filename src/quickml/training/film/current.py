"""The present weights of a model, each read once per look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from quickml.model import Array
from quickml.training.backend import tf


class CurrentWeights:
    """Arrays of variables, without copies: valid until the next training step."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self.variables: list[Any] = []
        """Variables of TensorFlow that are read."""
        self._arrays: list[Array] = []

    def getter(self, variable: Any) -> Callable[[], Array]:
        """A function that returns a Keras variable as it was at the last `refresh`."""
        number = self._numbers.setdefault(id(variable), len(self.variables))
        if number == len(self.variables):
            self.variables.append(variable._value)  # `variable.value` takes four times as long to read
        return lambda: self._arrays[number]

    def refresh(self, tensors: Sequence[Any] = ()) -> None:
        """Take the present values of all `variables` from `tensors`; read them if there are none."""
        tensors = tensors or [
            tf.raw_ops.ReadVariableOp(resource=variable.handle, dtype=variable.dtype)
            for variable in self.variables
        ]
        self._arrays = [np.asarray(tensor) for tensor in tensors]
