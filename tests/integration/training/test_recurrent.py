"""Recurrent layers in few operations compute what Keras' layers compute."""

import numpy as np
import pytest

from untrained import plan_of

LAYERS = ("LSTM", "GRU", "SimpleRNN")
OPTIONS = [
    {},
    {"return_sequences": True},
    {"go_backwards": True},
    {"go_backwards": True, "return_sequences": True},
    {"use_bias": False},
    {"dropout": 0.3, "return_sequences": True},
    {"recurrent_dropout": 0.3},
    {"activation": "relu"},
    {"recurrent_activation": "hard_sigmoid"},
    {"reset_after": False},
    {"unit_forget_bias": False},
    {"kernel_regularizer": "l2", "bias_initializer": "ones"},
]
EVERY = [(name, options) for name in LAYERS for options in OPTIONS]
KEYS = {"recurrent_activation": ("LSTM", "GRU"), "reset_after": ("GRU",), "unit_forget_bias": ("LSTM",)}
FITTING = [
    (name, options) for name, options in EVERY if all(name in KEYS.get(key, LAYERS) for key in options)
]
SHAPE = (5, 7, 3)
UNITS = 6


def quick_classes():
    from quickml.training.quicker import QUICKER, UNROLLED

    return QUICKER | UNROLLED


def found_by(make, shape, training, dtype="float32"):
    """Outputs, penalties and all gradients of a layer with the same weights and the same dropout each time."""
    from quickml.training.backend import keras, tf

    keras.utils.set_random_seed(2)
    layer = make()
    layer.build((None, *shape[1:]))
    draw = np.random.default_rng(1)
    for variable in layer.trainable_variables:
        variable.assign(draw.normal(0, 0.5, variable.shape))
    inputs = tf.constant(draw.normal(size=shape), dtype)

    @tf.function(autograph=False)
    def run(inputs):
        weights = [each.value for each in layer.trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, training=training)
            factors = tf.reshape(
                tf.range(1.0, 1.0 + tf.cast(tf.size(outputs), tf.float32)), tf.shape(outputs)
            )
            loss = tf.reduce_sum(tf.cast(outputs, tf.float32) * tf.sin(factors)) + sum(layer.losses)
        return [outputs, *tape.gradient(loss, [inputs, *weights])]

    return [np.asarray(tf.cast(each, tf.float32)) for each in run(inputs)]


def compare(name, options, shape=SHAPE, training=True):
    from quickml.training.backend import keras

    quick, own = quick_classes()[name], getattr(keras.layers, name)
    found, expected = (
        found_by(lambda k=kind: k(UNITS, seed=3, **options), shape, training) for kind in (quick, own)
    )
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6 * max(1, np.abs(theirs).max()))


@pytest.mark.parametrize(("name", "options"), FITTING, ids=str)
def test_outputs_and_all_gradients_are_those_of_keras(name, options):
    compare(name, options)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("shape", [(1, 7, 3), (2, 1, 1), (9, 12, 2)], ids=str)
def test_batches_and_sequences_of_any_length(name, shape):
    compare(name, {"return_sequences": True}, shape)
    compare(name, {}, shape, training=False)


STEPS, BATCH = 200, 8
DATASET = {"name": "waves", "num_samples": 64, "steps": 16}
FOUR = {"type": "Dense", "units": 4, "activation": "softmax"}
TRAINED = {
    "LSTM": {"type": "LSTM", "units": 4},
    "GRU": {"type": "GRU", "units": 4},
    "SimpleRNN": {"type": "SimpleRNN", "units": 4},
    "both ways": {"type": "Bidirectional", "layer": {"type": "LSTM", "units": 4, "dropout": 0.1}},
}
ATTENTION = [
    {"type": "Dense", "units": 6},
    {"type": "MultiHeadAttention", "num_heads": 2, "key_dim": 3, "use_causal_mask": True},
    {"type": "LayerNormalization"},
    {"type": "GlobalAveragePooling1D"},
]
SUM = {
    "type": "Bidirectional",
    "merge_mode": "sum",
    "layer": {"type": "LSTM", "units": 4, "return_sequences": True},
}
MANY = {
    "attention": ATTENTION,
    "stacked": [SUM, {"type": "TimeDistributed", "layer": {"type": "Dense", "units": 4}}, TRAINED["LSTM"]],
}


