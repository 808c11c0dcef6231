"""Our own inference of shapes and parameters, held against Keras for every layer type."""

import math

import pytest

from layer_examples import EXAMPLES, layers_of
from quickml.spec.checks import SLOTS
from quickml.spec.layers import LAYERS
from quickml.spec.shapes import walk
from quickml.spec.training import OPTIMIZERS
from untrained import plan_of


@pytest.mark.parametrize(
    ("kind", "shape", "arguments"),
    [(kind, *example) for kind, examples in EXAMPLES.items() for example in examples],
    ids=lambda value: value if isinstance(value, str) else str(value).replace(" ", ""),
)
@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_shapes_and_parameters(kind, shape, arguments, precision):
    from quickml.training.build import connect

    parts = [LAYERS[part["type"]].model_validate(part) for part in layers_of(kind, arguments)]
    graph, problems = walk(parts, shape)
    assert problems == []
    model = connect(graph, "input", precision)
    for node in graph.nodes:
        layer = model.get_layer(node.name)
        assert layer.output.shape[1:] == node.output_shape
        assert layer.count_params() == node.parameters.total
    trainable = sum(weight.shape.num_elements() for weight in (w.value for w in model.trainable_weights))
    assert trainable == graph.parameters.trainable
    assert model.output.dtype == "float32"


def test_every_layer_has_examples():
    assert set(EXAMPLES) == set(LAYERS)


@pytest.mark.parametrize("kind", sorted(LAYERS))
def test_arguments_and_defaults_are_those_of_keras(kind):
    import inspect

    from quickml.training.backend import keras

    theirs = inspect.signature(getattr(keras.layers, kind).__init__).parameters
    for name, field in LAYERS[kind].model_fields.items():
        if name in ("type", "name", "inputs"):
            continue
        assert name in theirs, f"{kind} takes no {name} in Keras"
        default = theirs[name].default
        if not field.is_required() and default is not inspect.Parameter.empty:
            assert plain(field.default) == plain(default), f"{kind}.{name}"


def plain(value):
    """Keras writes one number where we write it for each axis, and None for "linear"."""
    if value == "linear":
        return None
    while isinstance(value, tuple) and len(set(value)) == 1:
        value = value[0]
    return value


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
    optimizer = make_optimizer(plan.spec.training, 10)
    optimizer.build(model.trainable_variables)
    trainable = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    slots = sum(math.prod(variable.shape) for variable in optimizer.variables if len(variable.shape))
    assert slots <= SLOTS[name] * trainable
    outputs = sum(math.prod(layer.output.shape[1:]) for layer in model.layers)
    inputs = math.prod(model.input.shape[1:])  # the input layer is among the layers, and has no gradient
    held = 2 * trainable + slots + sum(math.prod(weight.shape) for weight in model.non_trainable_weights)
    expected = 4 * (held + 16 * (2 * (outputs - inputs) + inputs))
    spare = 4 * (SLOTS[name] * trainable - slots)
    assert plan.memory_bytes == expected + spare
