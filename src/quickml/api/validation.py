"""The result of checking a document."""

from __future__ import annotations

from typing import Any

from quickml.api.message import ApiMessage
from quickml.errors import Notice, Problem


class ValidLayer(ApiMessage):
    """A layer whose shape is known."""

    name: str
    """Name of the layer."""
    type: str
    """Type of the layer, such as `Dense`."""
    output_shape: tuple[int, ...]
    """Shape of its output, without the batch."""
    parameters: int
    """Number of its parameters."""


class EstimatedFile(ApiMessage):
    """The size of a file that a document asks for."""

    name: str
    """File name."""
    kind: str
    """Format, such as `mlmodel`."""
    size_bytes: int
    """Size of the file, or of all files of a package."""
    smallest_bytes: int
    """Differs from `size_bytes` if `"weights": "auto"` may take a smaller form."""


class EstimateMessage(ApiMessage):
    """What training a document will need, without the time that its job waits."""

    seconds: float
    """Duration from the first stage to the last."""
    low_seconds: float
    """In about nine of ten cases, it takes at least this time."""
    high_seconds: float
    """In about nine of ten cases, it takes at most this time."""
    training_seconds: float
    """Duration of the training; the rest is for building, compiling and verifying."""
    based_on: int
    """Number of jobs of this server that the durations are based on, at most 40; 0 for fixed values, measured
    on a machine with two cores."""
    memory_bytes: int
    """Resident memory of the worker at its peak."""
    files: tuple[EstimatedFile, ...]
    """Files in the order of the document."""


class ValidationMessage(ApiMessage):
    """What a document means, or every problem with it. Fields after `layers` are null if it is invalid."""

    valid: bool
    """Whether the document can be trained."""
    problems: tuple[Problem, ...] = ()
    """Every problem, in document order; at most 100."""
    more: bool = False
    """Whether further problems were left out."""
    warnings: tuple[Notice, ...] = ()
    """What was ignored or repaired."""
    layers: tuple[ValidLayer, ...] | None = None
    """Layers in the order of the document. If it is invalid: the ones before the first invalid layer, and
    others that do not depend on an invalid one; null if there are none."""
    parameters: int | None = None
    """Number of parameters of the network."""
    trainable_parameters: int | None = None
    """Number of parameters that training changes."""
    memory_bytes: int | None = None
    """Estimated memory of training."""
    estimate: EstimateMessage | None = None
    """What training the document will need."""
    spec: dict[str, Any] | None = None
    """The document as understood, with every default written out."""
