"""What the readers of both formats hand on: a network in a graph, with its values by their names."""

from __future__ import annotations

from dataclasses import dataclass

from quickml.errors import CoreMLFileError
from quickml.export.onnx.features import InputSpec
from quickml.export.onnx.graph import Tensor


@dataclass(frozen=True, kw_only=True)
class Network:
    """What a reader of one format makes of a file: its outputs in a graph, and every value by its name."""

    inputs: tuple[InputSpec, ...]
    outputs: dict[str, Tensor]
    values: dict[str, Tensor]
    labels: tuple[str, ...] | None = None
    probabilities: str | None = None


def checked_labels(labels: tuple[str, ...] | None, probabilities: Tensor) -> None:
    """Raise CoreMLFileError where labels and probabilities differ in number."""
    if labels is not None and len(labels) != probabilities.size:
        raise CoreMLFileError(
            f"the classifier has {len(labels)} labels for {probabilities.size} probabilities"
        )
