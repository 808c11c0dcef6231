"""Batch normalization of pictures in single operations of oneDNN, forwards and backwards."""

from __future__ import annotations

from typing import Any

from quickml.training.backend import keras, tf


class QuickBatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]  # Keras has no types
    """Keras' BatchNormalization, which is composed of about 20 operations in training.

    Used for training only; saved and evaluated models contain Keras' own layer.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalize with the statistics of the batch, and move the moving ones, as Keras does."""
        is_picture = len(inputs.shape) == 4 and self.axis in (-1, 3)
        if not (training and self.trainable and is_picture and mask is None):
            return super().call(inputs, training=training, mask=mask)
        channels = inputs.shape[-1]
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma.value if self.scale else tf.ones([channels]),
            offset=self.beta.value if self.center else tf.zeros([channels]),
            mean=tf.zeros([0]),
            variance=tf.zeros([0]),
            epsilon=self.epsilon,
        )
        count = tf.cast(tf.size(inputs) // channels, tf.float32)
        # TensorFlow estimates the variance of the population, Keras takes that of the batch.
        self._move(self.moving_mean, mean)
        self._move(self.moving_variance, variance * ((count - 1) / count))
        return outputs

    def _move(self, moving: Any, found: Any) -> None:
        moving.assign(moving.value * self.momentum + found * (1.0 - self.momentum))
