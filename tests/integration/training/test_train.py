"""Training with real Keras, on small problems."""

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import small_training
from quickml.datasets.data import Data
from quickml.document import training
from quickml.errors import TrainingError
from quickml.training.train import never, train
from small_training import HIDDEN, make_plan, out, pictures, rings, slope


@pytest.fixture
def run(tmp_path):
    def run(plan, data, stop=never):
        work, events = train(plan, data, stop=stop), []
        while True:
            try:
                events.append(next(work))
            except StopIteration as end:
                trained, save = end.value
                save(tmp_path / "model.keras")
                return events, trained

    return run


# ------------------------------------------------------------------------------------- the whole stage


def test_a_run_from_built_to_trained(run, tmp_path):
    from quickml.training.backend import keras

    plan, data = (
        make_plan(epochs=60, batch_size=16, optimizer={"type": "Adam", "learning_rate": 0.02}),
        rings(),
    )
    events, trained = run(plan, data)
    assert [event.type for event in events if event.type not in ("progress", "batches", "snapshot")] == [
        "built",
        *["epoch"] * 60,
        "trained",
    ]
    assert events[0].train_samples == 90
    assert events[0].parameters == plan.graph.parameters.total
    assert [row.name for row in events[0].layers] == ["normalization", "dense", "dense_1"]
    assert events[-1].metrics == trained.metrics
    assert trained.metrics["accuracy"] > 0.9
    assert trained.stopped is None
    assert [entry["epoch"] for entry in trained.history] == list(range(1, 61))
    assert trained.history[-1]["loss"] < trained.history[0]["loss"] / 2
    assert set(trained.history[0]) == {"epoch", "loss", "accuracy", "learning_rate", "seconds"}
    assert trained.history[0]["learning_rate"] == 0.02
    assert set(trained.seconds) == {"build", "train", "evaluate"}
    assert {name: set(weights) for name, weights in trained.weights.items()} == {
        "normalization": {"mean", "variance", "count"},
        "dense": {"kernel", "bias"},
        "dense_1": {"kernel", "bias"},
    }
    saved = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(saved.predict(data.x_test, verbose=0), trained.predictions, atol=1e-6)


def test_the_evaluation_agrees_with_itself(run):
    data = rings()
    _, trained = run(make_plan(epochs=5), data)
    labels = trained.predictions.argmax(axis=1)
    assert trained.confusion.sum() == 40
    assert np.trace(trained.confusion) / 40 == trained.metrics["accuracy"] == np.mean(labels == data.y_test)
    assert trained.confusion[0, 1] == np.sum((data.y_test == 0) & (labels == 1))
    assert len(trained.probe.inputs) == len(trained.probe.expected) >= 256
    assert trained.probe.held_out == 40
    np.testing.assert_array_equal(trained.probe.inputs[:40], data.x_test)
    np.testing.assert_array_equal(trained.probe.expected[:40], trained.predictions)
    np.testing.assert_array_equal(trained.probe.truth, data.y_test)
    np.testing.assert_allclose(trained.probe.expected.sum(axis=1), 1, atol=1e-6)


def test_pictures_stay_bytes_and_bfloat16_ends_as_float32(run):
    layers = [
        {"type": "Conv2D", "filters": 8, "kernel_size": 3, "use_bias": False},
        {"type": "Normalization"},
        {"type": "BatchNormalization", "momentum": 0.8},
        {"type": "ReLU"},
        {"type": "Flatten"},
        {"type": "Dropout", "rate": 0.1},
        out(10),
    ]
    plan = make_plan("digits", layers, epochs=25, precision="mixed_bfloat16", validation_fraction=0.2)
    events, trained = run(plan, pictures())
    assert events[0].precision == trained.precision == "mixed_bfloat16"
    assert (trained.train_samples, trained.validation_samples) == (160, 40)
    assert trained.metrics["accuracy"] > 0.9
    assert trained.probe.inputs.dtype == np.uint8
    assert trained.probe.held_out == 300
    assert {w.dtype for layer in trained.weights.values() for w in layer.values()} == {np.dtype(np.float32)}
    assert trained.predictions.dtype == np.float32
    np.testing.assert_allclose(trained.predictions.sum(axis=1), 1, atol=1e-6)
    assert (trained.weights["batch_normalization"]["moving_mean"] != 0).any()
    assert (trained.weights["normalization"]["mean"] != 0).any()


