"""What a server tells, as records. What a newer server tells beside that is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from quickml.errors import Notice, Problem
from quickml.events import TERMINAL, Metric, Status

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=0)]


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job, as it stood when the server answered."""

    id: str
    name: str
    """The document's."""
    status: Status
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    progress: float = 0.0
    """0 to 1, over all epochs."""
    epoch: int = 0
    epochs: int = 0
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    """The latest; on the test samples once trained."""
    attempt: int = 0
    stop_requested: bool = False
    stopped_early: bool = False
    error: str | None = None
    """Of a failed job: what happened."""
    last_event: int = 0
    """Number of its newest event; what `after` may name."""

    @property
    def is_finished(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in TERMINAL


@dataclass(frozen=True, kw_only=True)
class PackageFile:
    """A file of a package."""

    path: str
    """Inside the package, with slashes."""
    size_bytes: Size
    sha256: Sha256


@dataclass(frozen=True, kw_only=True)
class Package:
    """A folder that is one model, file by file."""

    name: str
    """Such as `model.mlpackage`."""
    size_bytes: Size
    """Of all its files together."""
    files: tuple[PackageFile, ...]


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A finished file of a job."""

    name: str
    kind: str
    """`mlmodel`, `mlpackage`, `report`, `keras`, `spec`, ..."""
    size_bytes: Size
    sha256: Sha256
    media_type: str
    package: Package | None = None
    """What is in it, of a package's zip: a client that takes the files one by one needs no zip."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The sha256 of every part of a file, for whoever received something else."""

    sha256: Sha256
    size_bytes: Size
    part_size_bytes: int
    """Of each but the last, which may be shorter."""
    parts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer of a valid document. Shapes leave out the batch."""

    name: str
    type: str
    output_shape: tuple[int, ...]
    parameters: int


@dataclass(frozen=True, kw_only=True)
class Validation:
    """What a document means, or every problem with it; of a wrong one the rest is empty."""

    valid: bool
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Notice, ...] = ()
    layers: tuple[Layer, ...] | None = None
    parameters: int | None = None
    trainable_parameters: int | None = None
    memory_bytes: int | None = None
    """Estimated need while training."""
    spec: Mapping[str, Any] | None = None
    """The document as understood, every default written out."""


@dataclass(frozen=True, kw_only=True)
class Activation:
    """What a layer gave."""

    shape: tuple[int, ...]
    values: tuple[Metric, ...]
    """In the order of the shape, the last axis fastest."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What a model answers to one input."""

    label: str | None = None
    """The most probable; None of a regression."""
    probabilities: Mapping[str, Metric] = field(default_factory=dict)
    values: tuple[Metric, ...] = ()
    activations: Mapping[str, Activation] = field(default_factory=dict)
    """By layer, in the order of the document; of those that were asked for."""


_jobs = TypeAdapter(Job)


def to_json(job: Job) -> str:
    """A job in one line, as a server tells it; a metric that is no number is null."""
    return _jobs.dump_json(job).decode()
