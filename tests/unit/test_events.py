"""Events: JSON and back."""

import json
import math

import pytest

from quickml import events

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
    events.EpochEnded(epoch=1, epochs=3, metrics={"loss": 0.5}, learning_rate=0.01, seconds=0.1),
    events.Trained(epochs=3, stopped=None, metrics={"loss": 0.5, "accuracy": 1.0}, seconds=1.0),
    events.Compressed(
        file="model.mlmodel", weights="int8", minimum_ios=13, size_bytes=5, float32_bytes=20, accuracy=0.9,
        mean_absolute_error=None, drop=0.01, label_agreement=0.98, taken=True,
    ),
    events.Compiled(files=(FILE,), skipped={"mlmodelc": "no"}, seconds=0.1),
    events.Verified(parity=(PARITY,), folder="runs/a", files=(FILE,), seconds=0.1),
    events.Failed(error="SpecError", message="bad", problems=({"pointer": "/a", "expected": "b", "found": "c"},)),
    events.Interrupted(attempt=1, reason="killed"),
    events.Cancelled(),
]  # fmt: skip


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.type)
def test_json_and_back(event):
    line = event.to_json()
    assert "\n" not in line
    assert json.loads(line)["type"] == event.type
    assert events.from_json(line) == event


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
    kinds = events.Event.__origin__.__args__
    assert {type(event) for event in EXAMPLES} == set(kinds)
