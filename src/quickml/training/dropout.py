"""Dropout with fewer random bits and fewer passes over memory than Keras' layer."""

from __future__ import annotations

from typing import Any

from quickml.training.backend import keras, tf

BITS = {8: tf.uint8, 16: tf.uint16}
"""Random bits for each entry. Keras draws a float."""


class QuickDropout(keras.layers.Dropout):  # type: ignore[misc]  # Keras has no types
    """Keras' Dropout, with its rate rounded to a multiple of 1/65536.

    Used for training only; saved and evaluated models contain Keras' own layer.
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Set random entries of `inputs` to zero, and scale the others so that the mean is unchanged."""
        bits = 8 if float(self.rate * 2**8).is_integer() else 16
        levels = 2**bits
        dropped = min(round(self.rate * levels), levels - 1)
        if not training or not dropped:
            return inputs
        drawn = tf.reshape(self._drawn(tf.size(inputs), bits), tf.shape(inputs))
        # Multiplied with one tensor, because its gradient is one product, too.
        scale = tf.constant(levels / (levels - dropped), inputs.dtype)
        factors = tf.where(drawn >= tf.constant(dropped, drawn.dtype), scale, tf.zeros([], inputs.dtype))
        return inputs * factors

    def _drawn(self, count: Any, bits: int) -> Any:
        """Random numbers: (count,) uint8 or uint16."""
        seed = tf.cast(self.seed_generator.next(), tf.int32)
        each = 64 // bits
        words = tf.random.stateless_uniform([(count + each - 1) // each], seed, None, None, tf.uint64)
        return tf.reshape(tf.bitcast(words, BITS[bits]), [-1])[:count]
