"""Dropout with cheaper random numbers: Keras' layer in half its time, 7 % of a step of the MNIST network."""

from __future__ import annotations

from typing import Any

from quickml.training.backend import keras, tf

LEVELS = 65536
"""16 random bits decide on each entry, where Keras draws a float for it."""


class QuickDropout(keras.layers.Dropout):  # type: ignore[misc]  # Keras has no types
    """Keras' Dropout, its rate rounded to a multiple of 1/65536.

    For training only: what is saved and evaluated is Keras' own layer.
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Set a random share of `inputs` to zero and scale the others up, so that the mean stays."""
        dropped = min(round(self.rate * LEVELS), LEVELS - 1)
        if not training or not dropped:
            return inputs
        bits = self._bits(tf.size(inputs))
        keep = tf.reshape(bits, tf.shape(inputs)) >= tf.constant(dropped, tf.uint16)
        scale = tf.constant(LEVELS / (LEVELS - dropped), inputs.dtype)
        return tf.where(keep, inputs * scale, tf.zeros([], inputs.dtype))

    def _bits(self, count: Any) -> Any:
        """Random numbers: (count,) uint16."""
        seed = tf.cast(self.seed_generator.next(), tf.int32)
        words = tf.random.stateless_uniform([(count + 3) // 4], seed, None, None, tf.uint64)
        return tf.reshape(tf.bitcast(words, tf.uint16), [-1])[:count]
