"""Events: JSON and back."""

import json
import math

import pytest

from quickml import events
from quickml.cli.display.sentences import sentence
from quickml.events import MEANINGS, RUNNING, TERMINAL, Stage, Status, meaning
from quickml.jobs.job import TRANSITIONS

FILE = events.FileRow(name="model.mlmodel", size_bytes=5, sha256="ab")
PARITY = events.Parity(
    file="model.mlmodel", samples=256, held_out=30, largest_difference=1e-7, tolerance=1e-4,
    label_agreement=1.0, accuracy=None,
)  # fmt: skip
EXAMPLES = [
    events.Started(name="a", dataset="iris", epochs=3, seed=0),
    events.Warned(pointer="/x", message="ignored"),
    events.Built(
        layers=(events.LayerRow(name="dense", layer="Dense", output_shape=(3,), parameters=15),), parameters=15,
        trainable_parameters=15, memory_bytes=60, precision="float32", train_samples=120, validation_samples=0,
        test_samples=30, seconds=0.5,
    ),
    events.Progress(epoch=1, epochs=3, step=2, steps=8, samples_per_second=10.0, metrics={"loss": 0.5}),
    events.Batches(first=65, every=2, losses=(0.5, 0.4375)),
    events.Snapshot(frame=8, epoch=1, frames=2, size_bytes=700),
    events.EpochEnded(epoch=1, epochs=3, metrics={"loss": 0.5}, learning_rate=0.01, seconds=0.1),
    events.Trained(
        epochs=3, stopped=None, metrics={"loss": 0.5, "accuracy": 1.0}, seconds=1.0,
        baseline=events.BaselineRow(
            metric="accuracy", label="no", value=0.5, model=1.0, is_no_better=False
        ),
    ),
    events.Compressed(
        file="model.mlmodel", weights="int8", minimum_ios=13, size_bytes=5, float32_bytes=20, accuracy=0.9,
        mean_absolute_error=None, drop=0.01, label_agreement=0.98, flips=2, taken=True,
    ),
    events.Compiled(files=(FILE,), skipped={"mlmodelc": "no"}, seconds=0.1),
    events.Verified(parity=(PARITY,), folder="runs/a", files=(FILE,), seconds=0.1),
    events.Failed(error="DocumentError", message="bad", problems=({"pointer": "/a", "expected": "b", "found": "c"},)),
    events.Interrupted(attempt=1, reason="killed"),
    events.Cancelled(),
]  # fmt: skip
KINDS = events.Event.__origin__.__args__


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.type)
def test_json_and_back(event):
    line = event.to_json()
    assert "\n" not in line
    assert json.loads(line)["type"] == event.type
    assert events.from_json(line) == event


def test_what_an_older_version_says_of_compression_is_read():
    (told,) = (event for event in EXAMPLES if event.type == "compressed")
    older = {name: value for name, value in json.loads(told.to_json()).items() if name != "flips"}
    assert events.from_json(json.dumps(older)) == told.model_copy(update={"flips": None})


def test_a_loss_that_is_no_number_is_null():
    event = events.EpochEnded(
        epoch=1, epochs=1, metrics={"loss": math.nan, "accuracy": math.inf}, learning_rate=0.1, seconds=1.0
    )
    assert json.loads(event.to_json())["metrics"] == {"loss": None, "accuracy": None}
    assert math.isnan(events.from_json(event.to_json()).metrics["loss"])


@pytest.mark.parametrize("line", ["", "{}", "[]", '{"type": "built"}', '{"type": "nothing"}'])
def test_what_is_no_event(line):
    with pytest.raises(ValueError, match="expected an event"):
        events.from_json(line)


def test_what_a_newer_version_tells_is_read_as_far_as_it_is_known():
    known = events.Cancelled()
    fields = json.loads(known.to_json())
    assert events.from_another_version(json.dumps({**fields, "mood": "sad"})) == known
    assert events.from_another_version(json.dumps({**fields, "type": "paused"})) is None
    with pytest.raises(ValueError, match="expected an event"):
        events.from_another_version('{"type": "started"}')


def test_every_kind_has_an_example():
    assert [type(event) for event in EXAMPLES] == list(KINDS)


def test_every_kind_has_a_row_in_the_table_of_meanings():
    assert [kind.model_fields["type"].default for kind in KINDS] == list(MEANINGS)


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.type)
def test_every_kind_has_a_sentence(event):
    name, _, text = sentence(event).partition(" ")
    assert name == event.type
    assert text.strip()


def test_the_statuses_after_events_may_follow_each_other():
    status = Status.BUILDING
    for says in MEANINGS.values():
        if says.ends_stage:
            assert says.status in TRANSITIONS[status]
            status = says.status
    assert status is Status.READY
    for says in MEANINGS.values():
        if says.status is not None and not says.ends_stage:
            assert all(says.status in TRANSITIONS[running] for running in RUNNING)


def test_each_stage_ends_with_one_event_that_has_its_seconds():
    ends = {says.stage: kind for kind, says in zip(KINDS, MEANINGS.values(), strict=True) if says.ends_stage}
    assert list(ends) == list(Stage)
    assert all("seconds" in kind.model_fields for kind in ends.values())


def test_the_last_events_are_those_with_a_terminal_status():
    last = {type_ for type_, says in MEANINGS.items() if says.is_last}
    assert last == {"verified", "failed", "cancelled"}
    assert {MEANINGS[type_].status for type_ in last} == TERMINAL


def test_an_event_of_a_newer_version_changes_nothing():
    assert not meaning("paused").is_last
    assert meaning("paused").status is None
