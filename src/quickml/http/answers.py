"""Records of the service as messages of the API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic_core import to_json

from quickml.api import routes
from quickml.api.artifacts import AnsweringFile, ArtifactMessage, MemberMessage, PackageMessage
from quickml.api.explanations import ExplanationFacts, ExplanationMap, ExplanationMessage, OcclusionBaseline
from quickml.api.interface import InterfaceMessage
from quickml.api.jobs import ChangeMessage, JobDetails, JobMessage
from quickml.api.operations import DiskSpace, Readiness, SeatCounts, WorkerCounts
from quickml.api.predictions import PredictionMessage
from quickml.document.text import bounded, parse
from quickml.events import Event, from_another_version
from quickml.service import (
    MEMBER,
    Artifact,
    Change,
    Explanation,
    FileDescription,
    Health,
    Job,
    Lack,
    Lifetimes,
    Prediction,
    StoredEvent,
)

_ZIP = ".zip"
PIECE = 4096
"""Number of values that are written at a time."""


def job_message(job: Job, kept: Lifetimes) -> JobMessage:
    """A job, without what would take further look-ups."""
    return JobMessage(**_job_fields(job, kept))


def job_details(
    job: Job, kept: Lifetimes, artifacts: Sequence[Artifact], *, ahead: int | None, lacks: Lack | None
) -> JobDetails:
    """A job with its document, its files, its place in the queue and what it lacks there."""
    document = bounded(parse(job.document)[0])
    return JobDetails(
        **_job_fields(job, kept),
        document=document,
        artifacts=artifact_messages(artifacts),
        ahead=ahead,
        lacks=lacks,
    )


def _job_fields(job: Job, kept: Lifetimes) -> dict[str, object]:
    others = ("links", "error", "delete_at", "delete_files_at")
    own = {name: getattr(job, name) for name in JobMessage.model_fields if name not in others}
    links = {
        "self": routes.JOB,
        "events": routes.JOB_EVENTS,
        "frames": routes.JOB_FRAMES,
        "artifacts": routes.JOB_ARTIFACTS,
    }
    filled = {name: routes.address(route, job_id=job.id) for name, route in links.items()}
    times = {"delete_at": kept.delete_at(job), "delete_files_at": kept.delete_files_at(job)}
    return {**own, **times, "error": job.error or None, "links": filled}


def artifact_url(artifact: Artifact) -> str:
    """The path of a file on the server."""
    return routes.address(routes.FILE, sha256=artifact.sha256, filename=artifact.name)


def artifact_messages(artifacts: Sequence[Artifact]) -> tuple[ArtifactMessage, ...]:
    """The files of a job; those in packages inside the messages of the packages' zips."""
    members = [file for file in artifacts if file.kind == MEMBER]
    return tuple(_artifact(file, members) for file in artifacts if file.kind != MEMBER)


def _artifact(artifact: Artifact, members: Sequence[Artifact]) -> ArtifactMessage:
    fields = {name: value for name, value in vars(artifact).items() if name in ArtifactMessage.model_fields}
    folder = artifact.name.removesuffix(_ZIP)
    inside = [file for file in members if file.name.startswith(f"{folder}/")]
    package = _package(folder, inside) if artifact.name != folder and inside else None
    return ArtifactMessage(**fields, url=artifact_url(artifact), package=package)


def _package(name: str, members: Sequence[Artifact]) -> PackageMessage:
    files = tuple(
        MemberMessage(
            path=file.name.removeprefix(f"{name}/"),
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            url=artifact_url(file),
        )
        for file in members
    )
    return PackageMessage(name=name, size_bytes=sum(file.size_bytes for file in files), files=files)


def answering_file(file: Artifact) -> AnsweringFile:
    """The file that has answered."""
    return AnsweringFile(name=file.name, size_bytes=file.size_bytes, sha256=file.sha256)


def interface_message(file: Artifact, found: FileDescription) -> InterfaceMessage:
    """What a file says about itself."""
    return InterfaceMessage.model_validate({**found.to_dict(), "file": answering_file(file)})


def explanation_facts(file: Artifact, found: Explanation) -> ExplanationFacts:
    """An explanation without its maps."""
    return ExplanationFacts(
        file=answering_file(file),
        part=found.part,
        size=found.size,
        starts=found.starts,
        baseline=OcclusionBaseline(name=found.baseline, values=found.baseline_values),
        values=found.values,
        labels=found.labels,
    )


def explanation_message(file: Artifact, found: Explanation) -> ExplanationMessage:
    """An explanation."""
    return ExplanationMessage(
        **dict(explanation_facts(file, found)),
        maps=tuple(
            ExplanationMap(shape=one.shape, values=tuple(one.reshape(-1).tolist())) for one in found.maps
        ),
    )


def prediction_pieces(found: Sequence[Prediction]) -> Iterator[bytes]:
    """`Predictions` as JSON, in pieces, since there may be a million numbers."""
    yield b'{"predictions":['
    for index, one in enumerate(found):
        message = PredictionMessage(
            label=one.label, probabilities=one.probabilities, targets=one.targets, values=tuple(one.values)
        )
        yield b"," if index else b""
        yield message.model_dump_json(exclude={"activations"}).encode()[:-1] + b',"activations":{'
        for number, (name, layer) in enumerate(one.activations.items()):
            yield b"," if number else b""
            yield to_json(name) + b':{"shape":' + to_json(layer.shape) + b',"values":['
            for start in range(0, layer.values.size, PIECE):
                yield b"," if start else b""
                yield to_json(layer.values[start : start + PIECE].tolist(), inf_nan_mode="null")[1:-1]
            yield b"]}"
        yield b"}}"
    yield b"]}"


def change_message(change: Change) -> ChangeMessage | None:
    """A change of an owner's jobs; None if only another release can read its event."""
    fields: dict[str, object] = {"position": change.position, "job_id": change.job_id}
    if change.sequence <= 0:
        return ChangeMessage.model_validate({**fields, "change": change.type, "time": change.body})
    event = event_of(change)
    if event is None:
        return None
    return ChangeMessage.model_validate({**fields, "change": "event", "id": change.sequence, "event": event})


def event_of(stored: StoredEvent | Change) -> Event | None:
    """The event of a row; None if only another release can read it."""
    try:
        return from_another_version(stored.body)
    except ValueError:
        return None


def readiness(health: Health) -> Readiness:
    """The state of the service. Reasons are left out, since they may name paths; the log has them."""
    return Readiness(
        ready=health.is_ready,
        database="unusable" if health.database else "usable",
        files="unusable" if health.files else "usable",
        disk=DiskSpace(free_bytes=health.free_bytes, needed_bytes=health.needed_bytes),
        workers=WorkerCounts(
            trouble=bool(health.trouble),
            **{state.value: count for state, count in sorted(health.workers.items())},
        ),
        queued=health.queued,
        seats=SeatCounts(all=health.seats.all, free=health.seats.free),
    )
