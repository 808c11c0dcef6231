"""Keras' optimizers with updates that are single operations of TensorFlow, in one pass over a variable.

Keras composes an update of about ten operations, and each passes over the memory of the variable: in a
network with a large dense layer, that takes a tenth of a step. The formulas are those of Keras, and so are
the variables, so a checkpoint or a schedule does not know the difference. Where TensorFlow's differs:

- Adagrad adds no epsilon. Here the accumulators start with it: Keras divides by accumulator + epsilon.
- RMSprop always has momentum, so its variables exist even if it is zero, when Keras has none.
- Adam and AdamW compute 1 - beta_2 in float32, as Keras does in the correction of the bias, but not in the
  average: the two agree to 2e-5 of an update.
- Nadam has a momentum that changes from step to step, which TensorFlow's does not: it stays Keras'.

Gradients of embeddings are sparse. They, too, are left to Keras.
"""

from __future__ import annotations

from typing import Any

from quickml.training.backend import keras, tf


class OnePass:
    """What the optimizers below have in common."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update a variable: Keras' interface for optimizers."""
        if isinstance(gradient, tf.IndexedSlices):
            super().update_step(gradient, variable, learning_rate)  # type: ignore[misc]
        else:
            self._update(gradient, variable, tf.cast(learning_rate, variable.dtype))

    def _update(self, gradient: Any, variable: Any, rate: Any) -> None:
        raise NotImplementedError

    def _slots(self, variable: Any, *owners: list[Any]) -> list[Any]:
        """Handles of a variable and of the optimizer's variables for it."""
        at = self._get_variable_index(variable)  # type: ignore[attr-defined]
        return [variable.handle, *(owner[at].value.handle for owner in owners)]

    def _clip_by_norm(self, values: Any, axes: Any = None) -> Any:
        """As Keras, in two passes instead of four."""
        if axes is not None or isinstance(values, tf.IndexedSlices):
            return super()._clip_by_norm(values, axes)  # type: ignore[misc]
        limit = tf.cast(self.clipnorm, values.dtype)  # type: ignore[attr-defined]
        return values * (limit / tf.maximum(tf.sqrt(2.0 * tf.nn.l2_loss(values)), limit))


class OnePassSGD(OnePass, keras.optimizers.SGD):  # type: ignore[misc]  # Keras has no types
    """SGD, with and without momentum."""

    def _update(self, gradient: Any, variable: Any, rate: Any) -> None:
        if not self.momentum:
            tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=rate, delta=gradient)
            return
        var, accum = self._slots(variable, self.momentums)
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=var,
            accum=accum,
            lr=rate,
            grad=gradient,
            momentum=tf.cast(self.momentum, variable.dtype),
            use_nesterov=self.nesterov,
        )


class OnePassRMSprop(OnePass, keras.optimizers.RMSprop):  # type: ignore[misc]
    """RMSprop, with and without momentum."""

    def build(self, variables: list[Any]) -> None:
        """Create the optimizer's variables."""
        super().build(variables)
        if not self.momentum:
            self._momentums: list[Any] = self.add_optimizer_variables(variables, "momentum")

    def _update(self, gradient: Any, variable: Any, rate: Any) -> None:
        var, squares, moved = self._slots(variable, self._velocities, self._momentums)
        tf.raw_ops.ResourceApplyRMSProp(
            var=var,
            ms=squares,
            mom=moved,
            lr=rate,
            rho=tf.cast(self.rho, variable.dtype),
            momentum=tf.cast(self.momentum, variable.dtype),
            epsilon=tf.cast(self.epsilon, variable.dtype),
            grad=gradient,
        )


class OnePassAdam(OnePass, keras.optimizers.Adam):  # type: ignore[misc]
    """Adam."""

    def _update(self, gradient: Any, variable: Any, rate: Any) -> None:
        var, mean, squares = self._slots(variable, self._momentums, self._velocities)
        beta_1, beta_2, epsilon = (
            tf.cast(value, variable.dtype) for value in (self.beta_1, self.beta_2, self.epsilon)
        )
        step = tf.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=var,
            m=mean,
            v=squares,
            beta1_power=tf.pow(beta_1, step),
            beta2_power=tf.pow(beta_2, step),
            lr=rate,
            beta1=beta_1,
            beta2=beta_2,
            epsilon=epsilon,
            grad=gradient,
        )


class OnePassAdamW(OnePassAdam, keras.optimizers.AdamW):  # type: ignore[misc]
    """Adam with weight decay."""

    def _apply_weight_decay(self, variables: list[Any]) -> None:
        for each in variables:
            if self._use_weight_decay(each):
                variable = each.value
                share = tf.cast(self.learning_rate, variable.dtype) * self.weight_decay
                tf.raw_ops.ResourceApplyGradientDescent(
                    var=variable.handle, alpha=share, delta=variable.read_value()
                )


class OnePassAdagrad(OnePass, keras.optimizers.Adagrad):  # type: ignore[misc]
    """Adagrad."""

    def build(self, variables: list[Any]) -> None:
        """Create the optimizer's variables."""
        self.initial_accumulator_value += self.epsilon
        self.epsilon: float = 0.0
        super().build(variables)

    def _update(self, gradient: Any, variable: Any, rate: Any) -> None:
        var, accum = self._slots(variable, self._accumulators)
        tf.raw_ops.ResourceApplyAdagrad(var=var, accum=accum, lr=rate, grad=gradient)


class OnePassAdadelta(OnePass, keras.optimizers.Adadelta):  # type: ignore[misc]
    """Adadelta."""

    def _update(self, gradient: Any, variable: Any, rate: Any) -> None:
        var, squares, moves = self._slots(variable, self._accumulated_grads, self._accumulated_delta_vars)
        tf.raw_ops.ResourceApplyAdadelta(
            var=var,
            accum=squares,
            accum_update=moves,
            lr=rate,
            rho=tf.cast(self.rho, variable.dtype),
            epsilon=tf.cast(self.epsilon, variable.dtype),
            grad=gradient,
        )


ONE_PASS = {
    "SGD": OnePassSGD,
    "RMSprop": OnePassRMSprop,
    "Adam": OnePassAdam,
    "AdamW": OnePassAdamW,
    "Adagrad": OnePassAdagrad,
    "Adadelta": OnePassAdadelta,
}
"""By the name of Keras' optimizer."""
