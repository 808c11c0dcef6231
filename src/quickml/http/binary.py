"""Records of the service in the binary format of `api.arrays`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quickml.api.arrays import ArrayWriter
from quickml.api.explanations import ExplanationFacts
from quickml.http.answers import answering_file
from quickml.service import Artifact, Explanation, Prediction


def predictions(file: Artifact, found: Sequence[Prediction]) -> bytes:
    """Predictions of a file."""
    writer = ArrayWriter()
    rows = [_prediction(one, writer) for one in found]
    answering = answering_file(file).model_dump()
    return writer.message({"kind": "predictions", "file": answering, "predictions": rows})


def explanation(facts: ExplanationFacts, found: Explanation) -> bytes:
    """An explanation; `facts` is all of it but its maps."""
    writer = ArrayWriter()
    maps = [writer.add(one, one.shape) for one in found.maps]
    return writer.message({"kind": "explanation", **facts.model_dump(), "maps": maps})


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
