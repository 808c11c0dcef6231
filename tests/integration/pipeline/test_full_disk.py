"""A disk that is full when the training ends: a real one, if tests may mount it."""

import itertools
import subprocess
from contextlib import suppress
from dataclasses import replace

import pytest

import rounds
from quickml import pipeline
from quickml.errors import CheckpointError, RoomError
from small_training import make_plan, out

WIDE = [{"type": "Dense", "units": 4000, "activation": "relu"}, out(2)]
"""Weights of 80 kB."""
ALL = ["mlmodel", "mlpackage", "onnx"]
EVERY = [*itertools.product([0, 2**14, 2**17], [["mlmodel"], ["mlpackage"], ALL])]


@pytest.fixture
def disk(tmp_path):
    """A disk of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"a disk is needed that can be filled, and there is no mount ({error})")
    if done.returncode:
        pytest.skip(f"a disk is needed that can be filled: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder, *, but_for):
    (folder / "full").write_bytes(b"")
    with suppress(OSError), (folder / "full").open("wb", buffering=0) as stream:
        while True:
            stream.write(bytes(4096))
    with (folder / "full").open("r+b") as stream:
        stream.truncate((folder / "full").stat().st_size - but_for)


@pytest.mark.parametrize(
    ("left_bytes", "formats"),
    rounds.choose(few=[(0, ALL), (2**14, ["mlpackage"]), (2**17, ["mlmodel"]), (2**17, ALL)], full=EVERY),
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_a_training_is_kept_where_there_is_room(disk, tmp_path, formats, left_bytes):
    """Libraries report a full disk in their own ways, in the middle of any file."""
    plan = make_plan("circles", WIDE, epochs=1)
    plan = _with_formats(plan, formats)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    run = pipeline.run(plan, disk / "result", keep_in=[disk, elsewhere])
    with pytest.raises(RoomError) as raised:
        for event in run:
            if event.type == "epoch":
                fill(disk, but_for=left_bytes)
    assert str(raised.value).startswith(f"{disk / 'result'}: expected at least ")
    (path,) = [*disk.glob("*.trained"), *elsewhere.iterdir()]
    assert raised.value.__notes__ == [f"the trained model is kept; export it with: quickml export {path}"]
    assert {one.name for one in disk.iterdir()} <= {"full", "result.trained"}, "the draft is removed"

    kept = pipeline.read_kept(path)
    told = [event.type for event in pipeline.run(kept.plan, tmp_path / "later", kept=kept)]
    assert told == ["started", "built", "trained", "compiled", "verified"]


def _with_formats(plan, formats):
    from quickml.document import understand

    document = plan.document.model_dump(mode="json", exclude_none=True)
    return understand({**document, "export": {"formats": formats}})


def test_nothing_is_kept_of_a_training_that_nobody_can_export_later(disk):
    """A server has checkpoints. Its workers know this error for one that no job is to blame for."""
    run = pipeline.run(make_plan("circles", WIDE, epochs=1), disk / "result")
    with pytest.raises(RoomError):
        for event in run:
            if event.type == "epoch":
                fill(disk, but_for=0)
    assert [one.name for one in disk.iterdir()] == ["full"]


def test_a_training_that_cannot_be_kept_anywhere(disk):
    run = pipeline.run(make_plan("circles", WIDE, epochs=1), disk / "result", keep_in=[disk, disk / "none"])
    with pytest.raises(RoomError) as raised:
        for event in run:
            if event.type == "epoch":
                fill(disk, but_for=0)
    assert raised.value.__notes__ == [
        f"the trained model could not be kept in {disk}, {disk / 'none'} either"
    ]


def test_the_weights_of_another_model_are_refused(tmp_path):
    from quickml.training.kept import keep
    from untrained import plan_of, untrained

    trained = untrained(plan_of({"type": "Dense", "units": 3, "activation": "softmax"}))
    fitted = replace(trained, seconds={"train": 1.0})
    path = keep(fitted, "a", [tmp_path])
    kept = pipeline.read_kept(path)
    with pytest.raises(CheckpointError, match="the kept model: expected the weights of its document"):
        list(pipeline.run(make_plan("circles", WIDE), tmp_path / "result", kept=kept))
