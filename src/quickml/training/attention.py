"""Self-attention and layer normalization with the formulas of Keras, in fewer passes over memory.

Used for training only; saved and evaluated models contain Keras' own layers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from quickml.training.backend import keras, tf
from quickml.training.transposed import transposed

HEADS_FIRST = (1, 0, 2)
"""From (rows, heads, size), or back."""
NEVER = -1e9
"""Added to the scores of later steps, which makes their weights zero."""


class QuickMultiHeadAttention(keras.layers.MultiHeadAttention):  # type: ignore[misc]  # Keras has no types
    """Keras' MultiHeadAttention of a sequence to itself."""

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        training: bool | None = None,
        *,
        use_causal_mask: bool = False,
    ) -> Any:
        """Attend; `value` and `key` are `query`, too. Dropout and other values are left to Keras."""
        size, heads = self.key_dim, self.num_heads
        if self.dropout or self.value_dim != size or len(query.shape) != 3:
            return super().call(query, value, key, training=training, use_causal_mask=use_causal_mask)
        steps, features = query.shape[1:]
        inputs = tf.reshape(query, [-1, features])
        projected = self._projected(inputs)
        by_head = transposed(tf.reshape(projected, [-1, 3 * heads, size]), HEADS_FIRST)
        parts = [tf.reshape(each, [heads, -1, steps, size]) for each in tf.split(by_head, 3)]
        found = attend(*parts, is_causal=use_causal_mask)
        outputs = transposed(tf.reshape(found, [heads, -1, size]), HEADS_FIRST)
        kernel = tf.reshape(self.output_dense.kernel, [heads * size, features])
        outputs = tf.matmul(tf.reshape(outputs, [-1, heads * size]), kernel)
        if self.output_dense.bias is not None:
            outputs = with_bias(outputs, tf.convert_to_tensor(self.output_dense.bias))
        return tf.reshape(outputs, [-1, steps, features])

    def _projected(self, inputs: Any) -> Any:
        """Scaled queries, keys and values of all heads side by side: (rows, 3 * heads * size)."""
        parts = (self.query_dense, self.key_dense, self.value_dense)
        # A scaled kernel is smaller than a scaled query.
        scales = (self.key_dim**-0.5, 1.0, 1.0)
        kernels = [
            tf.reshape(each.kernel * scale, [inputs.shape[1], -1])
            for each, scale in zip(parts, scales, strict=True)
        ]
        projected = tf.matmul(inputs, tf.concat(kernels, axis=1))
        if parts[0].bias is None:
            return projected
        biases = [tf.reshape(each.bias * scale, [-1]) for each, scale in zip(parts, scales, strict=True)]
        return with_bias(projected, tf.concat(biases, axis=0))


def with_bias(rows: Any, bias: Any) -> Any:
    """Rows plus a bias: (rows, columns).

    Not `tf.nn.bias_add`, whose gradient is summed in the type of the rows: in bfloat16, that of 2,000 rows is
    wrong by a third.
    """
    return rows + bias


def attend(query: Any, key: Any, value: Any, *, is_causal: bool) -> Any:
    """The weighted means of values: (heads, batch, steps, size) each. The query is scaled already."""
    steps = query.shape[2]

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(query: Any, key: Any, value: Any) -> tuple[Any, Callable[[Any], Any]]:
        scores = tf.matmul(query, key, transpose_b=True)
        if is_causal:
            later = 1.0 - tf.linalg.band_part(tf.ones([steps, steps]), -1, 0)
            scores += tf.cast(NEVER * later, scores.dtype)
        weights = tf.nn.softmax(scores)
        outputs = tf.matmul(weights, value)

        def gradient(of_outputs: Any) -> tuple[Any, Any, Any]:
            # The sum of weights * of_weights, from smaller tensors.
            mean = tf.reduce_sum(of_outputs * outputs, axis=-1, keepdims=True)
            of_scores = weights * (tf.matmul(of_outputs, value, transpose_b=True) - mean)
            return (
                tf.matmul(of_scores, key),
                tf.matmul(of_scores, query, transpose_a=True),
                tf.matmul(weights, of_outputs, transpose_a=True),
            )

        return outputs, gradient

    return run(query, key, value)


class QuickLayerNormalization(keras.layers.LayerNormalization):  # type: ignore[misc]
    """Keras' LayerNormalization along the last axis."""

    def call(self, inputs: Any) -> Any:
        """Normalize, scale and shift."""
        rank, size = len(inputs.shape), inputs.shape[-1]
        if self.axis not in (-1, rank - 1, [-1], [rank - 1]):
            return super().call(inputs)
        scale = self.gamma.value if self.scale else tf.ones([size])
        offset = self.beta.value if self.center else tf.zeros([size])
        rows = tf.reshape(tf.cast(inputs, tf.float32), [-1, size])
        found = normalized(rows, tf.convert_to_tensor(scale), tf.convert_to_tensor(offset), self.epsilon)
        return tf.cast(tf.reshape(found, tf.shape(inputs)), self.compute_dtype)


def normalized(rows: Any, scale: Any, offset: Any, epsilon: float) -> Any:
    """Rows with mean 0 and variance 1, scaled and shifted: (rows, size) float32."""

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(rows: Any, scale: Any, offset: Any) -> tuple[Any, Callable[[Any], Any]]:
        centered = rows - tf.reduce_mean(rows, axis=1, keepdims=True)
        variance = tf.reduce_mean(centered * centered, axis=1, keepdims=True)
        factor = tf.math.rsqrt(variance + epsilon)
        plain = centered * factor

        def gradient(of_outputs: Any) -> tuple[Any, Any, Any]:
            both = of_outputs * plain
            mean = scale[:, None] / rows.shape[1]  # of what is multiplied with it, scaled
            of_rows = of_outputs * scale - tf.matmul(of_outputs, mean) - plain * tf.matmul(both, mean)
            return factor * of_rows, tf.reduce_sum(both, axis=0), tf.reduce_sum(of_outputs, axis=0)

        return plain * scale + offset, gradient

    return run(rows, scale, offset)
