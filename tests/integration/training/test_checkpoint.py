"""A training that was broken off goes on from its checkpoint, and ends with the very same weights."""

import os
import random
import signal
import subprocess
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

import checkpointing
from checkpointing import LAYERS, OPTIONS, digest, learn
from quickml.errors import CheckpointError
from quickml.training.checkpoint_policy import CheckpointPolicy
from quickml.training.train import train
from small_training import make_plan, out, pictures, rings, sequences


def figures(trained):
    """The history without its times."""
    return [{key: value for key, value in entry.items() if key != "seconds"} for entry in trained.history]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    return learn(tmp_path_factory.mktemp("unbroken"), kept=False)[1]


def same(trained, unbroken):
    assert digest(trained) == digest(unbroken)
    for mine, theirs in zip(figures(trained), figures(unbroken), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-12)
    assert trained.stopped == unbroken.stopped
    assert trained.film == unbroken.film


# ------------------------------------------------------------------------------------------ going on

CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from checkpointing import digest, learn
def show(event):
    print(event.type, flush=True)
    return False
print("digest", digest(learn(Path(sys.argv[2]), leave=show)[1]), flush=True)
"""


def child(folder):
    here = str(Path(checkpointing.__file__).parent)
    path = os.pathsep.join([here, os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, here, str(folder)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        text=True,
    )


def test_killed_twice_in_mid_training_and_gone_on_with_it_ends_with_the_same_weights(tmp_path, unbroken):
    for epochs in (2, 1):  # the second time it began where the first one was broken off
        with child(tmp_path) as process:
            lines = (line for line in process.stdout if line == "epoch\n")
            assert len(list(islice(lines, epochs))) == epochs
            os.kill(process.pid, signal.SIGKILL)
        assert (tmp_path / "checkpoint.npz").is_file()
    with child(tmp_path) as process:
        words = process.stdout.read().split()
    assert words.count("epoch") < 6, "it did not begin again"
    assert words[-1] == digest(unbroken)


def test_left_between_two_epochs_it_goes_on_from_there(tmp_path, unbroken):
    """Checkpoints that are not due: leaving writes one."""
    told = []
    for last in (1, 4, None):
        events, trained = learn(
            tmp_path,
            every_s=1e9,
            leave=lambda event, last=last: event.type == "epoch" and event.epoch == last,
        )
        told.append([event.epoch for event in events if event.type == "epoch"])
    assert told == [[1], [2, 3, 4], [5, 6]]
    same(trained, unbroken)


def test_broken_off_within_an_epoch_it_goes_on_with_the_next_step(tmp_path):
    plan = make_plan(
        layers=[{"type": "Dropout", "rate": 0.2}, out()], epochs=2, batch_size=1, precision="float32"
    )
    data = rings(train=3000)
    _, unbroken = learn(tmp_path, plan, data, kept=False)
    events, _ = learn(tmp_path, plan, data, every_s=1e9, leave=lambda event: event.type == "progress")
    step = events[-1].step
    assert 0 < step < 3000
    events, trained = learn(tmp_path, plan, data)
    same(trained, unbroken)
    later = [event.step for event in events if event.type == "progress" and event.epoch == 1]
    assert all(other > step for other in later)


@pytest.mark.parametrize("optimizer", ["RMSprop", "Nadam"])
def test_every_optimizer_goes_on_as_if_nothing_had_been(tmp_path, optimizer):
    plan = make_plan(epochs=4, optimizer=optimizer, precision="float32")
    _, unbroken = learn(tmp_path, plan, rings(), kept=False)
    learn(tmp_path, plan, rings(), leave=lambda event: event.type == "epoch" and event.epoch == 2)
    events, trained = learn(tmp_path, plan, rings())
    assert [event.epoch for event in events if event.type == "epoch"] == [3, 4]
    same(trained, unbroken)


SEQUENCES = {
    "LSTM": {"type": "LSTM", "units": 4, "dropout": 0.2},
    "GRU": {"type": "GRU", "units": 4, "dropout": 0.2},
    "SimpleRNN": {"type": "SimpleRNN", "units": 4},
    "attention": {"type": "MultiHeadAttention", "num_heads": 2, "key_dim": 3},
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_layers_of_sequences_go_on_with_the_next_step(tmp_path, monkeypatch, name):
    """Within the first of two epochs, whose last batch is short."""
    from quickml.training import fit, quicker

    monkeypatch.setattr(quicker, "WORTH_UNROLLING", 0)
    monkeypatch.setattr(fit, "PROGRESS_EVERY_S", 0.0)
    pooled = [{"type": "LayerNormalization"}, {"type": "GlobalAveragePooling1D"}]
    layers = [
        {"type": "Dense", "units": 6},
        SEQUENCES[name],
        *(pooled if name == "attention" else []),
        out(4),
    ]
    waves = {"name": "waves", "num_samples": 100, "steps": 16}
    plan = make_plan(waves, layers, epochs=2, batch_size=12, precision="float32")
    data = sequences(train=plan.info.sizes[0])
    _, unbroken = learn(tmp_path, plan, data, kept=False)
    events, _ = learn(tmp_path, plan, data, every_s=1e9, leave=lambda event: event.type == "progress")
    assert (events[-1].epoch, events[-1].step) == (1, 2)
    events, trained = learn(tmp_path, plan, data)
    later = [event.step for event in events if event.type == "progress" and event.epoch == 1]
    assert all(step > 2 for step in later)
    same(trained, unbroken)


def test_early_stopping_that_was_over_stays_over(tmp_path):
    options = {
        "epochs": 200, "validation_fraction": 0.3, "batch_size": 4, "precision": "float32",
        "early_stopping": {"monitor": "val_loss", "patience": 2},
        "optimizer": {"type": "Adam", "learning_rate": 0.3},
    }  # fmt: skip
    plan = make_plan(**options)
    _, unbroken = learn(tmp_path, plan, rings(train=40), kept=False)
    last = len(unbroken.history)
    assert last < 200
    for at in (last - 1, last):
        learn(
            tmp_path,
            plan,
            rings(train=40),
            leave=lambda event, at=at: event.type == "epoch" and event.epoch == at,
        )
    events, trained = learn(tmp_path, plan, rings(train=40))
    assert not epochs(events)
    same(trained, unbroken)


def test_the_time_before_counts_towards_the_time_allowed(tmp_path):
    from quickml.training.checkpoint import Checkpoint, identity

    plan = make_plan(epochs=20, max_seconds=3600, precision="float32")
    learn(tmp_path, plan, rings(), leave=lambda event: event.type == "epoch" and event.epoch == 2)
    checkpoint = Checkpoint(CheckpointPolicy(path=tmp_path / "checkpoint.npz"), identity(plan, "float32"))
    position, state = checkpoint.load()
    assert 0 < position.elapsed_s < 3600
    checkpoint.save(replace(position, elapsed_s=3601.0), state)
    events, trained = learn(tmp_path, plan, rings())
    assert not epochs(events)
    assert trained.stopped == "max_seconds"
    assert len(trained.history) == 2


# ------------------------------------------------------------------------------- what is not gone on with


def kept_halfway(folder):
    learn(folder, leave=lambda event: event.type == "epoch" and event.epoch == 3)
    return folder / "checkpoint.npz"


def epochs(events):
    return [event.epoch for event in events if event.type == "epoch"]


def test_another_documents_checkpoint_is_not_taken(tmp_path):
    kept_halfway(tmp_path)
    events, _ = learn(tmp_path, make_plan("digits", LAYERS, **OPTIONS, seed=1))
    assert epochs(events)[0] == 1
    assert not [event for event in events if event.type == "warning"]


@pytest.mark.parametrize("place", ["__version__", "keras", "np"])
def test_another_versions_checkpoint_is_not_taken(tmp_path, monkeypatch, place):
    from types import SimpleNamespace

    from quickml.training import checkpoint

    kept_halfway(tmp_path)
    other = "0.0.0" if place == "__version__" else SimpleNamespace(__version__="0.0.0")
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, place, other)
        mine = checkpoint.identity(make_plan("digits", LAYERS, **OPTIONS), "float32")
    assert mine != checkpoint.identity(make_plan("digits", LAYERS, **OPTIONS), "float32")
    assert checkpoint.Checkpoint(CheckpointPolicy(path=tmp_path / "checkpoint.npz"), mine).load() is None


def test_a_damaged_checkpoint_is_told_of_and_not_taken(tmp_path, unbroken):
    path = kept_halfway(tmp_path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    events, trained = learn(tmp_path)
    warnings = [event.message for event in events if event.type == "warning"]
    assert len(warnings) == 1
    assert "damaged" in warnings[0]
    assert "starts from the beginning" in warnings[0]
    assert epochs(events)[0] == 1
    same(trained, unbroken)


def test_no_damage_is_mistaken_for_a_checkpoint(tmp_path):
    """Cut off anywhere, or with any byte changed: refused, or read as it was where the byte says nothing."""
    from quickml.training.checkpoint import Checkpoint, identity

    path = kept_halfway(tmp_path)
    content, belongs_to = path.read_bytes(), identity(make_plan("digits", LAYERS, **OPTIONS), "float32")
    checkpoint = Checkpoint(CheckpointPolicy(path=path), belongs_to)
    position, state = checkpoint.load()
    chance = random.Random(0)
    refused = 0
    for at in [0, 1, len(content) - 1, *chance.sample(range(len(content)), 120)]:
        changed = bytearray(content)
        changed[at] ^= 1 << chance.randrange(8)
        for damaged in (content[:at], bytes(changed)):
            path.write_bytes(damaged)
            try:
                found = checkpoint.load()
            except CheckpointError:
                refused += 1
                continue
            assert found is not None
            assert found[0] == position
            assert set(found[1]) == set(state)
            for owner, arrays in state.items():
                for mine, theirs in zip(found[1][owner], arrays, strict=True):
                    np.testing.assert_array_equal(mine, theirs)
    assert refused > 200


def test_a_checkpoint_that_would_need_pickle_is_not_opened(tmp_path):
    from quickml.training.checkpoint import Checkpoint

    path = tmp_path / "checkpoint.npz"
    np.savez(path, belongs_to=np.array([{"a": 1}], dtype=object))
    with pytest.raises(CheckpointError, match="damaged"):
        Checkpoint(CheckpointPolicy(path=path), "x").load()


# ------------------------------------------------------------------------------------------- the file


def test_a_full_disk_is_told_of_and_training_goes_on(tmp_path, unbroken, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    events, trained = learn(tmp_path)
    warnings = [event.message for event in events if event.type == "warning"]
    assert warnings
    assert all("No space left on device" in message for message in warnings)
    assert not (tmp_path / "checkpoint.npz").exists()
    same(trained, unbroken)


def test_without_its_time_having_come_nothing_is_written(tmp_path):
    learn(tmp_path, every_s=1e9)
    assert not list(tmp_path.iterdir())


def test_a_slow_disk_is_written_to_less_often(tmp_path, monkeypatch):
    from quickml.training import checkpoint

    times = iter([0.0, 100.0, 107.0])  # made; saving begins; it took 7 seconds
    monkeypatch.setattr(checkpoint, "perf_counter", lambda: next(times))
    position = checkpoint.Position(
        epoch=1,
        step=0,
        sums=(),
        epoch_s=0,
        elapsed_s=0,
        history=(),
        patience=(float("inf"), 0),
        losses=(1, [], [0, 0.0, 0]),
    )
    kept = checkpoint.Checkpoint(CheckpointPolicy(path=tmp_path / "c.npz"), "x")
    kept.save(position, {"model": []})
    times = iter([107 + 7 * checkpoint.SHARE - 1, 107 + 7 * checkpoint.SHARE])
    monkeypatch.setattr(checkpoint, "perf_counter", lambda: next(times))
    assert not kept.is_due()
    assert kept.is_due()
    assert kept.load() == (position, {"model": []})


def test_what_was_told_can_be_stored_before_anything_is_kept(tmp_path):
    """Otherwise a training could go on after an epoch that nobody was told of."""
    file, found = tmp_path / "checkpoint.npz", []

    def keep_up():
        found.append(file.stat().st_mtime_ns if file.exists() else None)

    work = train(
        make_plan("digits", LAYERS, **OPTIONS), pictures(),
        checkpoints=CheckpointPolicy(path=file, every_s=0.0, before=keep_up),
    )  # fmt: skip
    assert list(work)
    written = [*found, file.stat().st_mtime_ns]
    assert written[0] is None
    assert written[1:] == sorted(set(written[1:])), "one file after each call"
