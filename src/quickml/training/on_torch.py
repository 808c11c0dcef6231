"""Load a saved model on Keras' torch back end, in a process of its own.

A process can have only one Keras back end, so a process cannot import both this module and `backend`.
"""

from __future__ import annotations

import os
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

from quickml.errors import TrainingError

os.environ["KERAS_BACKEND"] = "torch"
os.environ["KERAS_TORCH_DEVICE"] = "cpu"  # default: a GPU if there is one

import keras

if keras.backend.backend() != "torch":  # someone imported keras before us
    raise TrainingError(f"this process expects Keras on torch, found Keras on {keras.backend.backend()}")


class _NoTensorFlow(MetaPathFinder):
    """Blocks the import of TensorFlow, which Keras loads if it is installed; that takes seconds.

    The usual way, None in `sys.modules`, does not work, because Keras checks whether the name is in there.
    """

    def find_spec(self, fullname: str, *_: object) -> None:
        """Raise an error for TensorFlow; find no other module."""
        if fullname == "tensorflow":
            raise ModuleNotFoundError("Keras is on torch in this process", name=fullname)


sys.meta_path.insert(0, _NoTensorFlow())  # after importing torch, which searches for TensorFlow


def load(keras_file: Path, *, both: bool = False) -> Any:
    """Read a `.keras` file as a keras.Model, which is a torch.nn.Module here, for inference.

    Args:
        keras_file: a file that `train.train` saved.
        both: for a model with one sigmoid output, (1, 1), return the probabilities of both classes, (1, 2).
    """
    model = keras.saving.load_model(keras_file, compile=False)
    answers = model(model.input, training=False)  # the default would turn on noise layers
    if both:
        answers = keras.ops.concatenate([1 - answers, answers], axis=-1)
    return keras.Model(model.input, answers).eval()


def _average(layer: Any, inputs: Any) -> Any:
    """Average pooling, (batch, *lengths, channels), that excludes the padding from the average.

    On torch, Keras 3.15 pads with edge values if `same` needs different padding on the two sides.
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
    """Padding before and after, as in TensorFlow: if it is odd, the extra one comes after."""
    total = max((-(-length // stride) - 1) * stride + size - length, 0)
    return total // 2, total - total // 2


_normalise_last = keras.layers.LayerNormalization.call


def _normalise(layer: Any, inputs: Any) -> Any:
    """Layer normalization over any axes. On torch, Keras 3.15 supports only the last axis."""
    axes = [axis % inputs.ndim for axis in layer.axis]
    if axes == [inputs.ndim - 1]:
        return _normalise_last(layer, inputs)
    shape = [size if axis in axes else 1 for axis, size in enumerate(inputs.shape)]
    mean, variance = keras.ops.moments(inputs, axes, keepdims=True)
    values = (inputs - mean) * keras.ops.rsqrt(variance + layer.epsilon)
    if layer.gamma is not None:
        values = values * keras.ops.reshape(layer.gamma, shape)
    return values if layer.beta is None else values + keras.ops.reshape(layer.beta, shape)


# Patched in the classes, so that nested layers are patched too.
keras.layers.AveragePooling1D.call = keras.layers.AveragePooling2D.call = _average
keras.layers.LayerNormalization.call = _normalise
