"""The reference of the events: the fields of each, and an example as `quickml run --json` prints it."""

from datetime import UTC, datetime
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from generator import NOTE
from generator.fields import table, wrapped
from quickml import events
from quickml.document.schema import field_texts

AT = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
FILE = events.FileRow(
    name="model.mlpackage",
    size_bytes=5121,
    sha256="9f86d081" * 8,
    kind="mlpackage",
    media_type="application/zip",
)

EXAMPLES: list[Any] = [
    events.Started(time=AT, name="iris", dataset="iris", epochs=100, seed=0),
    events.Warned(
        time=AT, pointer="/model/layer_0/dim", message="ignored: Conv2DLyr has no such argument"
    ),
    events.Built(
        time=AT, parameters=140, trainable_parameters=131, memory_bytes=5332, precision="float32",
        layers=(
            events.LayerRow(name="normalization", layer="Normalization", output_shape=(4,), parameters=9),
            events.LayerRow(name="dense", layer="Dense", output_shape=(16,), parameters=80),
            events.LayerRow(name="dense_1", layer="Dense", output_shape=(3,), parameters=51),
        ),
        train_samples=120, validation_samples=0, test_samples=30, seconds=2.1,
    ),
    events.Progress(
        time=AT, epoch=1, epochs=12, step=240, steps=469, samples_per_second=3728.9,
        metrics={"loss": 0.3581, "accuracy": 0.8891},
    ),
    events.Batches(time=AT, first=1, every=1, losses=(1.203, 1.187, 1.241, 1.098)),
    events.Snapshot(time=AT, frame=469, epoch=1, frames=17, size_bytes=31204),
    events.EpochEnded(
        time=AT, epoch=1, epochs=100, metrics={"loss": 1.0437, "accuracy": 0.5917}, learning_rate=0.01,
        seconds=0.5,
    ),
    events.Trained(
        time=AT, epochs=100, stopped=None, metrics={"loss": 0.2481, "accuracy": 0.9333}, seconds=0.9,
        baseline=events.BaselineRow(
            metric="accuracy", label="setosa", value=0.3333, model=0.9333, is_no_better=False
        ),
    ),
    events.Compressed(
        time=AT, file="model.mlpackage", weights="palettized-4", minimum_ios=16, size_bytes=611647,
        float32_bytes=4809428, accuracy=0.9906, mean_absolute_error=None, drop=0.0004, label_agreement=0.9987,
        flips=13, artifact="model.mlpackage", taken=True,
    ),
    events.Compiled(
        time=AT, files=(FILE,), skipped={},
        seconds=0.2,
    ),
    events.Verified(
        time=AT, folder="runs/iris-20260131T120000Z", files=(FILE,), seconds=0.4,
        parity=(
            events.Parity(
                file="model.mlpackage", samples=256, held_out=30, largest_difference=3.0e-7, tolerance=1e-4,
                label_agreement=1.0, accuracy=0.9333,
            ),
        ),
    ),
    events.Failed(
        time=AT, error="DocumentError",
        message="/dataset/name: expected a known dataset, found \"irs\"; did you mean 'iris'?",
        problems=(
            {
                "pointer": "/dataset/name", "expected": "a known dataset", "found": '"irs"',
                "hint": "did you mean 'iris'?", "subject": "",
            },
        ),
    ),
    events.Interrupted(time=AT, attempt=1, reason="the worker was killed (SIGKILL)"),
    events.Cancelled(time=AT),
]  # fmt: skip
RECORDS = (events.LayerRow, events.FileRow, events.Parity)
WORDS = {str: "text", bool: "true or false", int: "integer", float: "number", type(None): "null"}


def page() -> str:
    """docs/reference/events.md."""
    kinds = get_args(get_args(events.Event)[0])
    assert [type(example) for example in EXAMPLES] == list(kinds), "one example of each event, in their order"
    parts = [NOTE, "# Events", wrapped(events.__doc__).replace("*", r"\*"), _shared(), _meanings()]
    parts += [_event(example) for example in EXAMPLES]
    parts += [f"## {record.__name__}\n\n{wrapped(record.__doc__)}\n\n{_fields(record)}" for record in RECORDS]
    return "\n\n".join(parts) + "\n"


def _shared() -> str:
    return "Every event has a `type` and a `time` in UTC (ISO 8601)."


def _meanings() -> str:
    rows = [
        [f"[`{name}`](#{name})", says.stage or "any", f"`{says.status}`" if says.status else "unchanged"]
        for name, says in events.MEANINGS.items()
    ]
    return table(["event", "stage", "job status after the event"], rows)


def _event(example: events.Event) -> str:
    cls = type(example)
    line = f"```json\n{example.to_json()}\n```"
    parts = [f"## {example.type}", wrapped(cls.__doc__), _fields(cls), line]
    return "\n\n".join(part for part in parts if part)


def _fields(cls: type[BaseModel]) -> str:
    texts = field_texts(cls)  # type: ignore[arg-type]  # it reads any class
    rows = [
        [f"`{name}`", _kind(field.annotation), texts.get(name, "").replace("None", "null")]
        for name, field in cls.model_fields.items()
        if name not in ("type", "time")
    ]
    return table(["field", "value", "meaning"], rows) if rows else ""


def _kind(annotation: Any) -> str:
    """Describe a type in words."""
    if annotation in WORDS:
        return WORDS[annotation]
    if annotation in RECORDS:
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(annotation))
    inner = [argument for argument in get_args(annotation) if argument is not Ellipsis]
    if get_origin(annotation) is tuple:
        return f"a list of {_kind(inner[0]).replace('an object', 'objects').replace('integer', 'integers')}"
    if get_origin(annotation) is dict:
        return (
            "an object of texts"
            if inner[1] is str
            else "an object of numbers (null stands for NaN or infinity)"
        )
    return " or ".join(map(_kind, inner))
