"""A saved model on Keras' torch back end, for a process that does nothing else.

A process holds one back end of Keras only, so this module and `backend` never meet in one.
"""

from __future__ import annotations

import os
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

from quickml.errors import TrainingError

os.environ["KERAS_BACKEND"] = "torch"
os.environ["KERAS_TORCH_DEVICE"] = "cpu"  # else a graphics processor, where there is one

import keras

if keras.backend.backend() != "torch":  # someone imported keras before us
    raise TrainingError(f"this process expects Keras on torch, found Keras on {keras.backend.backend()}")


class _NoTensorFlow(MetaPathFinder):
    """Keras loads TensorFlow in passing where it is to be had, which takes seconds.

    None in `sys.modules`, the usual way to forbid an import, would not do: Keras looks for the name there.
    """

    def find_spec(self, fullname: str, *_: object) -> None:
        """Nothing, but an error for this one."""
        if fullname == "tensorflow":
            raise ModuleNotFoundError("Keras is on torch in this process", name=fullname)


sys.meta_path.insert(0, _NoTensorFlow())  # not before torch, which looks where it would be


def load(keras_file: Path, *, both: bool = False) -> Any:
    """Read a `.keras` file as a keras.Model, which is a torch.nn.Module here, for inference only.

    Args:
        keras_file: as `train.train` leaves it.
        both: give the probabilities of both classes, (1, 2), where it gives that of the second, (1, 1).
    """
    model = keras.saving.load_model(keras_file, compile=False)
    answers = model(model.input, training=False)  # layers that make noise do so by default
    if both:
        answers = keras.ops.concatenate([1 - answers, answers], axis=-1)
    return keras.Model(model.input, answers).eval()


def _average(layer: Any, inputs: Any) -> Any:
    """Average pooling, (batch, *lengths, channels), that leaves what was padded out of the average.

    On torch, Keras 3.15 repeats the edge where `same` pads the two sides by different amounts.
    """
    if layer.padding == "valid":
        return _pool(layer, inputs)
    lengths = inputs.shape[1:-1]
    sides = zip(lengths, layer.pool_size, layer.strides, strict=True)
    around = [(0, 0), *(_same(*side) for side in sides), (0, 0)]
    inside = keras.ops.pad(keras.ops.ones((1, *lengths, 1)), around)
    return _pool(layer, keras.ops.pad(inputs, around)) / _pool(layer, inside)


def _pool(layer: Any, values: Any) -> Any:
    return keras.ops.average_pool(values, layer.pool_size, layer.strides, "valid", "channels_last")


def _same(length: int, size: int, stride: int) -> tuple[int, int]:
    """How much to pad before and after, as TensorFlow does: the odd one goes behind."""
    total = max((-(-length // stride) - 1) * stride + size - length, 0)
    return total // 2, total - total // 2


_normalise_last = keras.layers.LayerNormalization.call


def _normalise(layer: Any, inputs: Any) -> Any:
    """Layer normalisation over any axes: on torch, Keras 3.15 fails but for the last."""
    axes = [axis % inputs.ndim for axis in layer.axis]
    if axes == [inputs.ndim - 1]:
        return _normalise_last(layer, inputs)
    shape = [size if axis in axes else 1 for axis, size in enumerate(inputs.shape)]
    mean, variance = keras.ops.moments(inputs, axes, keepdims=True)
    values = (inputs - mean) * keras.ops.rsqrt(variance + layer.epsilon)
    if layer.gamma is not None:
        values = values * keras.ops.reshape(layer.gamma, shape)
    return values if layer.beta is None else values + keras.ops.reshape(layer.beta, shape)


# In the classes, which reaches layers inside of others too.
keras.layers.AveragePooling1D.call = keras.layers.AveragePooling2D.call = _average
keras.layers.LayerNormalization.call = _normalise
