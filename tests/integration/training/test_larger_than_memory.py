"""Samples that are read part by part give the very same model as samples in memory."""

import numpy as np
import pytest

from checkpointing import OPTIONS, digest, learn
from quickml.datasets import mapped
from quickml.datasets.data import Data
from quickml.training import samples
from quickml.training.samples import ReadSamples, ResidentSamples, samples_of
from small_training import HIDDEN, make_plan, out, pictures, slope

PICTURE_BYTES, BATCH = 64, OPTIONS["batch_size"]


@pytest.fixture
def part_by_part(monkeypatch):
    """Everything is too large for the memory, and a part has three batches of pictures."""
    monkeypatch.setattr(samples, "RESIDENT_BYTES", 0)
    monkeypatch.setattr(mapped, "PART_BYTES", 3 * BATCH * PICTURE_BYTES + 5)


def from_disk(data, folder):
    arrays = {}
    for name in ("x_train", "x_test"):
        np.save(folder / f"{name}.npy", getattr(data, name))
        arrays[name] = np.load(folder / f"{name}.npy", mmap_mode="r")
    return Data(y_train=data.y_train, y_test=data.y_test, **arrays)


def history(trained):
    return [{key: value for key, value in row.items() if key != "seconds"} for row in trained.history]


@pytest.fixture(scope="module")
def resident(tmp_path_factory):
    return learn(tmp_path_factory.mktemp("resident"), kept=False)[1]


def same(trained, resident):
    assert digest(trained) == digest(resident)  # weights and film
    assert history(trained) == history(resident)
    assert trained.metrics == resident.metrics
    assert trained.predictions.tobytes() == resident.predictions.tobytes()
    np.testing.assert_array_equal(trained.probe.inputs, resident.probe.inputs)
    np.testing.assert_array_equal(trained.probe.expected, resident.probe.expected)


def test_the_model_is_the_same_bit_by_bit(tmp_path, resident, part_by_part):
    same(learn(tmp_path, data=from_disk(pictures(), tmp_path), kept=False)[1], resident)


def test_so_is_one_that_was_broken_off_and_gone_on_with_in_another_way(tmp_path, resident, monkeypatch):
    """It begins in memory and ends from the disk, with parts that end elsewhere."""
    learn(tmp_path, leave=lambda event: event.type == "epoch" and event.epoch == 2)
    monkeypatch.setattr(samples, "RESIDENT_BYTES", 0)
    monkeypatch.setattr(mapped, "PART_BYTES", 7 * BATCH * PICTURE_BYTES)
    data = from_disk(pictures(), tmp_path)
    events, _ = learn(tmp_path, data=data, leave=lambda event: event.type == "epoch" and event.epoch == 4)
    assert [event.epoch for event in events if event.type == "epoch"] == [3, 4]
    same(learn(tmp_path, data=data)[1], resident)


def test_measured_statistics_are_the_same(tmp_path, part_by_part, monkeypatch):
    layers = [{"type": "Normalization"}, HIDDEN, out(1, "linear"), {"type": "Normalization", "invert": True}]
    plan = make_plan("diabetes", layers, epochs=3, precision="float32")
    read = learn(tmp_path, plan, from_disk(slope(), tmp_path), kept=False)[1]
    monkeypatch.undo()
    same(read, learn(tmp_path, plan, slope(), kept=False)[1])


def test_small_data_is_kept_in_memory(tmp_path):
    data = from_disk(pictures(), tmp_path)
    kept = samples_of(data.x_train, data.y_train, BATCH)
    assert isinstance(kept, ResidentSamples)
    np.testing.assert_array_equal(kept.span(np.arange(200, dtype=np.int32), 0).inputs.numpy(), data.x_train)
    large = np.broadcast_to(np.uint8(0), (257, 1 << 20))
    found = samples_of(large, np.zeros(257, np.int32), BATCH)
    assert isinstance(found, ReadSamples)
    found.close()


def test_spans_have_the_samples_of_their_steps_in_any_order_of_calls(part_by_part):
    data = pictures()
    read = ReadSamples(data.x_train, data.y_train, BATCH)
    orders = [np.random.default_rng(seed).permutation(198).astype(np.int32) for seed in range(2)]
    for order, step in [(0, 0), (0, 2), (0, 3), (0, 48), (1, 48), (1, 0), (0, 4), (0, 4), (0, 1), (0, 49)]:
        span = read.span(orders[order], step)
        assert span.steps == min(3 - step % 3, 50 - step)
        chosen = span.order[span.first * BATCH :][:BATCH]
        wanted = orders[order][step * BATCH :][:BATCH]
        np.testing.assert_array_equal(span.inputs.numpy()[chosen], data.x_train[wanted])
        np.testing.assert_array_equal(span.targets.numpy()[chosen], data.y_train[wanted])
    read.close()


@pytest.fixture
def gathered(monkeypatch):
    """The indices of each part that is read."""
    chosen, work = [], samples.gathered
    monkeypatch.setattr(samples, "gathered", lambda array, some: chosen.append(some) or work(array, some))
    return chosen


def test_the_first_part_of_what_comes_next_is_read_ahead(part_by_part, gathered):
    data = pictures()
    read = ReadSamples(data.x_train, data.y_train, BATCH)
    order, then = (np.random.default_rng(seed).permutation(198).astype(np.int32) for seed in range(2))
    size = 3 * BATCH
    for step in (45, 48, 49):
        read.span(order, step, then)
    inputs = read.span(then, 0).inputs.numpy()
    read.close()
    np.testing.assert_array_equal(inputs, data.x_train[then[:size]])
    wanted = [order[15 * size : 16 * size], order[16 * size :], then[:size]]
    assert [part.tolist() for part in gathered[:3]] == [part.tolist() for part in wanted]


def test_each_part_is_read_once_in_an_epoch_and_none_for_an_epoch_that_does_not_come(
    tmp_path, part_by_part, gathered
):
    data = from_disk(pictures(), tmp_path)
    for fraction, parts in ((0.2, -(-160 // 12) + -(-40 // 12)), (0.0, -(-200 // 12))):
        training = {"epochs": 3, "batch_size": BATCH, "validation_fraction": fraction}
        learn(tmp_path, make_plan("digits", [{"type": "Flatten"}, out(10)], **training), data, kept=False)
        assert len(gathered) == 3 * parts
        gathered.clear()
