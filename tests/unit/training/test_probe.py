import numpy as np
import pytest

from quickml.datasets.columns import Column
from quickml.datasets.encoding import decode, encode
from quickml.training.probe import LEAST, LEAST_WITH_GAPS, MOST, probe_inputs


@pytest.fixture
def flowers():
    return np.random.default_rng(0).normal(5, 2, (30, 4)).astype(np.float32)


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), dtype=np.uint8)


def test_many_test_samples_are_taken_as_they_are():
    samples = np.arange(2000, dtype=np.float32).reshape(1000, 2)
    inputs, held_out = probe_inputs(samples, 0)
    assert held_out == MOST
    np.testing.assert_array_equal(inputs, samples[:MOST])


def test_between_the_bounds_nothing_is_varied():
    inputs, held_out = probe_inputs(np.zeros((300, 2), np.float32), 0)
    assert (len(inputs), held_out) == (300, 300)


def test_few_are_filled_up_with_varied_ones(flowers):
    inputs, held_out = probe_inputs(flowers, 0)
    assert (len(inputs), held_out, inputs.dtype) == (LEAST, 30, np.float32)
    np.testing.assert_array_equal(inputs[:30], flowers)
    assert len(np.unique(inputs, axis=0)) == LEAST


def test_varied_ones_stay_in_range(flowers, pictures):
    for samples in (flowers, pictures):
        inputs, _ = probe_inputs(samples, 0)
        assert (inputs >= samples.min(axis=0)).all()
        assert (inputs <= samples.max(axis=0)).all()


def test_varied_pictures_are_whole_pixels(pictures):
    inputs, held_out = probe_inputs(pictures, 0)
    assert (inputs.dtype, inputs.shape, held_out) == (np.uint8, (LEAST, 8, 8, 1), 40)


def test_the_seed_decides(flowers):
    np.testing.assert_array_equal(probe_inputs(flowers, 1)[0], probe_inputs(flowers, 1)[0])
    assert (probe_inputs(flowers, 1)[0] != probe_inputs(flowers, 2)[0]).any()


def test_a_single_sample_is_enough():
    inputs, held_out = probe_inputs(np.array([[1.5, 2.5]], np.float32), 0)
    assert (len(inputs), held_out) == (LEAST, 1)
    assert (inputs == inputs[0]).all()


COLUMNS = (
    Column(name="a", type="number", replacement=3.5),
    Column(name="b", type="category", values=("x", "y", "z")),
    Column(name="c", type="number"),
)


def rows(count):
    random = np.random.default_rng(0)
    values = [
        {"a": random.normal(), "b": str(random.choice(["x", "y"])), "c": random.normal()}
        for _ in range(count)
    ]
    return encode(COLUMNS, values)


@pytest.mark.parametrize("count", [1, 30, 300, 1000])
def test_of_a_table_there_are_always_rows_with_missing_values(count):
    samples = rows(count)
    inputs, held_out = probe_inputs(samples, 0, COLUMNS)
    assert (held_out, inputs.dtype) == (min(count, MOST), np.float32)
    assert len(inputs) == max(LEAST, held_out + LEAST_WITH_GAPS)
    np.testing.assert_array_equal(inputs[:held_out], samples[:held_out])
    varied = inputs[held_out:]
    assert (varied[:, 0] == 3.5).sum() >= 2
    assert (varied[:, 1:4].sum(axis=1) == 0).sum() >= 2
    assert set(np.unique(varied[:, 1:4])) <= {0.0, 1.0}
    assert (varied[:, 1:4].sum(axis=1) <= 1).all()
    np.testing.assert_array_equal(encode(COLUMNS, decode(COLUMNS, inputs)), inputs)
