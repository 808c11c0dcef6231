"""Our own inference of shapes and parameters, held against Keras for every layer type.

In float32 every layer that `emitted` builds is compared: in `test_layer_contract.py` and `test_emitters.py`.
"""

import itertools
import math

import numpy as np
import pytest

from emitted import assert_has_the_shapes_of
from layer_examples import EXAMPLES, layers_of
from quickml.document.layers import LAYERS
from quickml.document.layers.layer import ShapeError
from quickml.document.shapes import walk
from quickml.document.training import OPTIMIZERS
from untrained import plan_of


@pytest.mark.parametrize(
    ("kind", "shape", "arguments"),
    [(kind, *example) for kind, examples in EXAMPLES.items() for example in examples],
    ids=lambda value: value if isinstance(value, str) else str(value).replace(" ", ""),
)
def test_shapes_and_parameters_in_bfloat16(kind, shape, arguments):
    from quickml.training.build import connect

    parts = [LAYERS[part["type"]].model_validate(part) for part in layers_of(kind, arguments)]
    graph, problems = walk(parts, shape)
    assert problems == []
    assert_has_the_shapes_of(graph, connect(graph, "input", "mixed_bfloat16"))


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_a_transposed_convolution_gives_what_keras_gives_and_refuses_what_keras_refuses(padding):
    from quickml.training.backend import keras

    for kernel_size, strides, output_padding in itertools.product(
        range(1, 5), range(1, 4), (None, 0, 1, 2, 3)
    ):
        arguments = {"filters": 1, "kernel_size": kernel_size, "strides": strides, "padding": padding,
                     "output_padding": output_padding}  # fmt: skip
        try:
            layer = LAYERS["Conv2DTranspose"].model_validate({"type": "Conv2DTranspose", **arguments})
            ours = layer.output_shape((4, 3, 1))
        except ShapeError:
            ours = None
        try:
            theirs = keras.layers.Conv2DTranspose(**arguments)(np.ones((1, 4, 3, 1), np.float32)).shape[1:]
        except Exception:  # of any kind: TensorFlow's, and Keras' own
            theirs = None
        assert ours == theirs, arguments


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_memory_is_what_keras_holds(name):
    """Weights, gradients, optimizer variables, and every layer's output forward and backward."""
    from quickml.training.build import build
    from quickml.training.optimizer import make_optimizer

    layers = [
        {"type": "Conv2D", "filters": 4, "kernel_size": 3},
        {"type": "BatchNormalization"},
        {"type": "Flatten"},
        {"type": "Dense", "units": 10, "activation": "softmax"},
    ]
    plan = plan_of(*layers, dataset="digits", training={"optimizer": name, "batch_size": 16})
    model = build(plan, "float32")
    optimizer = make_optimizer(plan.document.training, 10)
    optimizer.build(model.trainable_variables)
    trainable = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    slots = sum(math.prod(variable.shape) for variable in optimizer.variables if len(variable.shape))
    assert slots <= OPTIMIZERS[name].slots * trainable
    outputs = sum(math.prod(layer.output.shape[1:]) for layer in model.layers)
    inputs = math.prod(model.input.shape[1:])  # the input layer is among the layers, and has no gradient
    held = 2 * trainable + slots + sum(math.prod(weight.shape) for weight in model.non_trainable_weights)
    expected = 4 * (held + 16 * (2 * (outputs - inputs) + inputs))
    spare = 4 * (OPTIMIZERS[name].slots * trainable - slots)
    assert plan.memory_bytes == expected + spare
