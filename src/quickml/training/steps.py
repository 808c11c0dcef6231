"""The compiled inner loop, which runs many training steps in one call.

For a small network, a Python call per batch takes longer than the computation, so a chunk of steps runs
inside one TensorFlow function. Its arguments are tensors, so it is traced once. Autograph is off: converting
the source code of Keras takes longer than a whole training on Iris.

The step itself is a part of the loop, because a call takes a fifth of a step on Iris. Where there are
convolutions, it is a function that the loop calls: TensorFlow replaces operations by those of oneDNN one
after another, and a gradient only if its forward operation has been replaced before. In a function, that
order is certain; in a loop, which is a cycle, it is left to chance. In one training in seven, the gradient of
max pooling was not replaced, and the steps of the MNIST network took a third longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.errors import CheckpointError
from quickml.training.backend import current_graph, dismantle, forget_gradients, tf
from quickml.training.checkpoint import State
from quickml.training.objective import Objective
from quickml.training.samples import Order, Span, samples_of

Sums = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """What a chunk of `count` training steps says. The loss includes class weights and weight penalties."""

    sums: Sums
    """`Objective.sums` over all samples of the chunk, added to those before."""
    losses: NDArray[np.float64]
    """(count,): the sum of the losses of the samples of each step."""
    samples: NDArray[np.int64]
    """(count,): the number of samples of each step."""
    watched: Sequence[Any] = ()
    """Values of the watched variables after the last step, as tensors."""


class Steps:
    """A model with its optimizer and its samples, and the compiled loops that run on them."""

    def __init__(
        self,
        *,
        model: Any,
        optimizer: Any,
        objective: Objective,
        inputs: NDArray[np.generic],
        targets: NDArray[np.generic],
        batch_size: int,
    ) -> None:
        self.model, self.optimizer, self.objective, self.batch_size = model, optimizer, objective, batch_size
        self._samples = samples_of(inputs, targets, batch_size)
        self.watched: Sequence[Any] = ()
        """Variables whose values every `Chunk` has: reading them for a frame of the film takes longer. To be
        set before the first step."""
        self._traced: dict[Any, Any] = {}
        self.graphs: list[Any] = []
        """TensorFlow graphs that `release` frees."""
        optimizer.build(model.trainable_variables)
        number = tf.TensorSpec([], tf.int32)
        signature = [
            tf.TensorSpec([objective.width], tf.float64),
            *(tf.TensorSpec([None, *array.shape[1:]], array.dtype) for array in (inputs, targets)),
            tf.TensorSpec([None], tf.int32),
            number,
            number,
        ]
        has_convolutions = any(len(each.shape) > 2 for each in model.trainable_variables)
        self._step = self._called(signature[1:3]) if has_convolutions else self._learn
        self._train = tf.function(self._training_loop, input_signature=signature, autograph=False)
        self._measure = tf.function(self._measuring_loop, input_signature=signature, autograph=False)

    def _called(self, samples: Sequence[Any]) -> Any:
        """`_learn` as a function that stays one."""
        inputs, targets = samples
        return tf.function(
            self._learn,
            input_signature=(tf.TensorSpec(inputs.shape, tf.float32), targets),
            autograph=False,
            experimental_attributes={"_noinline": True},
        )

    def count(self, samples: int) -> int:
        """Number of steps in one pass over `samples` samples. The last batch may be smaller."""
        return -(-samples // self.batch_size)

    def train(
        self, order: Order, first: int, count: int, sums: Sums | None = None, then: Order | None = None
    ) -> Chunk:
        """Run up to `count` training steps from step `first` on; `order` has the indices of all samples.

        `sums` are those of the steps before. Adding to them here, step by step, gives the same bits whatever
        the length of the chunks. `then` is the order of what is run after all steps of this one.
        """
        span = self._samples.span(order, first, then)
        count = min(count, span.steps)
        sums, losses, watched = self._run(self._train, span, count, sums)
        ends = np.minimum(np.arange(first, first + count + 1) * self.batch_size, len(order))
        return Chunk(
            sums=np.asarray(sums, np.float64), losses=losses.numpy(), samples=np.diff(ends), watched=watched
        )

    def measure(self, order: Order, then: Order | None = None) -> Sums:
        """`Objective.sums` of the samples of `order`, without training. `then` is as in `train`."""
        done, sums = 0, None
        while sums is None or done < self.count(len(order)):
            span = self._samples.span(order, done, then)
            sums = np.asarray(self._run(self._measure, span, span.steps, sums)[0], np.float64)
            done += span.steps
        return sums

    def _run(self, loop: Any, span: Span, count: int, sums: Sums | None) -> Any:
        before = np.zeros(self.objective.width) if sums is None else sums
        given = before, span.inputs, span.targets, span.order, span.first, count
        if loop not in self._traced:  # to call `loop` itself takes 0.3 ms longer, a tenth of an epoch on Iris
            self._traced[loop] = loop.get_concrete_function()
        types = (tf.float64, span.inputs.dtype, span.targets.dtype, tf.int32, tf.int32, tf.int32)
        return self._traced[loop](*map(tf.convert_to_tensor, given, types))

    def state(self) -> State:
        """Copies of all variables, including the state of random layers."""
        return {owner: [each.value.numpy() for each in some] for owner, some in self._variables().items()}

    def restore(self, state: State) -> None:
        """Set all variables to the values that `state` returned.

        Raises:
            CheckpointError: the values belong to another model; no variable is changed.
        """
        for owner, variables in self._variables().items():
            shapes = [(tuple(each.shape), np.dtype(each.dtype)) for each in variables]
            found = [(array.shape, array.dtype) for array in state.get(owner, ())]
            if found != shapes:
                raise CheckpointError(f"the checkpoint: expected the {owner} of the document, found another")
        for owner, variables in self._variables().items():
            for variable, array in zip(variables, state[owner], strict=True):
                variable.assign(array)

    def _variables(self) -> dict[str, list[Any]]:
        return {"model": self.model.variables, "optimizer": self.optimizer.variables}

    def release(self) -> None:
        """Free samples and weights. No steps can be run afterwards.

        TensorFlow never frees the graph of a loop, nor anything that the graph refers to. A process that
        trains several models would run out of memory.
        """
        for graph in self.graphs:
            dismantle(graph)
        forget_gradients()
        self._traced.clear()
        self._samples.close()

    def _training_loop(self, *given: Any) -> Any:
        sums, losses = self._loop(self._step, *given)
        return sums, losses, [variable.read_value() for variable in self.watched]

    def _measuring_loop(self, *given: Any) -> Any:
        return self._loop(self._look, *given)

    def _loop(self, visit: Any, *given: Any) -> tuple[Any, Any]:
        """The sums over all steps, added to those before, and the first of them, the loss, of each step."""

        # Not nested: TensorFlow would take longer to sort out the arguments of each call.
        sums, inputs, targets, order, first, count = given

        def goes_on(step: Any, *_: Any) -> Any:
            self.graphs.append(current_graph())
            return step < first + count

        def body(step: Any, sums: Any, losses: Any) -> tuple[Any, Any, Any]:
            self.graphs.append(current_graph())
            chosen = order[step * self.batch_size : (step + 1) * self.batch_size]
            batch = tf.cast(tf.gather(inputs, chosen), tf.float32)
            found = visit(batch, tf.gather(targets, chosen))
            return step + 1, sums + found, losses.write(step - first, found[0])

        self.graphs.append(current_graph())
        losses = tf.TensorArray(tf.float64, count, element_shape=[])
        # Each step depends on the previous one; parallel iterations would only use more memory.
        _, sums, losses = tf.while_loop(goes_on, body, (first, sums, losses), parallel_iterations=1)
        return sums, losses.stack()

    def _learn(self, inputs: Any, targets: Any) -> Any:
        self.graphs.append(current_graph())
        variables = self.model.trainable_variables
        with tf.GradientTape() as tape:
            answers, losses = self._forward(inputs, targets, training=True)
            loss = self.optimizer.scale_loss(tf.reduce_mean(losses))
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return self.objective.sums(targets, answers, losses)

    def _look(self, inputs: Any, targets: Any) -> Any:
        answers, losses = self._forward(inputs, targets, training=False)
        return self.objective.sums(targets, answers, losses)

    def _forward(self, inputs: Any, targets: Any, *, training: bool) -> tuple[Any, Any]:
        answers = self.model(inputs, training=training)
        losses = self.objective.losses(targets, answers)
        if training:
            losses = self.objective.weighted(targets, losses)
        penalties = self.model.losses
        return answers, losses + tf.add_n(penalties) if penalties else losses
