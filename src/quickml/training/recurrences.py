"""The steps of recurrent layers, and their gradients, in few operations of TensorFlow.

Keras runs a loop with some 20 operations per step, and TensorFlow derives a loop with twice as many from it.
For layers of usual sizes, starting an operation takes longer than computing it. All functions here take and
return tensors with the steps first, float32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from quickml.training.backend import tf


def in_halves(run: Callable[..., Any], inputs: Any, *weights: Any, axis: int) -> Any:
    """Run both halves of a batch at the same time, because a step is too small for several threads."""
    count = tf.shape(inputs)[1]
    first = (count + 1) // 2
    traced_once = tf.function(run, autograph=False)
    halves = tf.split(inputs, [first, count - first], axis=1)
    return tf.concat([traced_once(half, *weights) for half in halves], axis=axis)


def lstm(inputs: Any, kernel: Any, recurrent_kernel: Any, bias: Any, *, last: bool) -> Any:
    """All steps of an LSTM with Keras' default activations, or the last one: one operation each way.

    TensorFlow's own gradient of this operation takes the gates for those of another one, in another order.
    """
    steps, units = inputs.shape[0], recurrent_kernel.shape[0]

    @tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def run(inputs: Any, weights: Any, bias: Any) -> tuple[Any, Callable[[Any], Any]]:
        state, none = tf.zeros([tf.shape(inputs)[1], units]), tf.zeros([units])
        given = {
            "seq_len_max": tf.constant(steps, tf.int64), "x": inputs, "cs_prev": state, "h_prev": state,
            "w": weights, "wci": none, "wcf": none, "wco": none, "b": bias, "use_peephole": False,
        }  # fmt: skip
        found = tf.raw_ops.BlockLSTMV2(**given, cell_clip=-1.0)

        def gradient(of_outputs: Any) -> tuple[Any, Any, Any]:
            if last:
                of_outputs = tf.concat([tf.zeros_like(found.h[1:]), of_outputs[None]], axis=0)
            back = tf.raw_ops.BlockLSTMGradV2(
                **given, **found._asdict(), cs_grad=tf.zeros_like(of_outputs), h_grad=of_outputs
            )
            # Of an empty half, TensorFlow leaves them undefined.
            has_samples = tf.size(inputs) > 0
            return back.x_grad, *(tf.where(has_samples, each, 0.0) for each in (back.w_grad, back.b_grad))

        return found.h[-1] if last else found.h, gradient

    return run(inputs, tf.concat([kernel, recurrent_kernel], axis=0), bias)


def gru(inputs: Any, kernel: Any, recurrent_kernel: Any, bias: Any, *, last: bool) -> Any:
    """All steps of a GRU with Keras' defaults, or the last one. `bias` is (2, 3 * units)."""
    units = recurrent_kernel.shape[0]

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(projected: Any, kernel: Any, bias: Any) -> tuple[Any, Callable[[Any], Any]]:
        state = tf.zeros([tf.shape(projected)[1], units])
        states, gates, news, inners = [state], [], [], []
        for_gates, for_new = map(tf.unstack, tf.split(projected, [2 * units, units], axis=2))
        for of_gates, of_new in zip(for_gates, for_new, strict=True):
            gated, inner = tf.split(tf.nn.bias_add(states[-1] @ kernel, bias), [2 * units, units], axis=1)
            both = tf.sigmoid(of_gates + gated)
            update, reset = tf.split(both, 2, axis=1)
            new = tf.tanh(of_new + reset * inner)
            states.append(new + update * (states[-1] - new))
            gates.append(both)
            news.append(new)
            inners.append(inner)

        def gradient(of_outputs: Any) -> tuple[Any, Any, Any]:
            before, new = tf.stack(states[:-1]), tf.stack(news)
            update, reset = tf.split(tf.stack(gates), 2, axis=2)
            of_new = (1.0 - update) * (1.0 - new * new)
            of_update = (before - new) * update * (1.0 - update)
            of_inner = of_new * reset
            of_reset = of_inner * tf.stack(inners) * (1.0 - reset)
            factors = tf.stack([of_update, of_reset, of_inner], axis=2)
            found = backwards(of_outputs, tf.unstack(factors), kernel, tf.unstack(update), last=last)
            inner = tf.reshape(found[:, :, None] * factors, [-1, 3 * units])
            outer = tf.concat([inner[:, : 2 * units], tf.reshape(found * of_new, [-1, units])], axis=1)
            of_kernel = tf.matmul(tf.reshape(before, [-1, units]), inner, transpose_a=True)
            return tf.reshape(outer, tf.shape(projected)), of_kernel, tf.reduce_sum(inner, axis=0)

        return states[-1] if last else tf.stack(states[1:]), gradient

    return run(project(inputs, kernel, bias[0]), recurrent_kernel, bias[1])


def simple(inputs: Any, kernel: Any, recurrent_kernel: Any, bias: Any, *, last: bool) -> Any:
    """All steps of a SimpleRNN with tanh, or the last one."""
    units = recurrent_kernel.shape[0]

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(projected: Any, kernel: Any) -> tuple[Any, Callable[[Any], Any]]:
        states = [tf.zeros([tf.shape(projected)[1], units])]
        for given in tf.unstack(projected):
            states.append(tf.tanh(given + states[-1] @ kernel))

        def gradient(of_outputs: Any) -> tuple[Any, Any]:
            outputs = tf.stack(states[1:])
            factors = 1.0 - outputs * outputs
            found = backwards(of_outputs, tf.unstack(factors[:, :, None]), kernel, None, last=last)
            inner = found * factors
            before = tf.reshape(tf.stack(states[:-1]), [-1, units])
            return inner, tf.matmul(before, tf.reshape(inner, [-1, units]), transpose_a=True)

        return states[-1] if last else tf.stack(states[1:]), gradient

    return run(project(inputs, kernel, bias), recurrent_kernel)


def project(inputs: Any, kernel: Any, bias: Any) -> Any:
    """The product of all steps with the kernel at once: (steps, batch, columns of the kernel)."""
    steps, _, features = inputs.shape
    flat = tf.nn.bias_add(tf.reshape(inputs, [-1, features]) @ kernel, bias)
    return tf.reshape(flat, [steps, -1, kernel.shape[1]])


def backwards(
    of_outputs: Any, factors: Sequence[Any], kernel: Any, kept: Sequence[Any] | None, *, last: bool
) -> Any:
    """The gradients of all states, (steps, batch, units).

    Args:
        of_outputs: gradients of all outputs, or of the last one.
        factors: of each step, (batch, gates, units): what makes the gradient of a state those of the products
            with `kernel`, of which each gate has its own.
        kernel: the recurrent kernel.
        kept: of each step, the share of the state before that is kept, (batch, units).
        last: whether only the last output is returned.
    """
    earlier = None if last else tf.unstack(of_outputs)
    found = [of_outputs if earlier is None else earlier[-1]]
    for step in reversed(range(1, len(factors))):
        of_products = tf.reshape(found[-1][:, None] * factors[step], [-1, kernel.shape[1]])
        state = tf.matmul(of_products, kernel, transpose_b=True)
        if kept is not None:
            state += found[-1] * kept[step]
        found.append(state if earlier is None else state + earlier[step - 1])
    return tf.stack(found[::-1])
