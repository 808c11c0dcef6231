"""Recurrent layers with the formulas of Keras, in fewer operations.

Used for training only; saved and evaluated models contain Keras' own layers. They compute in float32: in
layers of these sizes, bfloat16 is slower.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from quickml.training.backend import keras, tf
from quickml.training.recurrences import gru, in_halves, lstm, simple
from quickml.training.transposed import transposed

STEPS_FIRST = (1, 0, 2)
MOST_WEIGHTS = 8192
"""Most weights for each gate of an LSTM. In a larger one, the matrices of Keras' operations are faster."""
MOST_STEPS = 128
"""Most steps of the other layers: the graph contains each."""


class QuickRecurrent:
    """What the layers below have in common. What they do not offer is left to Keras."""

    _run: Callable[..., Any]

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool | None = False
    ) -> Any:
        """The outputs of all steps, or of the last one."""
        layer: Any = self
        is_plain = initial_state is None and mask is None and layer.compute_dtype == "float32"
        if not (is_plain and _has_defaults(layer) and self._is_quick(sequences.shape)):
            return super().call(  # type: ignore[misc]  # Keras'
                sequences, initial_state=initial_state, mask=mask, training=bool(training)
            )
        if training and layer.dropout:
            sequences = sequences * layer.cell.get_dropout_mask(sequences[:, 0])[:, None]
            layer.cell.reset_dropout_mask()
        by_step = transposed(sequences[:, ::-1] if layer.go_backwards else sequences, STEPS_FIRST)
        last = not layer.return_sequences
        run = partial(type(self)._run, last=last)
        outputs = in_halves(run, by_step, *self._weights(), axis=0 if last else 1)
        return outputs if last else transposed(outputs, STEPS_FIRST)

    def _is_quick(self, shape: Any) -> bool:
        return bool(shape[1] <= MOST_STEPS)

    def _weights(self) -> list[Any]:
        """Kernel, recurrent kernel and bias."""
        layer: Any = self
        cell = layer.cell
        bias = cell.bias.value if layer.use_bias else self._no_bias(cell.kernel.shape[1])
        return [tf.convert_to_tensor(each) for each in (cell.kernel.value, cell.recurrent_kernel.value, bias)]

    def _no_bias(self, columns: int) -> Any:
        return tf.zeros([columns])


def _has_defaults(layer: Any) -> bool:
    """Whether the functions are Keras' defaults, and nothing else changes what is returned."""
    gates = getattr(layer, "recurrent_activation", keras.activations.sigmoid)
    return not (
        layer.activation is not keras.activations.tanh
        or gates is not keras.activations.sigmoid
        or layer.recurrent_dropout
        or layer.stateful
        or layer.return_state
    )


class QuickLSTM(QuickRecurrent, keras.layers.LSTM):  # type: ignore[misc]  # Keras has no types
    """Keras' LSTM."""

    _run = lstm

    def _is_quick(self, shape: Any) -> bool:
        return bool((shape[2] + self.units) * self.units <= MOST_WEIGHTS)


class QuickGRU(QuickRecurrent, keras.layers.GRU):  # type: ignore[misc]
    """Keras' GRU."""

    _run = gru

    def _is_quick(self, shape: Any) -> bool:
        return bool(self.reset_after and super()._is_quick(shape))

    def _no_bias(self, columns: int) -> Any:
        return tf.zeros([2, columns])


class QuickSimpleRNN(QuickRecurrent, keras.layers.SimpleRNN):  # type: ignore[misc]
    """Keras' SimpleRNN."""

    _run = simple