def test_one_sigmoid_output_stands_for_two_classes(run):
    data = rings()
    plan = make_plan(
        layers=[HIDDEN, out(1, "sigmoid")], epochs=60, optimizer={"type": "Adam", "learning_rate": 0.02}
    )
    assert plan.document.training.loss == "binary_crossentropy"
    _, trained = run(plan, data)
    assert trained.metrics["accuracy"] > 0.9
    assert trained.predictions.shape == (40, 2)
    assert np.mean(trained.predictions.argmax(axis=1) == data.y_test) == trained.metrics["accuracy"]
    assert trained.probe.expected.shape[1] == 2
    np.testing.assert_allclose(trained.predictions.sum(axis=1), 1, atol=1e-6)


def test_a_regression_answers_in_its_own_unit(run):
    metrics = ["mean_absolute_error", "mean_squared_error", "root_mean_squared_error", "r2_score"]
    data = slope()
    plan = make_plan(
        "diabetes",
        [out(1, "linear")],
        epochs=40,
        optimizer={"type": "SGD", "learning_rate": 0.05},
        metrics=metrics,
    )
    _, trained = run(plan, data)
    error = trained.predictions[:, 0] - data.y_test
    assert trained.confusion is None
    assert trained.predictions.shape == (30, 1)
    assert trained.metrics["r2_score"] > 0.95
    assert trained.metrics["mean_absolute_error"] == pytest.approx(np.abs(error).mean(), rel=1e-5)
    assert trained.metrics["root_mean_squared_error"] == pytest.approx(
        math.sqrt(np.square(error).mean()), rel=1e-5
    )
    assert trained.metrics["loss"] == pytest.approx(np.square(error).mean() / data.y_train.var(), rel=1e-4)
    assert trained.weights["target_normalization"]["mean"][0] == pytest.approx(data.y_train.mean())


def test_memory_of_early_layers_names_and_branches(run):
    layers = [
        {**HIDDEN, "name": "left", "kernel_regularizer": {"l2": 0.01}},
        {**HIDDEN, "name": "right", "inputs": ["input"]},
        {"type": "Add", "inputs": ["left", "right"]},
        {"type": "Concatenate", "inputs": ["add", "left"]},
        out(),
    ]
    _, trained = run(make_plan(layers=layers, epochs=1), rings())
    assert trained.weights["dense"]["kernel"].shape == (32, 2)


# ---------------------------------------------------------------------------- every choice in a document


OPTIMIZERS = [
    {"type": "SGD", "learning_rate": 0.1},
    {"type": "SGD", "learning_rate": 0.05, "momentum": 0.9, "nesterov": True, "clipnorm": 1.0},
    {"type": "RMSprop", "learning_rate": 0.01, "momentum": 0.5},
    {"type": "Adam", "learning_rate": 0.01},
    {"type": "AdamW", "learning_rate": 0.01, "weight_decay": 0.01},
    {"type": "Adagrad", "learning_rate": 0.1},
    {"type": "Adadelta", "learning_rate": 1.0},
    {"type": "Nadam", "learning_rate": 0.01},
]
CLASSIFICATION = [
    "sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy",
    "categorical_focal_crossentropy", "kl_divergence", "categorical_hinge", "mean_squared_error",
    "mean_absolute_error",
]  # fmt: skip
REGRESSION = ["mean_squared_error", "mean_absolute_error", "huber", "log_cosh"]


def test_all_optimizers_are_tried():
    assert {optimizer["type"] for optimizer in OPTIMIZERS} == set(training.OPTIMIZERS)


