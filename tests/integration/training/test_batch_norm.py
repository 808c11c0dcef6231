"""Batch normalization in single operations computes what Keras' layer computes."""

import numpy as np
import pytest


@pytest.mark.parametrize(
    "arguments",
    [{}, {"center": False}, {"scale": False, "epsilon": 0.1}, {"momentum": 0.5, "axis": 3}],
    ids=str,
)
@pytest.mark.parametrize("shape", [(6, 5, 4, 3), (1, 1, 1, 3), (9, 3)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_outputs_gradients_and_moving_statistics_are_those_of_keras(arguments, shape, dtype):
    from quickml.training.backend import keras, tf
    from quickml.training.batch_norm import QuickBatchNormalization

    arguments = arguments if len(shape) == 4 else {**arguments, "axis": -1}
    draw = np.random.default_rng(1)
    inputs, factors = draw.normal(3, 2, (2, *shape)).astype(np.float32)
    found = []
    for kind in (QuickBatchNormalization, keras.layers.BatchNormalization):
        layer = kind(dtype=dtype, **arguments)
        layer.build(shape)
        for variable, value in zip(layer.trainable_variables, ([0.5, 2, 1], [1, 0, -1]), strict=False):
            variable.assign(value)
        given = tf.constant(inputs)
        with tf.GradientTape() as tape:
            tape.watch(given)
            outputs = layer(given, training=True)
            loss = tf.reduce_sum(tf.cast(outputs, tf.float32) * factors)
        gradients = tape.gradient(loss, [given, *(each.value for each in layer.trainable_variables)])
        found.append([outputs, *gradients, *(each.value for each in layer.non_trainable_variables)])
        found[-1].append(layer(given, training=False))
    for ours, theirs in zip(*found, strict=True):
        assert ours.dtype == theirs.dtype
        both = [np.asarray(tf.cast(each, tf.float32)) for each in (ours, theirs)]
        tolerance = 2e-5 if dtype == "float32" else 0.05
        np.testing.assert_allclose(*both, rtol=tolerance, atol=tolerance)


def test_a_frozen_layer_is_left_to_keras():
    from quickml.training.batch_norm import QuickBatchNormalization

    layer = QuickBatchNormalization(trainable=False)
    values = np.full((2, 3, 3, 1), 7, np.float32)
    assert np.asarray(layer(values, training=True)) == pytest.approx(values / np.sqrt(1.001), rel=1e-6)
