"""Attention and layer normalization in fewer operations compute what Keras' layers compute."""

import numpy as np
import pytest

SHAPE = (3, 7, 6)


def found_by(make, shape, dtype, given=1, **options):
    """Outputs and all gradients of a layer with the same weights each time."""
    from quickml.training.backend import keras, tf

    keras.utils.set_random_seed(2)
    layer = make(dtype)
    layer.build(*[(None, *shape[1:])] * given)
    draw = np.random.default_rng(1)
    for variable in layer.trainable_variables:
        variable.assign(draw.normal(0, 0.5, variable.shape))
    inputs, factors = (tf.constant(draw.normal(size=shape), tf.float32) for _ in range(2))

    @tf.function(autograph=False)
    def run(inputs):
        weights = [each.value for each in layer.trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(*[inputs] * given, **options)
            loss = tf.reduce_sum(tf.cast(outputs, tf.float32) * factors) + sum(layer.losses)
        return [outputs, *tape.gradient(loss, [inputs, *weights])]

    return run(inputs), list(map(tuple, (each.shape for each in layer.trainable_variables)))


def compare(quick, own, shape, dtype, given=1, **options):
    import tensorflow as tf

    (found, ours), (expected, theirs) = (
        found_by(make, shape, dtype, given, **options) for make in (quick, own)
    )
    assert ours == theirs
    tolerance = 2e-5 if dtype == "float32" else 0.05
    for pair in zip(found, expected, strict=True):
        assert len({(each.dtype, tuple(each.shape)) for each in pair}) == 1
        one, other = (np.asarray(tf.cast(each, tf.float32)) for each in pair)
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * max(1, np.abs(other).max()))


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"value_dim": 5},
        {"use_bias": False},
        {"kernel_regularizer": "l2"},
        {"dropout": 0.3, "seed": 1},
        {"num_heads": 1},
    ],
    ids=str,
)
def test_attention_is_that_of_keras(options, causal, dtype):
    from quickml.training.attention import QuickMultiHeadAttention
    from quickml.training.backend import keras

    options = {"num_heads": 2, "key_dim": 4, **options}
    quick, own = (
        lambda dtype, kind=kind: kind(dtype=dtype, **options)
        for kind in (QuickMultiHeadAttention, keras.layers.MultiHeadAttention)
    )
    compare(quick, own, SHAPE, dtype, given=2, use_causal_mask=causal, training=True)


def test_gradients_in_bfloat16_are_sums_of_all_rows():
    from quickml.training.attention import QuickMultiHeadAttention

    of_keys = 4  # the gradient of their bias is zero
    exact, found = (
        found_by(
            lambda dtype: QuickMultiHeadAttention(num_heads=2, key_dim=8, dtype=dtype),
            (4, 512, 16),
            dtype,
            given=2,
        )[0]
        for dtype in ("float32", "mixed_bfloat16")
    )
    for place, (one, other) in enumerate(zip(found, exact, strict=True)):
        if place != of_keys + 1:
            error = np.asarray(one, np.float32) - np.asarray(other)
            assert np.linalg.norm(error) < 0.1 * np.linalg.norm(np.asarray(other)), place


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize(
    ("shape", "options"),
    [
        (SHAPE, {}),
        (SHAPE, {"scale": False}),
        (SHAPE, {"center": False, "epsilon": 0.1}),
        (SHAPE, {"axis": 1}),
        (SHAPE, {"axis": [1, 2]}),
        ((4, 9), {}),
        ((2, 3, 4, 5), {"axis": 3}),
    ],
    ids=str,
)
def test_layer_normalization_is_that_of_keras(shape, options, dtype):
    from quickml.training.attention import QuickLayerNormalization
    from quickml.training.backend import keras

    quick, own = (
        lambda dtype, kind=kind: kind(dtype=dtype, **options)
        for kind in (QuickLayerNormalization, keras.layers.LayerNormalization)
    )
    compare(quick, own, shape, dtype)
