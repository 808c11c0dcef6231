"""Class weights against Keras' `fit(class_weight=...)`, and from run to run."""

import numpy as np
import pytest

import checkpointing
from checkpointing import digest, learn
from quickml.datasets.data import Data
from quickml.training.fit import shuffle
from quickml.training.train import train
from small_training import HIDDEN, make_plan, out, rings

WEIGHTS = {"inner": 5.0, "outer": 0.25}


def trained(plan, data):
    work, events = train(plan, data), []
    while True:
        try:
            events.append(next(work))
        except StopIteration as end:
            return events, end.value[0]


def labels_of(plan):
    return plan.info.labels


def unbalanced(train=90):
    """The rings, with a tenth of the second class."""
    data = rings(train=10 * train)
    first, second = np.flatnonzero(data.y_train == 0), np.flatnonzero(data.y_train == 1)
    kept = np.sort(np.concatenate([first[: train - train // 10], second[: train // 10]]))
    return Data(
        x_train=data.x_train[kept], y_train=data.y_train[kept], x_test=data.x_test, y_test=data.y_test
    )


@pytest.mark.parametrize(
    ("loss", "end"),
    [
        ("sparse_categorical_crossentropy", out()),
        ("categorical_crossentropy", out()),
        ("categorical_focal_crossentropy", out()),
        ("mean_squared_error", out()),
        ("binary_crossentropy", out(1, "sigmoid")),
    ],
)
def test_losses_and_steps_are_those_of_keras(loss, end):
    from quickml.training.backend import keras
    from quickml.training.build import build
    from quickml.training.normalize import settle
    from quickml.training.objective import Objective
    from quickml.training.stages import Stages
    from quickml.training.steps import Steps

    data = unbalanced()
    hidden = {**HIDDEN, "kernel_regularizer": {"l2": 0.02}}
    given = make_plan(
        layers=[hidden, end], loss=loss, batch_size=16, optimizer={"type": "SGD", "learning_rate": 0.1}
    )
    weights = dict(zip(labels_of(given), (0.25, 5.0), strict=True))
    plan = make_plan(
        layers=[hidden, end], loss=loss, batch_size=16, class_weight=weights,
        optimizer={"type": "SGD", "learning_rate": 0.1},
    )  # fmt: skip
    stages = Stages(plan, data)
    order = shuffle(stages.learn, 0, 1)
    theirs = build(plan, "float32")
    theirs.set_weights(stages.model.get_weights())
    settle(plan, theirs)
    steps = Steps(
        model=stages.model, optimizer=keras.optimizers.SGD(0.1), objective=Objective(plan, data.y_train),
        inputs=data.x_train, targets=data.y_train, batch_size=16,
    )  # fmt: skip
    chunk = steps.train(order, 0, steps.count(len(order)))

    theirs.compile(optimizer=keras.optimizers.SGD(0.1), loss=loss)
    x, y = data.x_train[order], data.y_train[order]
    is_binary = end["units"] == 1
    one_hot = np.eye(2, dtype=np.float32)[y]
    target = y.astype(np.float32)[:, None] if is_binary else y if loss.startswith("sparse") else one_hot
    losses = []

    class Record(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.reset_metrics()

        def on_train_batch_end(self, batch, logs=None):
            losses.append(logs["loss"])

    theirs.fit(
        x,
        target,
        batch_size=16,
        shuffle=False,
        verbose=0,
        class_weight={0: 0.25, 1: 5.0},
        callbacks=[Record()],
    )
    np.testing.assert_allclose(chunk.losses / chunk.samples, losses, rtol=2e-5)
    for mine, other in zip(stages.model.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=2e-6)
    steps.release()


def test_equal_weights_change_nothing_and_others_leave_the_evaluation_unweighted():
    data = unbalanced()
    plain = make_plan(epochs=4, validation_fraction=0.2)
    names = labels_of(plain)
    ones = make_plan(epochs=4, validation_fraction=0.2, class_weight=dict.fromkeys(names, 1.0))
    assert digest(trained(plain, data)[1]) == digest(trained(ones, data)[1])
    _, found = trained(make_plan(epochs=4, validation_fraction=0.2, class_weight="balanced"), data)
    sure = np.take_along_axis(found.predictions, data.y_test[:, None], axis=1)[:, 0]
    assert found.metrics["loss"] == pytest.approx(float(-np.log(sure).mean()), rel=1e-5)


def test_a_rare_class_is_found():
    data = unbalanced(200)
    options = {"epochs": 40, "optimizer": {"type": "Adam", "learning_rate": 0.02}}
    events, weighted = trained(make_plan(class_weight="balanced", **options), data)
    _, plain = trained(make_plan(**options), data)
    assert weighted.confusion[1, 1] >= plain.confusion[1, 1]
    assert weighted.metrics["accuracy"] > 0.9
    told = [event for event in events if event.type == "warning"]
    assert [event.pointer for event in told] == ["/training/class_weight"]
    found = weighted.plan.document.training.class_weight
    assert list(found.values()) == [200 / (2 * 180), 200 / (2 * 20)]
    assert weighted.plan.notices[-1].message == told[0].message


def test_a_broken_training_goes_on_to_the_same_weights(tmp_path):
    options = {**checkpointing.OPTIONS, "class_weight": "balanced", "epochs": 3}
    plan = make_plan("digits", checkpointing.LAYERS, **options)
    whole = learn(tmp_path, plan, kept=False)[1]
    learn(tmp_path, plan, leave=lambda event: event.type == "epoch")
    rest, resumed = learn(tmp_path, plan)
    assert [event.epoch for event in rest if event.type == "epoch"] == [2, 3]
    assert digest(resumed) == digest(whole)


def test_written_out_weights_give_the_same_model():
    data = unbalanced()
    _, first = trained(make_plan(epochs=3, class_weight="balanced"), data)
    _, second = trained(make_plan(epochs=3, class_weight=first.plan.document.training.class_weight), data)
    assert digest(first) == digest(second)
    assert first.plan.public_json() == second.plan.public_json()
