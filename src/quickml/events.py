"""The words in which work is reported: typed, frozen, JSON-ready.

A run is the sequence `started`, `warning`*, `built`, (`progress`* `epoch`)*, `trained`, `compressed`*,
`compiled`, `verified`, with a `warning` wherever there is cause; or it breaks off with `failed`. `quickml run
--json` prints one such event per line, and the service sends the same ones, with two of its own:
`interrupted`, after which a job begins again, and `cancelled`.

`to_json` and `from_json` are inverse to each other. JSON has no NaN and no infinity: a metric that is
no number travels as null.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal

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


Metric = Annotated[float, BeforeValidator(lambda value: math.nan if value is None else value)]


class _Event(_Record):
    """What all events share: a `type` and the moment it happened (UTC)."""

    time: datetime = Field(default_factory=lambda: datetime.now(UTC))

    def to_json(self) -> str:
        """One line of JSON, without a line break."""
        return self.model_dump_json()


class Started(_Event):
    """The document is understood; work begins."""

    type: Literal["started"] = "started"
    name: str
    dataset: str
    epochs: int
    seed: int


class Warned(_Event):
    """Something was ignored, repaired, or has a result that a person should know of; `pointer` leads into the
    document, where it is about that."""

    type: Literal["warning"] = "warning"
    pointer: str
    message: str


class LayerRow(_Record):
    """One line of the layer table. Shapes leave out the batch."""

    name: str
    layer: str
    output_shape: tuple[int, ...]
    parameters: int


class Built(_Event):
    """The network stands, with the weights it starts from."""

    type: Literal["built"] = "built"
    layers: tuple[LayerRow, ...]
    parameters: int
    trainable_parameters: int
    memory_bytes: int
    """Estimated need while training, in bytes."""
    precision: str
    """What training computes in: `float32` or `mixed_bfloat16`."""
    train_samples: int
    validation_samples: int
    test_samples: int
    seconds: float


class Progress(_Event):
    """Where an epoch stands, a few times a second at most."""

    type: Literal["progress"] = "progress"
    epoch: int
    """From 1."""
    epochs: int
    step: int
    """Steps done in this epoch."""
    steps: int
    samples_per_second: float
    metrics: dict[str, Metric]
    """Means over the epoch so far; `loss` is always among them."""


class EpochEnded(_Event):
    """An epoch is over. `metrics` holds `loss` and the others, those on validation data with `val_`."""

    type: Literal["epoch"] = "epoch"
    epoch: int
    epochs: int
    metrics: dict[str, Metric]
    learning_rate: float
    seconds: float


class Trained(_Event):
    """Training is over, and the model was evaluated in float32 on the test samples."""

    type: Literal["trained"] = "trained"
    epochs: int
    """How many epochs were run, the last possibly not to its end."""
    stopped: str | None
    """Why before the last epoch: `asked`, `early_stopping` or `max_seconds`; None when it was not."""
    metrics: dict[str, Metric]
    """On the test samples: `loss`, `accuracy` and so on."""
    seconds: float


class Compressed(_Event):
    """A file with smaller weights was written and executed on every test sample."""

    type: Literal["compressed"] = "compressed"
    file: str
    weights: str
    """Their form, as the document calls it: `int8`, `palettized-4` and so on."""
    minimum_ios: int
    """The first iOS that reads the file."""
    size_bytes: int
    float32_bytes: int
    """Size of the same file with float32 weights."""
    accuracy: float | None
    """On all test samples; None for a regression."""
    mean_absolute_error: float | None
    """On all test samples, in the unit of the target; None for a classifier."""
    drop: Metric
    """Accuracy lost against the trained model, or the relative increase of the mean absolute error; below 0
    where the file is better."""
    label_agreement: float | None
    """Share of test samples given the label that the trained model gives; None for a regression."""
    taken: bool
    """Whether this one is delivered; with `"weights": "auto"`, the first that loses little enough."""


class FileRow(_Record):
    """One delivered file or package."""

    name: str
    size_bytes: int
    sha256: str
    """Of the file; of a package, of its listing (relative path and sha256 of each file)."""


class Compiled(_Event):
    """The files are written."""

    type: Literal["compiled"] = "compiled"
    files: tuple[FileRow, ...]
    skipped: dict[str, str]
    """What could not be made here, and why: `{"mlmodelc": "..."}`."""
    seconds: float


Reference = Literal["trained", "decompressed", "translated"]


class Parity(_Record):
    """How a file read back from disk compares with the trained model, on the same samples."""

    file: str
    samples: int
    """How many were compared."""
    held_out: int
    """How many of these are test samples as they are; the rest are test samples varied."""
    largest_difference: float
    """Between two probabilities, or, for a regression, between two outputs relative to their scale."""
    tolerance: float
    label_agreement: float | None
    """Share of samples given the same label; None for a regression."""
    accuracy: float | None
    """Of the file, on its held-out samples; None for a regression."""
    reference: Reference = "trained"
    """What it was compared with. `trained` is the trained model. Where weights were compressed,
    `decompressed` is the file's own weights, decompressed by coremltools, after the same model with float32
    weights had been compared with the trained one; and `translated` is the Core ML file that an `onnx` comes
    from."""


class Verified(_Event):
    """Every file was executed and computes what it should. Last of a good run."""

    type: Literal["verified"] = "verified"
    parity: tuple[Parity, ...]
    folder: str
    """Where the result lies."""
    files: tuple[FileRow, ...]
    seconds: float


class Failed(_Event):
    """The run broke off; `message` is for a person."""

    type: Literal["failed"] = "failed"
    error: str
    """The class of the error, such as `DocumentError`."""
    message: str
    problems: tuple[dict[str, str], ...] = ()


class Interrupted(_Event):
    """An attempt at a job broke off; the job waits for another one, which begins with `started` again."""

    type: Literal["interrupted"] = "interrupted"
    attempt: int
    """From 1."""
    reason: str


class Cancelled(_Event):
    """Somebody gave the job up. Last of such a job."""

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
"""Any event; its JSON Schema is what clients read."""

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
        ValueError: it is not an event: no JSON object, an unknown `type`, missing or unknown fields.
    """
    try:
        return _events.validate_json(line)
    except ValidationError as error:
        raise _no_event(line, error) from None


def from_another_version(line: str | bytes) -> Event | None:
    """The same of a QuickML that may be newer: fields that are new are left out; None of a new `type`.

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
