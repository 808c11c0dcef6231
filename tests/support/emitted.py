"""Layers with random weights, asked twice: as Keras has them, and as a Core ML file that was read back."""

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
    from quickml.training.build import connect
    from quickml.training.stages import weights

    graph, problems = walk([LAYERS[part["type"]].model_validate(part) for part in parts], shape)
    assert problems == []
    model = connect(graph, "input", "float32")
    randomise(model, 3)
    path = write(graph, weights(model), kind, folder)
    expected = np.asarray(model(inputs, training=False), np.float32)
    runtime = Runtime.load(path)
    assert runtime.description.specification_version == FORMATS[kind], "no operation of a later system"
    found = runtime.outputs(channels_first(inputs))
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


def tokens_of(shape, count_of_tokens, count=3):
    return np.random.default_rng(5).integers(0, count_of_tokens, (count, *shape)).astype(np.float32)


def inputs_of(shape, count=3):
    values = np.random.default_rng(5).normal(0.2, 2.0, (count, *shape)).astype(np.float32)
    values.flat[:4] = [0.0, 0.5, -0.5, 6.0]  # where functions bend
    return values
