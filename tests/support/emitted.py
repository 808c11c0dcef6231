"""Layers with random weights, asked twice: as Keras has them, and as a Core ML file that was read back.

Each is built in Keras once, for both formats and for our own inference of its shapes.
"""

import functools
import json

import numpy as np

from layer_examples import layers_of
from quickml.document.layers import LAYERS
from quickml.document.shapes import walk
from quickml.export.coreml.conversion import convert, target_of
from quickml.export.coreml.emit import emit
from quickml.export.runtime import Runtime
from untrained import randomise

FORMATS = {"mlmodel": 4, "mlpackage": 6}
"""The version of the specification that each is written in: that of iOS 13, and of iOS 15."""


def assert_computes_what_keras_computes(layer, shape, arguments, kind, folder):
    """A layer behind a Rescaling, so that what it takes is not the input of the file itself."""
    if layer == "Embedding":  # takes tokens as they are
        expected, found = answers_of(
            layers_of(layer, arguments), shape, kind, folder, tokens_of(shape, arguments["input_dim"])
        )
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
        return
    first, *rest = [
        {"type": "Rescaling", "name": "first", "scale": 0.7, "offset": 0.1},
        *layers_of(layer, arguments),
    ]
    for part in rest:
        part["inputs"] = [name.replace("input", "first") for name in part.get("inputs", [])] or None
    expected, found = answers_of([first, *rest], shape, kind, folder, inputs_of(shape))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def answers_of(parts, shape, kind, folder, inputs):
    """What Keras and the file answer to the same inputs."""
    graph, made, expected = built(json.dumps(parts), tuple(shape), inputs.tobytes(), inputs.shape)
    path = write(graph, made, kind, folder)
    runtime = Runtime.load(path)
    assert runtime.description.specification_version == FORMATS[kind], "no operation of a later system"
    found = runtime.outputs(channels_first(inputs))
    return channels_first(expected).reshape(len(inputs), -1), found


@functools.lru_cache(maxsize=16)  # each is asked for once per format, one after the other
def built(parts, shape, inputs, inputs_shape):
    """A graph, its weights and Keras' answers. Keras builds what our inference of shapes and parameters says."""
    from quickml.training.build import connect
    from quickml.training.weights import weights

    graph, problems = walk([LAYERS[part["type"]].model_validate(part) for part in json.loads(parts)], shape)
    assert problems == []
    model = connect(graph, "input", "float32")
    assert_has_the_shapes_of(graph, model)
    randomise(model, 3)
    values = np.frombuffer(inputs, np.float32).reshape(inputs_shape)
    return graph, weights(model), np.asarray(model(values, training=False), np.float32)


def assert_has_the_shapes_of(graph, model):
    """Shapes, and numbers of parameters, are inferred from a document without Keras: does Keras find the same?"""
    for node in graph.nodes:
        layer = model.get_layer(node.name)
        assert layer.output.shape[1:] == node.output_shape
        assert layer.count_params() == node.parameters.total
    trainable = sum(weight.shape.num_elements() for weight in (w.value for w in model.trainable_weights))
    assert trainable == graph.parameters.trainable
    assert model.output.dtype == "float32"


def channels_first(values):
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2)) if values.ndim == 4 else values


def write(graph, weights, kind, folder):
    target = target_of(kind)
    path = folder / f"model.{kind}"
    convert(emit(graph, weights, input_names=("x",), opset=target), kind, target).save(str(path))
    return path


def tokens_of(shape, count_of_tokens, count=3):
    return np.random.default_rng(5).integers(0, count_of_tokens, (count, *shape)).astype(np.float32)


def inputs_of(shape, count=3):
    values = np.random.default_rng(5).normal(0.2, 2.0, (count, *shape)).astype(np.float32)
    values.flat[:4] = [0.0, 0.5, -0.5, 6.0]  # where functions bend
    return values
