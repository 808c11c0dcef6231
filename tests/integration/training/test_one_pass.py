"""Optimizers in one pass over memory compute what Keras' own compute."""

import itertools

import numpy as np
import pytest

import rounds
from quickml.document.training import OPTIMIZERS, Training

STEPS = 200
SHAPES = ((23, 17), (17,))
CHOSEN = [
    {"type": "SGD"},
    {"type": "SGD", "momentum": 0.9},
    {"type": "SGD", "momentum": 0.9, "nesterov": True},
    {"type": "RMSprop"},
    {"type": "RMSprop", "momentum": 0.5, "rho": 0.8, "epsilon": 1e-3},
    {"type": "Adam"},
    {"type": "Adam", "beta_1": 0.0, "beta_2": 0.9, "epsilon": 1e-2},
    {"type": "AdamW"},
    {"type": "AdamW", "weight_decay": 0.5},
    {"type": "AdamW", "weight_decay": 0},
    {"type": "Adagrad"},
    {"type": "Adagrad", "initial_accumulator_value": 0, "epsilon": 1e-2},
    {"type": "Adadelta", "learning_rate": 1.0},
    {"type": "Adadelta", "rho": 0.5, "epsilon": 1e-3},
    {"type": "Nadam"},
]
SCHEDULES = [
    {"type": "ExponentialDecay", "decay_steps": 50, "decay_rate": 0.5},
    {"type": "InverseTimeDecay", "decay_steps": 50, "decay_rate": 0.5, "staircase": True},
    {"type": "PolynomialDecay"},
    {"type": "CosineDecay"},
    {"type": "PiecewiseConstantDecay", "boundaries": [50, 100], "values": [0.01, 0.003, 0.001]},
]
PAIRS = rounds.choose(
    few=[*zip(OPTIMIZERS, itertools.cycle(SCHEDULES), strict=False)],
    full=[*itertools.product(OPTIMIZERS, SCHEDULES)],
)


def trained(training, *, quick, dtype="float32", sparse=False):
    """The weights after all steps with the same gradients, some of which are far larger than others."""
    from quickml.training.backend import keras, tf
    from quickml.training.optimizer import make_optimizer

    draw = np.random.default_rng(5)
    weights = [keras.Variable(draw.normal(size=shape).astype(np.float32), dtype=dtype) for shape in SHAPES]
    optimizer = make_optimizer(training, STEPS, quick=quick)
    optimizer.build(weights)

    @tf.function(autograph=False)
    def step(*gradients):
        given = [tf.cast(each, dtype) for each in gradients]
        if sparse:
            given[0] = tf.IndexedSlices(given[0][:3], tf.constant([4, 0, 4]), tf.constant(SHAPES[0]))
        optimizer.apply(given, weights)

    for scale in draw.choice([0.0, 1e-4, 0.1, 1.0, 30.0], size=STEPS):
        step(*(np.float32(scale * draw.normal(size=shape)) for shape in SHAPES))
    return [np.asarray(each.value) for each in weights]


def compare(training):
    """Beside Keras in float32: as near to Keras in float64 as that is, but for rounding."""
    found, expected = trained(training, quick=True), trained(training, quick=False)
    exact = trained(training, quick=False, dtype="float64")
    for ours, theirs, true in zip(found, expected, exact, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)
        rounding = STEPS * np.spacing(np.abs(true).max().astype(np.float32))
        assert np.abs(ours - true).max() <= 1.1 * np.abs(theirs - true).max() + 0.1 * rounding


def test_all_optimizers_are_compared():
    assert {optimizer["type"] for optimizer in CHOSEN} == set(OPTIMIZERS)


@pytest.mark.parametrize("optimizer", CHOSEN, ids=lambda each: "-".join(map(str, each.values())))
def test_every_optimizer_is_kerass(optimizer):
    compare(Training(optimizer=optimizer))


@pytest.mark.parametrize("optimizer", rounds.choose(few=[{"type": name} for name in OPTIMIZERS], full=CHOSEN))
def test_every_optimizer_is_kerass_with_clipping(optimizer):
    compare(Training(optimizer={**optimizer, "clipnorm": 0.5}))


@pytest.mark.parametrize(("name", "schedule"), PAIRS)
def test_every_schedule_is_kerass(name, schedule):
    compare(Training(optimizer=name, learning_rate_schedule=schedule))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_sparse_gradients_are_left_to_keras(name):
    found, expected = (trained(Training(optimizer=name), quick=quick, sparse=True) for quick in (True, False))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)
