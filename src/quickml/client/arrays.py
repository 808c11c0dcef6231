"""Binary responses as numpy arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from quickml.api.arrays import ArrayReader
from quickml.api.artifacts import AnsweringFile
from quickml.api.explanations import ExplanationFacts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    FloatArray = NDArray[Any]
else:
    FloatArray = object


@dataclass(frozen=True, kw_only=True)
class LayerArray:
    """The output of a layer."""

    values: FloatArray
    """float32, in the layer's shape, as (height, width, channels) for images; the last axis may be cut. Each
    value is rounded to one of 256 between the least and the greatest."""
    step: float
    """Difference between two neighbours of the 256."""
    units: int
    """Size of the last axis in the layer: how many maps or units there are."""


@dataclass(frozen=True, kw_only=True)
class PredictionArrays:
    """What a file predicts for one input, and what its layers compute."""

    file: AnsweringFile
    label: str | None
    """The most probable label; None for a regression."""
    probabilities: Mapping[str, float]
    """By label; empty for a regression."""
    values: tuple[float, ...]
    """The output of the model."""
    activations: Mapping[str, LayerArray]
    """By layer, in the order of the document."""


@dataclass(frozen=True, kw_only=True)
class ExplanationArrays:
    """How much each part of an input matters to each output of a model."""

    facts: ExplanationFacts
    """What was hidden, and what replaced it."""
    maps: FloatArray
    """float32 (outputs, rows of patches, columns of patches), or (outputs, parts): for each part, the output
    when nothing is hidden minus the output when this part is. Rounded to 256 steps in each map."""


class _Prediction(BaseModel):
    label: str | None
    probabilities: dict[str, float]
    values: tuple[float, ...]
    activations: dict[str, dict[str, Any]]


class _Predictions(BaseModel):
    file: AnsweringFile
    predictions: tuple[_Prediction, ...] = Field(min_length=1)


def prediction(content: bytes) -> PredictionArrays:
    """The first prediction of a binary response.

    Raises:
        ValueError: the content is not such a response.
    """
    reader = ArrayReader(content)
    found = _Predictions.model_validate(reader.header)
    one = found.predictions[0]
    return PredictionArrays(
        file=found.file,
        label=one.label,
        probabilities=one.probabilities,
        values=one.values,
        activations={name: _layer(reader, facts) for name, facts in one.activations.items()},
    )


def _layer(reader: ArrayReader, facts: Mapping[str, Any]) -> LayerArray:
    values = reader.array(facts)
    return LayerArray(
        values=values, step=float(facts["scale"]), units=int(facts.get("units", values.shape[-1]))
    )


def explanation(content: bytes) -> ExplanationArrays:
    """A binary response to a request for an explanation.

    Raises:
        ValueError: the content is not such a response.
    """
    import numpy as np

    reader = ArrayReader(content)
    maps = reader.header.get("maps")
    if not isinstance(maps, list) or not maps:
        raise ValueError("expected maps, found none")
    return ExplanationArrays(
        facts=ExplanationFacts.model_validate(reader.header),
        maps=np.stack([reader.array(one) for one in maps]),
    )
