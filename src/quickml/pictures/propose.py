"""A document to start from: a small convolutional network that fits the pictures."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from quickml.datasets.info import DatasetInfo
from quickml.document.names import as_name
from quickml.document.proposals import convolutions, duration, listed_labels
from quickml.pictures.prepare import PreparedPictures

STEPS, EPOCHS = 1500, (8, 40)


def document(prepared: PreparedPictures) -> dict[str, Any]:
    """A document that learns from pictures as they were prepared; what was found out is written out."""
    info, reference = prepared.info, prepared.reference
    batch_size, epochs = duration(info.sizes[0], steps=STEPS, epochs=EPOCHS)
    given = {
        "name": reference.name,
        "file": reference.file,
        "size": list(reference.size or ()),
        "channels": reference.channels,
        "resize": reference.resize,
        "separator": reference.separator,
        "labels": listed_labels(reference.labels),
        "damaged": reference.damaged if reference.damaged != "refuse" else None,
        "test_fraction": reference.test_fraction,
    }
    return {
        "name": as_name(PurePath(reference.file).stem),
        "dataset": {key: value for key, value in given.items() if value is not None},
        "model": {"layers": [*convolutions(info.shape), _output(info)]},
        "training": {
            "optimizer": {"type": "Adam", "learning_rate": 0.001},
            "batch_size": batch_size,
            "epochs": epochs,
        },
    }


def _output(info: DatasetInfo) -> dict[str, Any]:
    activation = "sigmoid" if info.is_multi_label else "softmax"
    return {"type": "Dense", "units": info.outputs, "activation": activation}
