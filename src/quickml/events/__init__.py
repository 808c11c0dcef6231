"""Events: typed, frozen records that report the progress of a run or a job.

A run is the sequence `started`, `warning`*, `built`, (`progress`* `epoch`)*, `trained`, `compressed`*,
`compiled`, `verified`, with `batches` and `snapshot`s between `built` and `trained`. A `warning` may come at
any point, and a run that fails ends with `failed`.
`quickml run --json` prints one event per line. A server sends the same events and two of its own:
`interrupted`, after which the job starts again, and `cancelled`.

`from_json` reads what `to_json` writes. JSON has no NaN and no infinity: a metric that is not finite is null.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from quickml.events.meanings import MEANINGS, Meaning, meaning
from quickml.events.rows import BaselineRow, FileRow, LayerRow, Metric, Parity, Record, Reference
from quickml.events.status import RUNNING, TERMINAL, Stage, Status


class _Event(Record):
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
    """Precision of training: `float32`, `mixed_bfloat16` or `mixed_float16`."""
    accelerator: str = "cpu"
    """What the network is trained on: `cpu` or `gpu`."""
    device: str = ""
    """Name of the GPU."""
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


class Batches(_Event):
    """The training loss of single steps, sent when there are 64 values, or fewer about once per second."""

    type: Literal["batches"] = "batches"
    first: int
    """Number of the first step, counted from 1 over all epochs."""
    every: int
    """Number of steps per value: 1 for up to 8,192 planned steps, more for longer trainings."""
    losses: tuple[Metric, ...]
    """Mean training loss of each `every` steps, rounded to 4 significant digits; at most 64 values. The last
    value of a training may cover fewer steps."""


class Snapshot(_Event):
    """Frames of the film were recorded, see `film.bin`; sent at most a few times per second."""

    type: Literal["snapshot"] = "snapshot"
    frame: int
    """Number of the latest frame: training steps completed, over all epochs. Restored weights: one more."""
    epoch: int
    """Epoch of that frame, from 1; 0 before the first step."""
    frames: int
    """Number of frames in the film so far. It falls when every second frame is dropped."""
    size_bytes: int
    """Size of the film so far."""


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
    baseline: BaselineRow | None = None
    """What the same answer for all test samples reaches; None in events of older versions."""
    accelerator: str = "cpu"
    """What it was trained on: `cpu` or `gpu`."""
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
    flips: int | None = None
    """Number of test samples with another label than from the trained model; None for a regression, and in
    events of older versions."""
    artifact: str | None = None
    """Name of the result's file with these weights, the delivered one or a variant; on a server, with
    `.zip` if it is a package. None if it is not kept, and in events of older versions."""
    taken: bool
    """Whether the job delivers this file; with `"weights": "auto"`, the first that loses little enough."""


class Compiled(_Event):
    """All files are written."""

    type: Literal["compiled"] = "compiled"
    files: tuple[FileRow, ...]
    """Files of the result."""
    skipped: dict[str, str]
    """Optional formats that the document names and this machine cannot write, each with the reason."""
    seconds: float
    """Duration of the export."""


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
    problems: tuple[dict[str, Any], ...] = ()
    """For an invalid document: each problem, as `POST /v1/validate` answers with it."""


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
    | Batches
    | Snapshot
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


__all__ = [
    "MEANINGS",
    "RUNNING",
    "TERMINAL",
    "BaselineRow",
    "Batches",
    "Built",
    "Cancelled",
    "Compiled",
    "Compressed",
    "EpochEnded",
    "Event",
    "Failed",
    "FileRow",
    "Interrupted",
    "LayerRow",
    "Meaning",
    "Metric",
    "Parity",
    "Progress",
    "Reference",
    "Snapshot",
    "Stage",
    "Started",
    "Status",
    "Trained",
    "Verified",
    "Warned",
    "from_another_version",
    "from_json",
    "meaning",
]
