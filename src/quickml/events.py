"""Events: typed, frozen records that report the progress of a run or a job.

A run is the sequence `started`, `warning`*, `built`, (`progress`* `epoch`)*, `trained`, `compressed`*,
`compiled`, `verified`. A `warning` may come at any point, and a run that fails ends with `failed`.
`quickml run --json` prints one event per line. A server sends the same events and two of its own:
`interrupted`, after which the job starts again, and `cancelled`.

`from_json` reads what `to_json` writes. JSON has no NaN and no infinity: a metric that is not finite is null.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal

import pydantic
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError


class Status(StrEnum):
    """The status of a job."""

    QUEUED = "queued"
    BUILDING = "building"
    TRAINING = "training"
    COMPILING = "compiling"
    VERIFYING = "verifying"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


RUNNING = frozenset({Status.BUILDING, Status.TRAINING, Status.COMPILING, Status.VERIFYING})
TERMINAL = frozenset({Status.READY, Status.FAILED, Status.CANCELLED})


class Stage(StrEnum):
    """A stage of the pipeline, as metrics name it."""

    BUILD = "build"
    TRAIN = "train"
    COMPILE = "compile"
    VERIFY = "verify"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


Metric = Annotated[
    float,
    BeforeValidator(lambda value: math.nan if value is None else value),
    pydantic.WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "null"}]}),
]
"""A number; null in JSON where it is not finite."""


class _Event(_Record):
    """What all events share."""

    time: datetime = Field(default_factory=lambda: datetime.now(UTC))
    """Time of the event, in UTC (ISO 8601)."""

    def to_json(self) -> str:
        """One line of JSON, without a line break."""
        return self.model_dump_json()


class Started(_Event):
    """The document is valid and work begins."""

    type: Literal["started"] = "started"
    name: str
    """Name from the document."""
    dataset: str
    """Name of the dataset."""
    epochs: int
    """Number of epochs."""
    seed: int
    """Seed of all random numbers."""


class Warned(_Event):
    """Something was ignored, repaired, or has an effect that the user should know about."""

    type: Literal["warning"] = "warning"
    pointer: str
    """JSON pointer into the document, where the warning is about a part of it."""
    message: str
    """The warning."""


class LayerRow(_Record):
    """A row of the layer table."""

    name: str
    """Name of the layer."""
    layer: str
    """Type of the layer, such as `Dense`."""
    output_shape: tuple[int, ...]
    """Shape of its output, without the batch."""
    parameters: int
    """Number of its parameters."""


class Built(_Event):
    """The network is built and has its initial weights."""

    type: Literal["built"] = "built"
    layers: tuple[LayerRow, ...]
    """Layers in the order of the document."""
    parameters: int
    """Number of parameters."""
    trainable_parameters: int
    """Number of parameters that training changes."""
    memory_bytes: int
    """Estimated memory of training."""
    precision: str
    """Precision of training: `float32` or `mixed_bfloat16`."""
    train_samples: int
    """Number of training samples."""
    validation_samples: int
    """Number of validation samples."""
    test_samples: int
    """Number of test samples."""
    seconds: float
    """Duration of the build."""


class Progress(_Event):
    """Progress within an epoch, sent at most a few times per second."""

    type: Literal["progress"] = "progress"
    epoch: int
    """Current epoch, from 1."""
    epochs: int
    """Number of epochs."""
    step: int
    """Number of completed steps of this epoch."""
    steps: int
    """Number of steps of an epoch."""
    samples_per_second: float
    """Training speed."""
    metrics: dict[str, Metric]
    """Mean of each metric over this epoch so far, `loss` included."""


class EpochEnded(_Event):
    """An epoch is complete."""

    type: Literal["epoch"] = "epoch"
    epoch: int
    """The epoch, from 1."""
    epochs: int
    """Number of epochs."""
    metrics: dict[str, Metric]
    """Mean of each metric over the epoch, `loss` included; those on validation data begin with `val_`."""
    learning_rate: float
    """Learning rate at the end of the epoch."""
    seconds: float
    """Duration of the epoch."""


class Trained(_Event):
    """Training is complete, and the model was evaluated in float32 on the test samples."""

    type: Literal["trained"] = "trained"
    epochs: int
    """Number of epochs that were run; the last may be incomplete."""
    stopped: str | None
    """Why training ended early: `asked`, `early_stopping` or `max_seconds`; None if it did not."""
    metrics: dict[str, Metric]
    """Metrics on the test samples, such as `loss` and `accuracy`."""
    seconds: float
    """Duration of training and evaluation."""


class Compressed(_Event):
    """A file with compressed weights was written and run on every test sample."""

    type: Literal["compressed"] = "compressed"
    file: str
    """File name."""
    weights: str
    """Form of the weights as in the document, such as `int8` or `palettized-4`."""
    minimum_ios: int
    """First iOS version that reads the file."""
    size_bytes: int
    """Size of the file."""
    float32_bytes: int
    """Size of the same file with float32 weights."""
    accuracy: float | None
    """Accuracy on the test samples; None for a regression."""
    mean_absolute_error: float | None
    """Mean absolute error on the test samples, in the unit of the target; None for a classification."""
    drop: Metric
    """Accuracy lost against the trained model, or relative increase of the mean absolute error."""
    label_agreement: float | None
    """Share of test samples with the same label as from the trained model; None for a regression."""
    taken: bool
    """Whether the job delivers this file; with `"weights": "auto"`, the first that loses little enough."""


class FileRow(_Record):
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


class Compiled(_Event):
    """All files are written."""

    type: Literal["compiled"] = "compiled"
    files: tuple[FileRow, ...]
    """Files of the result."""
    skipped: dict[str, str]
    """Optional formats that the document names and this machine cannot write, each with the reason."""
    seconds: float
    """Duration of the export."""


Reference = Literal["trained", "decompressed", "translated"]


class Parity(_Record):
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


class Verified(_Event):
    """Every file was run and computes what the trained model computes."""

    type: Literal["verified"] = "verified"
    parity: tuple[Parity, ...]
    """Comparison of each file with the trained model."""
    folder: str
    """Folder of the result; empty for a job on a server."""
    files: tuple[FileRow, ...]
    """Files of the result."""
    seconds: float
    """Duration of the verification."""


class Failed(_Event):
    """The run failed."""

    type: Literal["failed"] = "failed"
    error: str
    """Class of the error, such as `DocumentError`."""
    message: str
    """Error message."""
    problems: tuple[dict[str, str], ...] = ()
    """For an invalid document: each problem with `pointer`, `expected`, `found`, `hint` and `subject`."""


class Interrupted(_Event):
    """An attempt at a job failed. The job waits for another attempt, which begins with `started`."""

    type: Literal["interrupted"] = "interrupted"
    attempt: int
    """Number of the attempt, from 1."""
    reason: str
    """Why it failed."""


class Cancelled(_Event):
    """The job was cancelled."""

    type: Literal["cancelled"] = "cancelled"


Event = Annotated[
    Started
    | Warned
    | Built
    | Progress
    | EpochEnded
    | Trained
    | Compressed
    | Compiled
    | Verified
    | Failed
    | Interrupted
    | Cancelled,
    Field(discriminator="type"),
]
"""Any event."""

_events: TypeAdapter[Event] = TypeAdapter(Event)


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What an event says about its job."""

    stage: Stage | None = None
    """The stage it is reported in; None where it may come in any."""
    status: Status | None = None
    """Status of the job after it; None leaves the status as it is."""

    @property
    def is_last(self) -> bool:
        """Whether it is the last event of its job."""
        return self.status in TERMINAL

    @property
    def ends_stage(self) -> bool:
        """Whether it ends its stage; its `seconds` are then those of the stage."""
        return self.stage is not None and self.status is not None


