"""Every emitter against Keras: written to both formats, read back, run, and compared number by number."""

import numpy as np
import pytest

from layer_examples import EXAMPLES, layers_of
from quickml.coreml.conversion import convert, target_of
from quickml.coreml.emit import EMITTERS, emit
from quickml.coreml.runtime import Runtime
from quickml.spec.layers import LAYERS
from quickml.spec.layers.layer import Activation_
from quickml.spec.shapes import walk
from untrained import randomise

FORMATS = ("mlmodel", "mlpackage")
PICTURE, FLAT, ROWS = (5, 4, 3), (6,), (4, 3)
ACTIVATIONS = Activation_.__args__


def answers_of(parts, shape, kind, folder, inputs):
    """What Keras and the file answer to the same inputs."""
    from quickml.training.build import connect
    from quickml.training.stages import weights

    graph, problems = walk([LAYERS[part["type"]].model_validate(part) for part in parts], shape)
    assert problems == []
    model = connect(graph, "input", "float32")
    randomise(model, 3)
    path = write(graph, weights(model), kind, folder)
    expected = np.asarray(model(inputs, training=False), np.float32)
    found = Runtime.load(path).outputs(channels_first(inputs))
    if expected.ndim == 4:
        expected = channels_first(expected)
    return expected.reshape(len(inputs), -1), found


def channels_first(values):
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2)) if values.ndim == 4 else values


def write(graph, weights, kind, folder):
    target = target_of(kind)
    path = folder / f"model.{kind}"
    convert(emit(graph, weights, input_name="x", opset=target), kind, target).save(str(path))
    return path


def inputs_of(shape, count=3):
    values = np.random.default_rng(5).normal(0.2, 2.0, (count, *shape)).astype(np.float32)
    values.flat[:4] = [0.0, 0.5, -0.5, 6.0]  # where functions bend
    return values


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    ("layer", "shape", "arguments"),
    [(layer, *example) for layer, examples in EXAMPLES.items() for example in examples],
    ids=lambda value: value if isinstance(value, str) else str(value).replace(" ", ""),
)
def test_a_layer_computes_what_keras_computes(layer, shape, arguments, kind, tmp_path):
    parts = [{"type": "Rescaling", "scale": 0.7, "offset": 0.1}, *layers_of(layer, arguments)]
    if LAYERS[layer].merges:
        parts[1:2] = [{"type": "ReLU", "name": "copy"}]
        parts[-1]["inputs"] = ["rescaling", "copy"]
    expected, found = answers_of(parts, shape, kind, tmp_path, inputs_of(shape))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("shape", [PICTURE, FLAT, ROWS], ids=str)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_an_activation_computes_what_keras_computes(activation, shape, kind, tmp_path):
    parts = [{"type": "Activation", "activation": activation}]
    expected, found = answers_of(parts, shape, kind, tmp_path, inputs_of(shape))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_order_of_numbers_survives_every_change_of_shape(kind, tmp_path):
    parts = [
        {"type": "Reshape", "target_shape": [12, 5]},
        {"type": "Reshape", "target_shape": [5, 4, 3]},
        {"type": "Concatenate", "axis": 1, "inputs": ["input", "reshape_1"]},
        {"type": "Reshape", "target_shape": [-1]},
        {"type": "Reshape", "target_shape": [3, 10, 4]},
        {"type": "Conv2D", "filters": 2, "kernel_size": [2, 3]},
        {"type": "Flatten"},
    ]
    expected, found = answers_of(parts, PICTURE, kind, tmp_path, inputs_of(PICTURE))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_every_layer_has_an_emitter_and_every_emitter_a_layer():
    assert set(EMITTERS) == set(LAYERS.values())
