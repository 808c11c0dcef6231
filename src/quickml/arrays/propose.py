"""A document to start from: a network that fits the arrays."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from quickml.arrays.prepare import PreparedArrays
from quickml.document.names import as_name
from quickml.document.proposals import convolutions, duration, listed_labels

STEPS, EPOCHS = 1500, (5, 40)


def document(prepared: PreparedArrays) -> dict[str, Any]:
    """A document that learns from arrays as they were prepared; what was found out is written out."""
    info, reference = prepared.info, prepared.reference
    batch_size, epochs = duration(info.sizes[0], steps=STEPS, epochs=EPOCHS)
    given = {
        "name": reference.name,
        "file": reference.file,
        "targets_file": reference.targets_file,
        "kind": reference.kind,
        "task": reference.task,
        "labels": listed_labels(reference.labels),
        "inputs": reference.inputs,
        "targets": reference.targets,
        "test_inputs": reference.test_inputs,
        "test_targets": reference.test_targets,
        "test_fraction": reference.test_fraction,
    }
    activation = "softmax" if info.labels else "sigmoid" if info.is_multi_label else None
    output = {"units": info.outputs, **({"activation": activation} if activation else {})}
    return {
        "name": as_name(PurePath(reference.file).stem),
        "dataset": {key: value for key, value in given.items() if value is not None},
        "model": {"layers": [*_layers(prepared), {"type": "Dense", **output}]},
        "training": {
            "optimizer": {"type": "Adam", "learning_rate": 0.001},
            "batch_size": batch_size,
            "epochs": epochs,
        },
    }


def _layers(prepared: PreparedArrays) -> list[dict[str, Any]]:
    kind, shape = prepared.info.kind, prepared.info.shape
    if kind == "image":
        return convolutions(shape)
    if kind == "tokens":
        embedding = {"type": "Embedding", "input_dim": prepared.inputs.tokens, "output_dim": 16}
        return [embedding, {"type": "GlobalAveragePooling1D"}, _dense(32)]
    if kind == "features":
        return [{"type": "Normalization"}, _dense(64), _dense(32)]
    convolution = {"type": "Conv1D", "filters": 32, "padding": "same", "activation": "relu"}
    return [
        {"type": "Normalization"},
        {**convolution, "kernel_size": 5},
        {**convolution, "kernel_size": 3},
        {"type": "GlobalAveragePooling1D"},
        _dense(32),
    ]


def _dense(units: int) -> dict[str, Any]:
    return {"type": "Dense", "units": units, "activation": "relu"}
