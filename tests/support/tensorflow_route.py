"""One layer at a time, by both ways to Core ML: our emitters, and coremltools' own TensorFlow converter.

    python tests/support/tensorflow_route.py FOLDER

Writes FOLDER/<case>/{ours,theirs}.{mlmodel,mlpackage} and keras.npz (inputs and Keras' answers), and cases.json, which
says of each case what the converter refused. A process of its own, because the rest of QuickML loads coremltools
without the TensorFlow that its converter needs.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
import tensorflow as tf  # noqa: I001 - before coremltools, which looks for it

import coremltools as ct
import keras
import numpy as np

from emitted import inputs_of, tokens_of, write
from layer_examples import EXAMPLES, layers_of
from quickml.document.layers import LAYERS
from quickml.document.shapes import walk
from quickml.export.coreml.fast import fast
from quickml.training.build import connect
from quickml.training.weights import weights
from untrained import randomise

UNROLLED = {"SimpleRNN", "LSTM", "GRU", "Bidirectional", "TimeDistributed"}
"""Of these the converter writes every step on its own; three steps have a first, a middle and a last one."""
FORMATS = {"mlmodel": "neuralnetwork", "mlpackage": "mlprogram"}


def unroll(layer: Any) -> None:
    """The converter fails on the loops that TensorFlow 2.21 makes of recurrent layers, not on their steps."""
    for inner in (
        layer,
        *(getattr(layer, name, None) for name in ("forward_layer", "backward_layer", "layer")),
    ):
        if isinstance(inner, keras.layers.RNN):
            inner.unroll = True


def theirs(model: Any, kind: str, path: Path) -> None:
    for layer in model.layers:
        unroll(layer)
    shape = (1, *model.input_shape[1:])
    function = tf.function(lambda x: model(x, training=False))
    traced = function.get_concrete_function(tf.TensorSpec(shape, tf.float32, name="x"))
    options = {"compute_precision": ct.precision.FLOAT32} if kind == "mlpackage" else {}
    with fast():  # all of its passes, but without text for its log and a validation after each of them
        made = ct.convert(
            [traced], source="tensorflow", convert_to=FORMATS[kind], skip_model_load=True, **options
        )
    made.save(str(path))


def case(layer: str, folder: Path) -> dict[str, str]:
    """Files of one layer in `folder`; returns what the converter said where it could not do it, by format."""
    shape, arguments = EXAMPLES[layer][0]
    if layer in UNROLLED:
        shape = (3, *shape[1:])
    parts = layers_of(layer, arguments)
    graph, problems = walk([LAYERS[part["type"]].model_validate(part) for part in parts], tuple(shape))
    assert problems == []
    model = connect(graph, "input", "float32")
    randomise(model, 3)
    x = tokens_of(shape, arguments["input_dim"]) if layer == "Embedding" else inputs_of(shape)
    folder.mkdir()
    np.savez(folder / "keras.npz", inputs=x, answers=np.asarray(model(x, training=False), np.float32))
    refused = {}
    for kind in FORMATS:
        write(graph, weights(model), kind, folder).rename(folder / f"ours.{kind}")
        try:
            theirs(model, kind, folder / f"theirs.{kind}")
        except Exception as error:  # whatever it is, the test knows which ones to expect
            refused[kind] = (
                f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
            )
    return refused


def main() -> None:
    logging.disable(logging.WARNING)
    folder = Path(sys.argv[1])
    (folder / "cases.json").write_text(json.dumps({layer: case(layer, folder / layer) for layer in EXAMPLES}))


if __name__ == "__main__":
    main()
