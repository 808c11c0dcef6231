"""What is sent and answered, as JSON: the shapes that the OpenAPI document describes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from quickml.events import Event, Status
from quickml.service import MEMBER, Artifact, Job

_ZIP = ".zip"


class Message(BaseModel):
    """What all answers share."""

    model_config = ConfigDict(frozen=True)


class ProblemItem(Message):
    """One thing that is wrong, and where."""

    pointer: str
    """JSON pointer into what was sent; `?name` for a parameter of the query."""
    expected: str
    found: str
    hint: str = ""
    subject: str = ""


class ProblemDocument(Message):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    problems: list[ProblemItem] | None = None


class MemberMessage(Message):
    """A file in a package."""

    path: str
    """In the package, with `/` between folders."""
    size_bytes: int
    sha256: str
    url: str
    """Relative to the server."""


class PackageMessage(Message):
    """A package as it is when it is unpacked: the same content as in its zip."""

    name: str
    """Of the folder."""
    size_bytes: int
    """Of all files."""
    files: list[MemberMessage]


class ArtifactMessage(Message):
    """A finished file."""

    name: str
    kind: str
    size_bytes: int
    sha256: str
    media_type: str
    url: str
    """Relative to the server."""
    package: PackageMessage | None = None
    """Of a package's zip: the same files, each to be fetched on its own."""


class Manifest(Message):
    """The files of a job; none before it is ready."""

    artifacts: list[ArtifactMessage]


class PartsMessage(Message):
    """A file part by part, for who received something else and wants to know where."""

    sha256: str
    """Of the whole file."""
    size_bytes: int
    part_size_bytes: int
    """Of every part but the last, which is what is left."""
    parts: list[str]
    """The sha256 of each, in order."""


class LinkRequest(BaseModel):
    """Which files, and for how long."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    names: list[str] | None = Field(None, min_length=1, max_length=1000)
    """Of the job's files, those in packages among them; left out, all but those in packages."""
    expires_s: int | None = Field(None, ge=1)
    """How long the links are good for, in seconds; left out, an hour."""


class LinkMessage(Message):
    """Where a file can be fetched without a token, and what to expect there."""

    name: str
    url: str
    """Relative to the server. Whoever has it can fetch the file."""
    expires_at: datetime
    size_bytes: int
    sha256: str
    media_type: str


class Links(Message):
    """In the order of the names, or of the manifest."""

    links: list[LinkMessage]


class JobMessage(Message):
    """Where a job stands."""

    id: str
    name: str
    status: Status
    progress: float
    """0 to 1, over all epochs."""
    epoch: int
    epochs: int
    metrics: dict[str, float | None]
    """The latest; on the test samples once trained. null is not a number."""
    stop_requested: bool
    stopped_early: bool
    attempt: int
    error: str | None
    """Of a failed job: what happened."""
    last_event: int
    """Number of the newest event."""
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    links: dict[str, str]
    """`self`, `events`, `artifacts`, relative to the server."""


class JobDetails(JobMessage):
    """A job with what was asked for, and its files."""

    document: Any
    """As it was handed in."""
    artifacts: list[ArtifactMessage]


class JobPage(Message):
    """Jobs, newest first."""

    jobs: list[JobMessage]
    next: str | None
    """`cursor` of the next page; null on the last."""


class EventItem(Message):
    """An event and its number, which the next `after` or `Last-Event-ID` may name."""

    id: int
    event: Event


class EventPage(Message):
    """Events of a job, in order."""

    events: list[EventItem]
    last: int
    """What to ask for next, as `after`."""
    is_finished: bool
    """Whether there will never be more."""


class ValidLayer(Message):
    """A layer as understood."""

    name: str
    type: str
    output_shape: list[int]
    parameters: int


class WarningItem(Message):
    """Something that was ignored or repaired."""

    pointer: str
    message: str


class Validation(Message):
    """What a document means, or every problem with it."""

    valid: bool
    problems: list[ProblemItem] = []
    warnings: list[WarningItem] = []
    layers: list[ValidLayer] | None = None
    parameters: int | None = None
    trainable_parameters: int | None = None
    memory_bytes: int | None = None
    spec: dict[str, Any] | None = None
    """The document as understood: every default and name written out."""


class PredictionRequest(BaseModel):
    """What a model is to answer."""

    model_config = ConfigDict(extra="forbid")

    inputs: list[Any] = Field(min_length=1)
    """Numbers, flat or nested as the model's shape; for a model of pictures also a PNG or JPEG in base64."""
    activations: bool | list[str] = False
    """Whether to show what every layer gives, or the names of some."""

    @property
    def layers(self) -> list[str] | None:
        """The names; None for all."""
        if isinstance(self.activations, bool):
            return None if self.activations else []
        return self.activations


class ActivationMessage(Message):
    """What a layer gave: numbers in the order of the shape, the last axis fastest."""

    shape: list[int]
    values: list[float | None]


class PredictionMessage(Message):
    """What the model answers to one input."""

    label: str | None
    probabilities: dict[str, float | None]
    values: list[float | None]
    activations: dict[str, ActivationMessage]


class Predictions(Message):
    """One for each input, in order."""

    predictions: list[PredictionMessage]


def number(value: float) -> float | None:
    """As JSON takes it."""
    return value if math.isfinite(value) else None


def artifact_url(artifact: Artifact) -> str:
    """The place where a file can be fetched, relative to the server."""
    return f"/v1/artifacts/{artifact.sha256}/{quote(artifact.name)}"


def artifact_messages(artifacts: Sequence[Artifact]) -> list[ArtifactMessage]:
    """A job's files; those in packages inside the messages of their packages' zips."""
    members = [file for file in artifacts if file.kind == MEMBER]
    return [_artifact(file, members) for file in artifacts if file.kind != MEMBER]


def _artifact(artifact: Artifact, members: Sequence[Artifact]) -> ArtifactMessage:
    fields = {name: value for name, value in vars(artifact).items() if name != "job_id"}
    folder = artifact.name.removesuffix(_ZIP)
    inside = [file for file in members if file.name.startswith(f"{folder}/")]
    package = _package(folder, inside) if artifact.name != folder and inside else None
    return ArtifactMessage(**fields, url=artifact_url(artifact), package=package)


def _package(name: str, members: Sequence[Artifact]) -> PackageMessage:
    files = [
        MemberMessage(
            path=file.name.removeprefix(f"{name}/"),
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            url=artifact_url(file),
        )
        for file in members
    ]
    return PackageMessage(name=name, size_bytes=sum(file.size_bytes for file in files), files=files)


def job_fields(job: Job) -> dict[str, Any]:
    """What `JobMessage` tells of a job."""
    own = {name: getattr(job, name) for name in JobMessage.model_fields if name not in ("links", "error")}
    place = f"/v1/jobs/{job.id}"
    return {
        **own,
        "metrics": {name: number(value) for name, value in job.metrics.items()},
        "error": job.error or None,
        "links": {"self": place, "events": f"{place}/events", "artifacts": f"{place}/artifacts"},
    }


def job_message(job: Job) -> JobMessage:
    """A job, without what it would take other look-ups to know."""
    return JobMessage(**job_fields(job))
