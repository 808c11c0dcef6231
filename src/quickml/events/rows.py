"""Records that events are made of: rows of tables, and the form of numbers."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import pydantic
from pydantic import BaseModel, BeforeValidator, ConfigDict


class Record(BaseModel):
    """What all records of events share."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


Metric = Annotated[
    float,
    BeforeValidator(lambda value: math.nan if value is None else value),
    pydantic.WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "null"}]}),
]
"""A number; null in JSON where it is not finite."""


class LayerRow(Record):
    """A row of the layer table."""

    name: str
    """Name of the layer."""
    layer: str
    """Type of the layer, such as `Dense`."""
    output_shape: tuple[int, ...]
    """Shape of its output, without the batch."""
    parameters: int
    """Number of its parameters."""


class FileRow(Record):
    """A file or a package of the result."""

    name: str
    """File name."""
    size_bytes: int
    """Size of the file, or of all files of the package."""
    sha256: str
    """SHA-256 of the file; for a package, of its listing (relative path and SHA-256 of each file)."""
    kind: str = ""
    """Format, such as `mlmodel`, `mlpackage` or `onnx`; empty in events of older versions."""
    media_type: str = "application/octet-stream"
    """Media type of the file, or of the zip of the package."""


Reference = Literal["trained", "decompressed", "translated"]


class Parity(Record):
    """Comparison of a file, read back from disk, with the trained model on the same samples."""

    file: str
    """File name."""
    samples: int
    """Number of samples that were compared."""
    held_out: int
    """Number of these that are unchanged test samples; the others are variations of test samples."""
    largest_difference: float
    """Largest difference of two probabilities; for a regression, of two outputs, relative to their scale."""
    tolerance: float
    """Largest difference that is allowed."""
    label_agreement: float | None
    """Share of samples with the same label; None for a regression."""
    accuracy: float | None
    """Accuracy of the file on the unchanged test samples; None for a regression."""
    reference: Reference = "trained"
    """What the file was compared with: the `trained` model; for compressed weights, the model with the file's
    weights `decompressed`, or, for an `onnx` file, the Core ML file that it was `translated` from."""


class BaselineRow(Record):
    """The best answer that is the same for all test samples, to compare the model with."""

    metric: Literal["accuracy", "mean_recall", "label_accuracy", "mean_absolute_error"]
    """What is compared: `accuracy`; with class weights, `mean_recall` of all classes; where a sample can have
    several labels, `label_accuracy`, the share of right ones; of a regression, `mean_absolute_error`, in the
    unit of the target, or the mean over several targets."""
    label: str | None
    """The commonest class of the test samples, or the labels that most of them have, `none` if there are none
    of these; None of a regression, whose answer is their mean."""
    value: Metric
    """The metric if this answer is always given."""
    model: Metric
    """The metric of the model."""
    is_no_better: bool
    """Whether the model is no better than that."""