def plan_with(*layers, **training):
    training = {"epochs": 200, "batch_size": BATCH, "validation_fraction": 0, **training}
    return plan_of(*layers, FOUR, dataset=DATASET, training=training)


def trained(plan, precision="float32", *, quick):
    """The weights after 200 steps."""
    from quickml.training.backend import prepare
    from quickml.training.build import build
    from quickml.training.objective import Objective
    from quickml.training.optimizer import make_optimizer
    from quickml.training.steps import Steps

    prepare(4)
    draw = np.random.default_rng(5)
    inputs, targets = draw.normal(size=(60, 16, 1)).astype(np.float32), np.arange(60, dtype=np.int32) % 4
    model = build(plan, precision, quick=quick)
    optimizer = make_optimizer(plan.document.training, STEPS)
    steps = Steps(
        model=model, optimizer=optimizer, objective=Objective(plan, targets), inputs=inputs, targets=targets,
        batch_size=BATCH,
    )  # fmt: skip
    order = np.arange(60, dtype=np.int32)
    for _ in range(STEPS // steps.count(60)):
        steps.train(order, 0, steps.count(60))
    return {each.path: np.asarray(each.value) for each in model.variables}


@pytest.mark.parametrize("name", [*TRAINED, *MANY])
def test_200_steps_give_the_same_weights_by_the_same_names(name):
    plan = plan_with(*MANY.get(name) or [TRAINED[name]], optimizer={"type": "SGD", "learning_rate": 0.01})
    found, expected = (trained(plan, quick=quick) for quick in (True, False))
    assert list(found) == list(expected)
    for path, theirs in expected.items():
        np.testing.assert_allclose(found[path], theirs, rtol=1e-4, atol=2e-5, err_msg=path)
    again = trained(plan, quick=True)
    for path, ours in found.items():
        np.testing.assert_array_equal(again[path], ours)


def test_small_layers_compute_in_float32():
    from quickml.training.build import build

    small, large = (
        build(
            plan_with({"type": "Bidirectional", "layer": {"type": "LSTM", "units": units}}),
            "mixed_bfloat16",
            quick=True,
        )
        for units in (32, 128)
    )
    assert [model.layers[-2].forward_layer.compute_dtype for model in (small, large)] == [
        "float32",
        "bfloat16",
    ]


def test_short_trainings_are_not_unrolled():
    from quickml.training.quicker import quicker

    assert "GRU" in quicker(plan_with(TRAINED["GRU"]))
    assert "GRU" not in quicker(plan_with(TRAINED["GRU"], epochs=1))


def test_the_gradient_of_tensorflow_is_still_another():
    """When this fails, ours is not needed any more."""
    from quickml.training.backend import tf

    draw = np.random.default_rng(6)
    inputs, weights, bias = (
        tf.constant(draw.normal(size=size), tf.float32) for size in ((4, 2, 3), (8, 20), (20,))
    )
    none = tf.zeros([5])

    def total(weights):
        state = tf.zeros([2, 5])
        return tf.reduce_sum(tf.raw_ops.BlockLSTMV2(
            seq_len_max=tf.constant(4, tf.int64), x=inputs, cs_prev=state, h_prev=state, w=weights, wci=none,
            wcf=none, wco=none, b=bias, use_peephole=False, cell_clip=-1.0,
        ).h)  # fmt: skip

    with tf.GradientTape() as tape:
        tape.watch(weights)
        loss = total(weights)
    moved = tf.one_hot(7, 20)[None] * tf.one_hot(0, 8)[:, None] * 0.01
    difference = (total(weights + moved) - total(weights - moved)) / 0.02
    found = tape.gradient(loss, weights)[0, 7]
    assert abs(found - difference) > 0.01
