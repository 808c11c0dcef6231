"""Explaining what the model of a job answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import WithJsonSchema

from quickml.api.artifacts import AnsweringFile
from quickml.api.message import ApiMessage, ApiRequest
from quickml.events import Metric


class ExplanationRequest(ApiRequest):
    """An input for a model."""

    input: Annotated[Any, WithJsonSchema({"type": ["array", "string"], "items": {}})]
    """The input: numbers, flat or nested in the shape of the model's input; for a model of images also a PNG
    or JPEG file in base64."""


class OcclusionBaseline(ApiMessage):
    """What replaces the parts that are hidden."""

    name: Literal["zero", "mean"]
    """`zero`: black, the token 0, or the number 0. `mean`: the mean colour of the picture; in tables and
    sequences the mean of each feature in the training samples."""
    values: tuple[Metric, ...]
    """For each channel or feature."""


class ExplanationFacts(ApiMessage):
    """An explanation without its maps."""

    file: AnsweringFile
    """The file that has answered."""
    part: Literal["patch", "feature", "window", "token"]
    """What is hidden."""
    size: tuple[int, ...]
    """Size of a part: height and width of a patch, otherwise one number."""
    starts: tuple[tuple[int, ...], ...]
    """Where parts begin: rows and columns of patches, otherwise one axis."""
    baseline: OcclusionBaseline
    """What replaces the parts."""
    values: tuple[Metric, ...]
    """Output of the model when nothing is hidden."""
    labels: tuple[str, ...]
    """Labels of the outputs, in their order; empty for a regression."""


class ExplanationMap(ApiMessage):
    """How much each part matters to one output."""

    shape: tuple[int, ...]
    """Number of parts: rows and columns of patches, otherwise one number."""
    values: tuple[Metric, ...]
    """For each part, the output when nothing is hidden minus the output when this part is; in row-major
    order."""


class ExplanationMessage(ExplanationFacts):
    """How much each part of an input matters to each output of a model."""

    maps: tuple[ExplanationMap, ...]
    """A map for each output, in the order of `values`."""
