"""Estimates of durations from measured trainings: right for what is known, honest about what is not."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quickml.datasets import DatasetInfo, Described, PicturesReference
from quickml.datasets.data import PART_BYTES
from quickml.document import understand
from quickml.estimate import Measured, Past, TrainingWork, estimate
from quickml.estimate.memory import data_bytes
from quickml.estimate.seconds import LEAST_SPREAD, parts, seconds
from served import ROOT

EXAMPLES = {
    path.stem: understand(json.loads(path.read_text()))
    for path in (
        *sorted((ROOT / "examples").glob("*.json")),
        ROOT / "mnist_cnn.json",  # an example has the same name
        ROOT / "iris_spec.json",
    )
}
WORKS = {name: TrainingWork.of(plan) for name, plan in EXAMPLES.items()}


def another_machine(work, noise=1.0):
    """Convolutions take twice as long as calculated, recurrent steps half as long."""
    start, layers, turns, update, product, values = parts(work)
    training_s = start + layers + turns / 2 + update + 2 * product + 2 * values
    return Measured(work=work, training_s=training_s * noise, other_s=5.0)


def of(work, history):
    return seconds(work, Past(history), least_epochs=work.epochs, max_s=None)


@pytest.mark.parametrize("name", WORKS)
def test_a_training_that_ran_before_takes_as_long_again(name):
    history = [another_machine(work) for work in WORKS.values()]
    found = of(WORKS[name], [*history, another_machine(WORKS[name])])
    assert found.training == pytest.approx(another_machine(WORKS[name]).training_s, rel=0.35)
    assert found.low < another_machine(WORKS[name]).training_s + 5.0 < found.high


@pytest.mark.parametrize("name", WORKS)
def test_trainings_of_others_help(name):
    others = [another_machine(replace(work, epochs=work.epochs + 1)) for work in WORKS.values()]
    true_s = another_machine(WORKS[name]).training_s
    assert abs(math.log(of(WORKS[name], others).training / true_s)) <= max(
        abs(math.log(of(WORKS[name], []).training / true_s)), 0.3
    )


def test_the_range_narrows_with_what_is_known():
    work = WORKS["mnist_cnn"]
    widths = []
    for count in (0, 1, 3, 20):
        found = of(work, [another_machine(work)] * count)
        assert found.based_on == count
        widths.append(found.high / found.low)
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 9
    assert widths[-1] < math.exp(4 * LEAST_SPREAD)


def test_a_single_outlier_changes_little():
    work = WORKS["waves_lstm"]
    usual = [another_machine(work)] * 5
    odd = of(work, [*usual, another_machine(work, noise=30)])
    assert odd.training == pytest.approx(of(work, usual).training, rel=0.1)


def test_limits_and_early_stopping():
    document = json.loads((ROOT / "mnist_cnn.json").read_text())
    training = {**document["training"], "epochs": 100, "validation_fraction": 0.1}
    whole = estimate(understand({**document, "training": training})).seconds
    limited = {**training, "max_seconds": 7}
    assert estimate(understand({**document, "training": limited})).seconds.training == 7
    assert estimate(understand({**document, "training": training}), max_s=5).seconds.training == 5
    stopped = {**training, "early_stopping": {"patience": 4}}
    early = estimate(understand({**document, "training": stopped})).seconds
    assert early.training == pytest.approx(whole.training, rel=0.2)
    assert early.low < whole.low / 5


@given(
    st.lists(st.tuples(st.sampled_from(sorted(WORKS)), st.floats(0, 1e6), st.floats(0, 1e6)), max_size=12),
    st.sampled_from(sorted(WORKS)),
)
def test_no_history_gives_nonsense(measured, name):
    history = [Measured(work=WORKS[key], training_s=a, other_s=b) for key, a, b in measured]
    found = of(WORKS[name], history)
    assert 0 < found.low <= found.total <= found.high < math.inf


def test_more_work_takes_longer():
    history = [another_machine(work) for work in WORKS.values()]
    for work in WORKS.values():
        assert (
            of(replace(work, epochs=10 * work.epochs), history).training
            > 2 * of(work, history).training * 0.5
        )


def test_work_is_read_back_and_nothing_else_is():
    work = WORKS["mnist_cnn"]
    stored = work.to_json()
    assert TrainingWork.from_json(stored) == work
    for damaged in (
        {},
        {**stored, "layers": "9"},
        {**stored, "more": 1},
        {**stored, "epochs": 0},
        {**stored, "turns": -1},
    ):
        assert TrainingWork.from_json(damaged) is None


def test_the_work_of_a_known_network():
    work = WORKS["mnist_cnn"]
    first, second, dense = 26 * 26 * 9 * 32, 24 * 24 * 9 * 32 * 64, 12 * 12 * 64 * 128 + 128 * 10
    assert work.multiply_adds == first + second + 24 * 24 * 64 + dense
    assert (work.turns, WORKS["waves_lstm"].turns) == (0, 25)  # pooling halves the 50 steps


def pictures_plan(train):
    reference = PicturesReference(
        file="fruit.zip", sha256="0" * 64, size=(96, 96), labels=("a", "b"), channels=3
    )
    info = DatasetInfo(
        name="pictures",
        title="t",
        source="s",
        kind="image",
        shape=(96, 96, 3),
        labels=("a", "b"),
        sizes=(train, 100),
        is_mapped=True,
    )

    class Files:
        def describe(self, given):
            return Described(info=info, reference=given)

    layers = [{"type": "Flatten"}, {"type": "Dense", "units": 2, "activation": "softmax"}]
    document = {"name": "t", "dataset": reference.model_dump(mode="json"), "model": {"layers": layers}}
    return understand(document, Files())


def test_samples_in_memory_are_counted_twice_and_those_on_the_disk_in_parts_only():
    assert data_bytes(understand(json.loads((ROOT / "mnist_cnn.json").read_text()))) == 2 * 70_000 * 784
    few, many, more = (data_bytes(pictures_plan(count)) for count in (100, 50_000, 500_000))
    assert few == 2 * 100 * 96 * 96 * 3
    assert many == more == 4 * PART_BYTES
    small, large = (estimate(pictures_plan(count)).memory_bytes for count in (100, 500_000))
    assert large - small == many - few