MEANINGS: Mapping[str, Meaning] = {
    "started": Meaning(stage=Stage.BUILD),
    "warning": Meaning(),
    "built": Meaning(stage=Stage.BUILD, status=Status.TRAINING),
    "progress": Meaning(stage=Stage.TRAIN),
    "epoch": Meaning(stage=Stage.TRAIN),
    "trained": Meaning(stage=Stage.TRAIN, status=Status.COMPILING),
    "compressed": Meaning(stage=Stage.COMPILE),
    "compiled": Meaning(stage=Stage.COMPILE, status=Status.VERIFYING),
    "verified": Meaning(stage=Stage.VERIFY, status=Status.READY),
    "failed": Meaning(status=Status.FAILED),
    "interrupted": Meaning(status=Status.QUEUED),
    "cancelled": Meaning(status=Status.CANCELLED),
}
"""The meaning of each event, by its `type`. A job is `building` from the moment a worker takes it.

A new event is a class above, a member of `Event`, a row here, and a sentence in `cli/display/sentences.py`.
"""


def meaning(type_: str) -> Meaning:
    """The meaning of an event of this type; a type that only a newer QuickML knows changes nothing."""
    return MEANINGS.get(type_, Meaning())


def from_json(line: str | bytes) -> Event:
    """Read what `to_json` wrote.

    Raises:
        ValueError: it is not an event: not a JSON object, an unknown `type`, or missing or unknown fields.
    """
    try:
        return _events.validate_json(line)
    except ValidationError as error:
        raise _no_event(line, error) from None


def from_another_version(line: str | bytes) -> Event | None:
    """Read an event of a QuickML that may be newer. Unknown fields are ignored; an unknown `type` gives None.

    Raises:
        ValueError: it is not an event of any version.
    """
    try:
        return _events.validate_json(line, extra="ignore")
    except ValidationError as error:
        if error.errors()[0]["type"] == "union_tag_invalid":
            return None
        raise _no_event(line, error) from None


def _no_event(line: str | bytes, error: ValidationError) -> ValueError:
    return ValueError(f"expected an event, found {line[:80]!r} ({error.errors()[0]['msg']})")
