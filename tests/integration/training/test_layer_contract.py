"""What every layer owes: an example, a section in the reference, Keras' own arguments, a faithful emitter."""

import inspect
import re
from pathlib import Path

import pytest

from emitted import FORMATS, assert_computes_what_keras_computes
from layer_examples import VARIANTS
from quickml.document.layers import LAYERS, Layer
from quickml.export.coreml.emit import EMITTERS

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "document.md"


@pytest.mark.parametrize("kind", sorted(LAYERS))
def test_a_layer_keeps_the_contract(kind, tmp_path):
    layer = LAYERS[kind]
    assert hasattr(layer, "example"), f"{kind} has no `example`"
    assert layer in EMITTERS, f"{kind} has no emitter"
    assert_is_documented(layer)
    assert_takes_the_arguments_of_keras(layer)
    for file in FORMATS:
        assert_computes_what_keras_computes(kind, *layer.example, file, tmp_path)


def assert_is_documented(layer):
    name = layer.__name__
    assert layer.__dict__.get("__doc__"), f"{name} has no docstring of its own"
    first, _, _ = inspect.cleandoc(layer.__doc__).partition("\n\n")
    sections = re.findall(rf"^#### {name}\n\n(.+?)\n\n", REFERENCE.read_text(encoding="utf-8"), re.M | re.S)
    assert [" ".join(text.split()) for text in sections] == [" ".join(first.split())], (
        f"{name}: run python docs/generate.py"
    )


def assert_takes_the_arguments_of_keras(layer):
    from quickml.training.backend import keras

    made = getattr(keras.layers, layer.__name__)
    theirs = {**inspect.signature(made.call).parameters, **inspect.signature(made.__init__).parameters}
    for name, field in layer.model_fields.items():
        if name in Layer.model_fields:
            continue
        assert name in theirs, f"{layer.__name__} takes no {name} in Keras"
        default = theirs[name].default
        if not field.is_required() and default is not inspect.Parameter.empty:
            assert plain(field.default) == plain(default), f"{layer.__name__}.{name}"


def plain(value):
    """Keras writes one number where we write it for each axis, None for "linear", and once "Zeros"."""
    if value == "linear":
        return None
    while isinstance(value, tuple) and len(set(value)) == 1:
        value = value[0]
    return value.lower() if isinstance(value, str) else value


def test_examples_belong_to_layers():
    assert set(VARIANTS) <= set(LAYERS)
