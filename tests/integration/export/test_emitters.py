"""Every emitter against Keras: written to both formats, read back, run, and compared number by number.

What a class shows as its example is compared in `test_layer_contract.py`.
"""

import json

import numpy as np
import pytest

from emitted import FORMATS, answers_of, assert_computes_what_keras_computes, built, inputs_of, write
from layer_examples import VARIANTS
from quickml.document.layers import LAYERS
from quickml.document.layers.layer import Activation_
from quickml.export.coreml.emit import EMITTERS
from quickml.export.runtime import Runtime

PICTURE, FLAT, ROWS = (5, 4, 3), (6,), (4, 3)
ACTIVATIONS = Activation_.__args__


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    ("layer", "shape", "arguments"),
    [(layer, *example) for layer, examples in VARIANTS.items() for example in examples],
    ids=lambda value: value if isinstance(value, str) else str(value).replace(" ", ""),
)
def test_a_layer_computes_what_keras_computes(layer, shape, arguments, kind, tmp_path):
    assert_computes_what_keras_computes(layer, shape, arguments, kind, tmp_path)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("shape", [PICTURE, FLAT, ROWS], ids=str)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_an_activation_computes_what_keras_computes(activation, shape, kind, tmp_path):
    parts = [{"type": "Activation", "activation": activation}]
    expected, found = answers_of(parts, shape, kind, tmp_path, inputs_of(shape))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("options", [{}, {"negative_slope": 0.2}, {"max_value": 0.7}], ids=str)
def test_a_relu_gives_0_at_its_threshold_as_keras_does(options, kind, tmp_path):
    parts = [{"type": "ReLU", "threshold": 0.5, **options}]
    inputs = np.array([[0.5, 0.50001, 0.49999, 0.0, 1.0, -1.0]], np.float32)
    expected, found = answers_of(parts, FLAT, kind, tmp_path, inputs)
    assert expected[0, 0] == 0
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("return_sequences", [False, True], ids=["last", "sequence"])
@pytest.mark.parametrize("layer", ["SimpleRNN", "LSTM", "GRU"])
def test_the_output_of_a_recurrent_layer_has_the_layer_s_name(layer, return_sequences, kind, tmp_path):
    """So that it can be shown beside the answer; other layers name their last operation."""
    memory = {"type": layer, "name": "memory", "units": 5, "return_sequences": return_sequences}
    parts, inputs = [memory, {"type": "Activation", "activation": "tanh"}], inputs_of(ROWS)
    graph, made, expected = built(json.dumps(parts), ROWS, inputs.tobytes(), inputs.shape)
    runtime = Runtime.load(write(graph, made, kind, tmp_path), keep=["memory"])
    found = np.stack([runtime.run({"x": sample})["memory"].reshape(expected.shape[1:]) for sample in inputs])
    np.testing.assert_allclose(np.tanh(found), expected, rtol=1e-4, atol=1e-5)


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
