"""Running the model of a job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from quickml.api.message import ApiMessage, ApiRequest, Names
from quickml.events import Metric

ALL_LAYERS = "*"
"""Stands for all layers; no layer has this name."""


class PredictionRequest(ApiRequest):
    """Inputs for a model."""

    inputs: list[Any] = Field(min_length=1)
    """Inputs: numbers, flat or nested in the shape of the model's input; for a model of images also PNG or
    JPEG files in base64; for a table's model an object with the raw values of its columns by name."""
    activations: bool | Names = False
    """Whether to return the output of every layer, or the names of the layers whose output to return."""

    @property
    def layers(self) -> list[str] | None:
        """Names of layers; None means all."""
        if isinstance(self.activations, bool):
            return None if self.activations else []
        return self.activations


class ActivationMessage(ApiMessage):
    """The output of a layer."""

    shape: tuple[int, ...]
    """Shape, without the batch."""
    values: tuple[Metric, ...]
    """Values in row-major order: the last axis varies fastest."""


class PredictionMessage(ApiMessage):
    """The prediction for one input."""

    label: str | None = None
    """Most probable label; null for a regression."""
    probabilities: Mapping[str, Metric] = {}
    """Probability of each label; empty for a regression."""
    targets: Mapping[str, Metric] = {}
    """Of a model with several targets: each number by its name, or the probability of each label of which a
    sample can have several; otherwise empty."""
    values: tuple[Metric, ...] = ()
    """Output of the model, in its order."""
    activations: Mapping[str, ActivationMessage] = {}
    """Output of each requested layer, by name."""


class Predictions(ApiMessage):
    """Predictions for all inputs."""

    predictions: tuple[PredictionMessage, ...]
    """One prediction per input, in order."""
