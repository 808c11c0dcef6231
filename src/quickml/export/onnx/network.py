"""The result of reading either format: a network in a graph, with its values by name."""

from __future__ import annotations

from dataclasses import dataclass

from quickml.errors import CoreMLFileError
from quickml.export.onnx.features import InputSpec
from quickml.export.onnx.graph import Tensor


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network that was read into a graph: its inputs and outputs, and every value by name."""

    inputs: tuple[InputSpec, ...]
    outputs: dict[str, Tensor]
    values: dict[str, Tensor]
    labels: tuple[str, ...] | None = None
    probabilities: str | None = None


def checked_labels(labels: tuple[str, ...] | None, probabilities: Tensor) -> None:
    """Raise CoreMLFileError if the numbers of labels and probabilities differ."""
    if labels is not None and len(labels) != probabilities.size:
        raise CoreMLFileError(
            f"expected {probabilities.size} labels, one per probability, found {len(labels)}"
        )
