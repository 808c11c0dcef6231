"""Records of the service in the binary format of `api.arrays`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quickml.api.arrays import ArrayWriter
from quickml.service import Artifact, Prediction


def predictions(file: Artifact, found: Sequence[Prediction]) -> bytes:
    """Predictions of a file."""
    writer = ArrayWriter()
    rows = [_prediction(one, writer) for one in found]
    return writer.message({"kind": "predictions", "file": file_facts(file), "predictions": rows})


def file_facts(file: Artifact) -> dict[str, Any]:
    """Which file has answered."""
    return {"name": file.name, "sha256": file.sha256, "size_bytes": file.size_bytes}


def _prediction(one: Prediction, writer: ArrayWriter) -> dict[str, Any]:
    layers: Mapping[str, Any] = {
        name: {**writer.add(layer.values, layer.shape), "units": layer.units}
        for name, layer in one.activations.items()
    }
    return {
        "label": one.label,
        "probabilities": one.probabilities,
        "values": list(one.values),
        "activations": layers,
    }
