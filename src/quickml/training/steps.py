"""Many training steps in one call: the compiled inner loop.

One Python call per batch costs more than a small network's arithmetic, so a chunk of steps runs inside one
TensorFlow function. Its arguments are tensors, so it is traced once. Autograph stays off: reading the
source of Keras costs more than a whole training of Iris.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.errors import CheckpointError
from quickml.training.backend import current_graph, dismantle, tf
from quickml.training.checkpoint import State
from quickml.training.objective import Objective

Sums = NDArray[np.float64]
Order = NDArray[np.int32]


class Steps:
    """A model with its optimizer and all samples in memory, ready to be moved on by some steps."""

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
        """Keep `inputs` in the type they have: pixels as uint8 take a quarter of the memory."""
        self.model, self.optimizer, self.objective, self.batch_size = model, optimizer, objective, batch_size
        self._inputs, self._targets = tf.constant(inputs), tf.constant(targets)
        self._graphs: list[Any] = []
        optimizer.build(model.trainable_variables)
        number = tf.TensorSpec([], tf.int32)
        signature = [tf.TensorSpec([None], tf.int32), number, number]
        self._train = tf.function(self._training_loop, input_signature=signature, autograph=False)
        self._measure = tf.function(self._measuring_loop, input_signature=signature, autograph=False)

    def count(self, samples: int) -> int:
        """Steps that go once over so many samples, the last one possibly with a smaller batch."""
        return -(-samples // self.batch_size)

    def train(self, order: Order, first: int, count: int) -> Sums:
        """Take `count` steps over batches of `order` (indices of samples), from step `first` on.

        Returns:
            The sums of `Objective.sums`, where the loss includes penalties on weights.
        """
        return np.asarray(self._train(order, first, count), np.float64)

    def measure(self, order: Order) -> Sums:
        """The same sums for the samples of `order`, with the model as it is."""
        return np.asarray(self._measure(order, 0, self.count(len(order))), np.float64)

    def state(self) -> State:
        """Copies of all variables, those of the random numbers too."""
        return {owner: [each.value.numpy() for each in some] for owner, some in self._variables().items()}

    def restore(self, state: State) -> None:
        """Set all variables to what `state` gave.

        Raises:
            CheckpointError: they are of another model; nothing is changed.
        """
        for owner, variables in self._variables().items():
            shapes = [(tuple(each.shape), np.dtype(each.dtype)) for each in variables]
            found = [(array.shape, array.dtype) for array in state.get(owner, ())]
            if found != shapes:
                raise CheckpointError(f"the checkpoint holds another {owner} than the document describes")
        for owner, variables in self._variables().items():
            for variable, array in zip(variables, state[owner], strict=True):
                variable.assign(array)

    def _variables(self) -> dict[str, list[Any]]:
        return {"model": self.model.variables, "optimizer": self.optimizer.variables}

    def release(self) -> None:
        """Let go of samples and weights; no step can be taken afterwards.

        TensorFlow never frees the graph of a loop, and with it whatever the graph refers to: a process that
        trains one model after the other would keep them all.
        """
        for graph in self._graphs:
            dismantle(graph)

    def _training_loop(self, order: Any, first: Any, count: Any) -> Any:
        return self._loop(self._learn, order, first, count)

    def _measuring_loop(self, order: Any, first: Any, count: Any) -> Any:
        return self._loop(self._look, order, first, count)

    def _loop(self, visit: Any, order: Any, first: Any, count: Any) -> Any:
        def goes_on(step: Any, _: Any) -> Any:
            self._graphs.append(current_graph())
            return step < first + count

        def body(step: Any, sums: Any) -> tuple[Any, Any]:
            self._graphs.append(current_graph())
            chosen = order[step * self.batch_size : (step + 1) * self.batch_size]
            inputs = tf.cast(tf.gather(self._inputs, chosen), tf.float32)
            return step + 1, sums + visit(inputs, tf.gather(self._targets, chosen))

        self._graphs.append(current_graph())
        start = (first, tf.zeros([self.objective.width], tf.float64))
        # Steps depend on each other; more than one in flight would only hold memory.
        return tf.while_loop(goes_on, body, start, parallel_iterations=1)[1]

    def _learn(self, inputs: Any, targets: Any) -> Any:
        variables = self.model.trainable_variables
        with tf.GradientTape() as tape:
            answers, losses = self._forward(inputs, targets, training=True)
            loss = tf.reduce_mean(losses)
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return self.objective.sums(targets, answers, losses)

    def _look(self, inputs: Any, targets: Any) -> Any:
        answers, losses = self._forward(inputs, targets, training=False)
        return self.objective.sums(targets, answers, losses)

    def _forward(self, inputs: Any, targets: Any, *, training: bool) -> tuple[Any, Any]:
        answers = self.model(inputs, training=training)
        losses = self.objective.losses(targets, answers)
        penalties = self.model.losses
        return answers, losses + tf.add_n(penalties) if penalties else losses
