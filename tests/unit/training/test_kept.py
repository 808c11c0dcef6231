"""A finished training in a file."""

import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from quickml.errors import CheckpointError
from quickml.model import Probe, TrainedModel
from quickml.training.device import CPU, TrainingDevice
from quickml.training.kept import keep, load
from small_training import make_plan

WEIGHTS = {"dense": {"kernel": np.ones((2, 3), np.float32), "a/bias": np.zeros(3, np.float32)}}


def trained():
    nothing = np.zeros((0, 2), np.float32)
    return TrainedModel(
        plan=make_plan(), weights=WEIGHTS, history=({"epoch": 1, "loss": 0.5},), stopped="asked",
        precision="float32", metrics={}, predictions=nothing, confusion=None,
        probe=Probe(inputs=nothing, expected=nothing, truth=nothing, held_out=0),
        train_samples=1, validation_samples=0, seconds={"train": 2.0}, film=b"QMLFILM\x01...",
    )  # fmt: skip


def test_it_comes_back_as_it_was(tmp_path):
    kept = load(keep(trained(), "a", [tmp_path]))
    assert kept.plan.document == trained().plan.document
    assert (kept.history, kept.stopped, kept.seconds) == (
        ({"epoch": 1, "loss": 0.5},),
        "asked",
        {"train": 2.0},
    )
    assert kept.film == trained().film
    assert kept.device == CPU
    on_gpu = replace(trained(), accelerator="gpu", device="NVIDIA A10G")
    assert load(keep(on_gpu, "b", [tmp_path])).device == TrainingDevice(kind="gpu", name="NVIDIA A10G")
    assert {layer: set(some) for layer, some in kept.weights.items()} == {"dense": {"kernel", "a/bias"}}
    assert np.array_equal(kept.weights["dense"]["kernel"], np.ones((2, 3)))


def test_losses_that_are_not_finite_come_back(tmp_path):
    history = ({"epoch": 1, "loss": float("nan")}, {"epoch": 2, "loss": float("inf")})
    kept = load(keep(replace(trained(), history=history), "a", [tmp_path]))
    assert repr(kept.history) == repr(history)


def test_the_first_folder_that_can_be_written_is_used_and_no_file_replaced(tmp_path):
    places = [tmp_path / "missing", tmp_path]
    assert [keep(trained(), "a", places).name for _ in range(2)] == ["a.trained", "a-2.trained"]
    assert keep(trained(), "a", places[:1]) is None


def arrays():
    buffer = io.BytesIO()
    np.savez(buffer, a=np.ones(2))
    return buffer.getvalue()


def with_facts(**others):
    """A kept training whose facts are changed."""

    def write(path):
        packed = dict(np.load(path.with_name("a.trained")))
        facts = json.loads(packed["facts"].tobytes()) | others
        packed["facts"] = np.frombuffer(json.dumps(facts).encode(), np.uint8)
        with path.open("wb") as stream:
            np.savez(stream, **packed)

    return write


def compressed(path):
    """A small file that is large in memory."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("facts.npy", bytes(10**7))


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("{}"),
        lambda path: path.write_bytes(arrays()),
        lambda path: path.write_bytes(path.with_name("a.trained").read_bytes()[:-40]),
        compressed,
        with_facts(seconds=3),
        with_facts(seconds={}),
        with_facts(history=[{"loss": "x"}]),
        with_facts(precision="x"),
        with_facts(accelerator="x"),
        with_facts(device=3),
        with_facts(plan="{}"),
    ],
    ids=[
        "empty",
        "text",
        "other arrays",
        "cut off",
        "compressed",
        "a number of seconds",
        "no seconds",
        "words in the history",
        "no precision",
        "no accelerator",
        "no device",
        "no plan",
    ],
)
def test_another_file_is_refused(tmp_path, write):
    keep(trained(), "a", [tmp_path])
    write(tmp_path / "b")
    with pytest.raises(CheckpointError, match=r"b: expected a trained model that `quickml run` kept"):
        load(tmp_path / "b")


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(CheckpointError, match=r"a: cannot be read \(No such file"):
        load(tmp_path / "a")