@pytest.mark.parametrize(
    "optimizer", OPTIMIZERS, ids=lambda optimizer: "-".join(map(str, optimizer.values()))
)
def test_every_optimizer_learns(run, optimizer):
    _, trained = run(make_plan(epochs=10, batch_size=8, optimizer=optimizer), rings())
    assert trained.history[-1]["loss"] < 0.9 * trained.history[0]["loss"]


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize("loss", CLASSIFICATION)
def test_classification_losses_are_those_of_keras(activation, loss):
    from quickml.training.backend import keras
    from quickml.training.objective import Objective

    units = 1 if activation == "sigmoid" else 2
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, 20).astype(np.int32)
    second = random.uniform(0.05, 0.95, (20, 1)).astype(np.float32)
    columns = np.concatenate([1 - second, second], axis=1)
    ours = Objective(make_plan(layers=[out(units, activation)], loss=loss), truth)
    answers = second if units == 1 else columns
    losses = np.asarray(ours.losses(truth, answers))
    assert losses.shape == (20,)
    expected = keras.losses.get({"class_name": keras.losses.get(loss).__name__, "config": {}})
    targets = truth if loss.startswith("sparse") else np.eye(2, dtype=np.float32)[truth]
    theirs = np.asarray(expected(targets, columns))
    np.testing.assert_allclose(losses, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("loss", REGRESSION)
def test_regression_losses_are_those_of_keras_on_standard_targets(loss):
    from quickml.training.backend import keras
    from quickml.training.objective import Objective

    random = np.random.default_rng(0)
    truth, answers = random.normal(300, 50, (2, 40)).astype(np.float32)
    ours = Objective(make_plan("diabetes", [out(1, "linear")], loss=loss), truth)
    losses = np.asarray(ours.losses(truth, answers[:, None]))
    standard = [((values - truth.mean()) / truth.std())[:, None] for values in (truth, answers)]
    np.testing.assert_allclose(losses, keras.losses.get(loss)(*standard), rtol=1e-4, atol=1e-5)


def test_metrics_are_those_of_keras():
    from quickml.training.backend import keras
    from quickml.training.objective import MEASURES, Objective

    random = np.random.default_rng(0)
    names = ["accuracy", "top_k_categorical_accuracy"]
    truth = random.integers(0, 10, 50).astype(np.int32)
    answers = random.dirichlet(np.ones(10), 50).astype(np.float32)
    targets = random.normal(300, 50, 50).astype(np.float32)
    guesses = (targets + random.normal(0, 20, 50)).astype(np.float32)[:, None]
    regression = [name for name in MEASURES if name not in names]
    for plan, y, p in (
        (make_plan("digits", [{"type": "Flatten"}, out(10)], metrics=names), truth, answers),
        (make_plan("diabetes", [out(1, "linear")], metrics=regression), targets, guesses),
    ):
        objective = Objective(plan, y)
        values = objective.values(np.asarray(objective.sums(y, p, objective.losses(y, p))), 50)
        one_hot = np.eye(10, dtype=np.float32)[y] if y is truth else y[:, None]
        for name, value in values.items():
            if name != "loss":
                known = "categorical_accuracy" if name == "accuracy" else name
                metric = keras.metrics.get(known)
                if not isinstance(metric, keras.metrics.Metric):
                    metric = keras.metrics.MeanMetricWrapper(metric)
                metric.update_state(one_hot, p)
                assert value == pytest.approx(float(np.asarray(metric.result())), rel=1e-4), name


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize("loss", [*CLASSIFICATION, None])
def test_every_classification_loss_goes_down(run, loss, activation):
    plan = make_plan(
        layers=[HIDDEN, out(1 if activation == "sigmoid" else 2, activation)],
        loss=loss,
        epochs=12,
        batch_size=8,
        optimizer={"type": "Adam", "learning_rate": 0.02},
    )
    _, trained = run(plan, rings())
    assert trained.history[-1]["loss"] < trained.history[0]["loss"]
    assert trained.metrics["accuracy"] > 0.6


@pytest.mark.parametrize("loss", REGRESSION)
def test_every_regression_loss_goes_down(run, loss):
    plan = make_plan(
        "diabetes", [out(1, "linear")], loss=loss, epochs=10, optimizer={"type": "SGD", "learning_rate": 0.05}
    )
    _, trained = run(plan, slope())
    assert trained.history[-1]["loss"] < 0.5 * trained.history[0]["loss"]


SCHEDULES = [
    {"type": "ExponentialDecay", "decay_steps": 4, "decay_rate": 0.5, "staircase": True},
    {"type": "InverseTimeDecay", "decay_steps": 3, "decay_rate": 0.5},
    {"type": "PolynomialDecay", "power": 2.0},
    {"type": "PolynomialDecay", "decay_steps": 5, "end_learning_rate": 0.05},
    {"type": "CosineDecay", "alpha": 0.1},
    {"type": "PiecewiseConstantDecay", "boundaries": [3, 6], "values": [0.3, 0.2, 0.1]},
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule["type"])
def test_schedules_give_keras_rates(run, schedule):
    from quickml.training.backend import keras

    arguments = {key: value for key, value in schedule.items() if key != "type"}
    if schedule["type"] in ("PolynomialDecay", "CosineDecay"):
        arguments.setdefault("decay_steps", 9)
    if schedule["type"] != "PiecewiseConstantDecay":
        arguments["initial_learning_rate"] = 0.2
    expected = getattr(keras.optimizers.schedules, schedule["type"])(**arguments)
    plan = make_plan(
        epochs=3,
        batch_size=32,
        optimizer={"type": "SGD", "learning_rate": 0.2},
        learning_rate_schedule=schedule,
    )
    _, trained = run(plan, rings())  # 90 samples are 3 steps an epoch
    rates = [entry["learning_rate"] for entry in trained.history]
    assert rates == pytest.approx([float(expected(step)) for step in (3, 6, 9)], rel=1e-5)


# ----------------------------------------------------------------------------------- the loop and its end


def test_chunks_of_steps_equal_keras_fit():
    from quickml.training.backend import keras
    from quickml.training.build import build
    from quickml.training.objective import Objective
    from quickml.training.steps import Steps

    data = rings()
    layers = [{**HIDDEN, "kernel_regularizer": {"l2": 0.01}}, {"type": "BatchNormalization"}, out()]
    plan = make_plan(layers=layers)
    ours, theirs = build(plan, "float32"), build(plan, "float32")
    theirs.set_weights(ours.get_weights())
    sgd = {"learning_rate": 0.1, "momentum": 0.9}
    steps = Steps(
        model=ours, optimizer=keras.optimizers.SGD(**sgd), objective=Objective(plan, data.y_train),
        inputs=data.x_train, targets=data.y_train, batch_size=16,
    )  # fmt: skip
    order = np.arange(90, dtype=np.int32)
    assert steps.count(90) == 6  # the last batch has 10 samples
    for _ in range(2):
        sums = steps.train(order, 0, 2).sums + steps.train(order, 2, 4).sums
    theirs.compile(keras.optimizers.SGD(**sgd), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = theirs.fit(
        data.x_train, data.y_train, batch_size=16, epochs=2, shuffle=False, verbose=0
    ).history
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-5)
    values = steps.objective.values(sums, 90)
    assert values["loss"] == pytest.approx(history["loss"][-1], abs=1e-5)
    assert values["accuracy"] == pytest.approx(history["accuracy"][-1], abs=1e-6)
    measured = steps.objective.values(steps.measure(order), 90)
    loss, accuracy = theirs.evaluate(data.x_train, data.y_train, batch_size=16, verbose=0)
    assert (measured["loss"], measured["accuracy"]) == pytest.approx((loss, accuracy), abs=1e-5)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_quick_dropout_does_what_keras_does(rate, dtype):
    from quickml.training.backend import keras, tf
    from quickml.training.dropout import QuickDropout

    shape = (64, 33, 17)  # an odd count of numbers
    ours, theirs = (
        np.asarray(tf.cast(layer(tf.ones(shape, dtype), training=True), tf.float32))
        for layer in (
            QuickDropout(rate, seed=0, dtype=dtype),
            keras.layers.Dropout(rate, seed=0, dtype=dtype),
        )
    )
    assert ours.shape == shape
    assert np.mean(ours == 0) == pytest.approx(rate, abs=0.01)
    assert sorted(set(ours.flat)) == pytest.approx(sorted(set(theirs.flat)), rel=1e-3)
    correlation = np.corrcoef(ours[:, 0, 0] == 0, ours[:, 1, 0] == 0)[0, 1] if rate else 0
    assert abs(correlation) < 0.5
    layer = QuickDropout(rate, seed=0, dtype=dtype)
    first, second = layer(tf.ones(shape, dtype), training=True), layer(tf.ones(shape, dtype), training=True)
    assert rate == 0 or not np.array_equal(first, second)
    assert np.array_equal(layer(tf.ones(shape, dtype)), np.ones(shape))


def test_validation_samples_are_a_stratified_share(run):
    data = rings(train=100)
    events, trained = run(make_plan(epochs=2, validation_fraction=0.2), data)
    assert (trained.train_samples, trained.validation_samples) == (80, 20)
    assert events[0].validation_samples == 20
    assert {"val_loss", "val_accuracy"} < set(trained.history[-1])


def test_early_stopping_restores_the_best(run):
    stopping = {"monitor": "val_loss", "patience": 2}
    plan = make_plan(
        epochs=200, validation_fraction=0.3, early_stopping=stopping, batch_size=4,
        optimizer={"type": "Adam", "learning_rate": 0.3},
    )  # fmt: skip
    _, trained = run(plan, rings(train=40))
    losses = [entry["val_loss"] for entry in trained.history]
    assert trained.stopped == "early_stopping"
    best = int(np.argmin(losses))
    assert len(losses) == best + 3
    shorter = make_plan(
        epochs=best + 1,
        validation_fraction=0.3,
        batch_size=4,
        optimizer={"type": "Adam", "learning_rate": 0.3},
    )
    _, again = run(shorter, rings(train=40))
    np.testing.assert_allclose(again.predictions, trained.predictions, atol=1e-6)


def test_asked_to_stop_it_keeps_what_was_learned(run):
    asked = iter([False] * 4)
    events, trained = run(make_plan(epochs=100, batch_size=1), rings(), stop=lambda: next(asked, True))
    assert trained.stopped == events[-1].stopped == "asked"
    assert len(trained.history) == events[-1].epochs < 100
    assert np.isfinite(trained.predictions).all()


@pytest.mark.parametrize("limit", [{}, {"max_seconds": 1e-6}], ids=["asked", "max_seconds"])
def test_no_model_is_delivered_untrained(run, limit):
    """However early it is to stop, a first step is made."""
    _, trained = run(make_plan(epochs=100, **limit), rings(), stop=lambda: not limit)
    assert trained.stopped == next(iter(limit), "asked")
    assert len(trained.history) == 1


def test_a_training_that_was_complete_did_not_stop_early(run):
    _, trained = run(make_plan(epochs=1, batch_size=100), rings(), stop=lambda: True)
    assert trained.stopped is None


def test_time_is_limited(run):
    _, trained = run(make_plan(epochs=100_000, max_seconds=0.5), rings())
    assert trained.stopped == "max_seconds"
    assert trained.seconds["train"] < 5


def test_a_loss_that_is_no_number_ends_training(run):
    plan = make_plan(
        "diabetes", [out(1, "linear")], optimizer={"type": "SGD", "learning_rate": 1e6}, epochs=50
    )
    with pytest.raises(TrainingError, match=r"epoch \d+.*learning_rate below 1e\+06"):
        run(plan, slope())


def test_out_of_memory_is_a_training_error(run, monkeypatch):
    from quickml.training.backend import tf
    from quickml.training.steps import Steps

    def exhausted(*_):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    monkeypatch.setattr(Steps, "train", exhausted)
    with pytest.raises(TrainingError, match=r"out of memory .*smaller batch_size"):
        run(make_plan(epochs=1), rings())


def test_constant_features_do_no_harm(run):
    data = rings()
    flat = Data(
        x_train=data.x_train * np.array([1, 0], np.float32) + np.array([0, 1e6 / 3], np.float32),
        y_train=data.y_train, x_test=data.x_test, y_test=data.y_test,
    )  # fmt: skip
    _, trained = run(make_plan(epochs=1), flat)
    assert trained.weights["normalization"]["variance"][1] == 1
    assert np.isfinite(trained.predictions).all()


def test_normalization_is_measured_on_training_samples(run):
    data = slope()
    _, trained = run(make_plan("diabetes", [out(1, "linear")], epochs=1), data)
    np.testing.assert_allclose(
        trained.weights["normalization"]["mean"], data.x_train.mean(axis=0, dtype="f8"), rtol=1e-5
    )
    np.testing.assert_allclose(
        trained.weights["normalization"]["variance"], data.x_train.var(axis=0, dtype="f8"), rtol=1e-5
    )


def test_progress_is_told_between_chunks(run):
    events, _ = run(make_plan(epochs=1, batch_size=1), rings(train=3000))
    told = [event for event in events if event.type == "progress"]
    assert told
    assert len(told) <= 2 + (events[-1].seconds / 0.2)
    assert all(0 < event.step < event.steps == 3000 for event in told)
    assert all("loss" in event.metrics and event.samples_per_second > 0 for event in told)


SAME_SEED = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from small_training import make_plan, out, pictures
from quickml.training.train import train
layers = [{"type": "Conv2D", "filters": 8, "kernel_size": 3, "activation": "relu"}, {"type": "MaxPooling2D"},
          {"type": "BatchNormalization"}, {"type": "Flatten"}, {"type": "Dropout", "rate": 0.3}, out(10)]
options = {"epochs": 4, "precision": "float32", "validation_fraction": 0.1}
plan = make_plan("digits", layers, seed=7, **options)
work = train(plan, pictures())
try:
    while True:
        next(work)
except StopIteration as end:
    weights = [w for layer in end.value[0].weights.values() for w in layer.values()]
print(hashlib.sha256(b"".join(w.tobytes() for w in weights)).hexdigest())
"""


def test_same_seed_same_weights_in_every_process():
    here = str(Path(small_training.__file__).parent)
    jobs = [
        subprocess.Popen(
            [sys.executable, "-c", SAME_SEED, here],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ,
            text=True,
        )
        for _ in range(2)
    ]
    outputs = [job.communicate(timeout=120) for job in jobs]
    assert [error for _, error in outputs] == ["", ""]
    first, second = (output for output, _ in outputs)
    assert first == second


def test_same_seed_same_weights_in_one_process(run):
    plan = make_plan(layers=[HIDDEN, {"type": "Dropout", "rate": 0.3}, out()], epochs=3)
    results = [run(plan, rings())[1] for _ in range(2)]
    np.testing.assert_array_equal(results[0].predictions, results[1].predictions)


def test_samples_are_let_go_of(run):
    import gc

    from quickml.training.backend import tf

    for stop in (never, lambda: True):
        run(make_plan(epochs=1, validation_fraction=0.1), rings(train=97), stop=stop)
    gc.collect()
    kind = type(tf.constant(1))  # one that holds numbers, not a name in a graph
    tensors = [thing for thing in gc.get_objects() if isinstance(thing, kind)]
    assert not [tensor for tensor in tensors if tensor.shape == (97, 2)]
