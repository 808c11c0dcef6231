"""The stages of a training: build, fit, evaluate. `train` measures their time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from quickml import events
from quickml.datasets.data import Data
from quickml.document import Plan
from quickml.errors import CheckpointError, TrainingError
from quickml.film import FrameSink
from quickml.model import TrainedModel
from quickml.training.backend import prepare, tf
from quickml.training.build import build
from quickml.training.checkpoint import Checkpoint, identity
from quickml.training.checkpoint_policy import CheckpointPolicy
from quickml.training.class_weights import resolved
from quickml.training.device import CPU, TrainingDevice, on_cpu
from quickml.training.evaluate import Evaluation, evaluate
from quickml.training.film.recorder import Recorder
from quickml.training.film.subject import Subject
from quickml.training.fit import Fit, Fitted
from quickml.training.kept import KeptTraining
from quickml.training.normalize import measure, settle
from quickml.training.objective import Objective
from quickml.training.optimizer import make_optimizer
from quickml.training.precision import choose
from quickml.training.set_aside import set_aside
from quickml.training.steps import Steps
from quickml.training.weights import variable_name, weights


class Stages:
    """A model with its data. Call the stages in the order of this file."""

    def __init__(self, plan: Plan, data: Data, device: TrainingDevice = CPU) -> None:
        """Build the model with its initial weights, to be trained on a device."""
        training = plan.document.training
        self.learn, self.check = set_aside(plan, data.y_train)
        given, plan = plan, resolved(plan, data.y_train[self.learn])
        self.notices = plan.notices[len(given.notices) :]
        """What the data has shown about the plan."""
        self.plan, self.data, self.training = plan, data, plan.document.training
        self.device, self.precision = device, choose(plan, device)
        prepare(training.seed, on_gpu=device.is_gpu)
        self.model = build(plan, self.precision, quick=True, on_gpu=device.is_gpu)
        measure(plan, self.model, data.x_train, data.y_train, self.learn)
        self.objective = Objective(plan, data.y_train[self.learn])

    def built(self, seconds: float) -> events.Built:
        """The event that describes the model."""
        graph = self.plan.graph
        return events.Built(
            layers=tuple(
                events.LayerRow(
                    name=node.name,
                    layer=node.layer.type,
                    output_shape=node.output_shape,
                    parameters=node.parameters.total,
                )
                for node in graph.nodes
            ),
            parameters=graph.parameters.total,
            trainable_parameters=graph.parameters.trainable,
            memory_bytes=self.plan.memory_bytes,
            precision=self.precision,
            accelerator=self.device.kind,
            device=self.device.name,
            train_samples=len(self.learn),
            validation_samples=len(self.check),
            test_samples=len(self.data.y_test),
            seconds=seconds,
        )

    def fit(
        self,
        stop: Callable[[], bool],
        checkpoints: CheckpointPolicy | None = None,
        frames: FrameSink | None = None,
    ) -> Generator[events.Event, None, Fitted]:
        """Train, and yield events. With `checkpoints`, resume from the checkpoint if there is one.

        The film is recorded, and its frames go to `frames` too.

        Raises:
            TrainingError: the loss is NaN or infinite, or TensorFlow failed, for example out of memory.
        """
        size = self.training.batch_size
        planned = -(-len(self.learn) // size) * self.training.epochs
        steps = Steps(
            model=self.model,
            optimizer=make_optimizer(
                self.training, planned, quick=True, scales_loss=self.precision == "mixed_float16"
            ),
            objective=self.objective,
            inputs=self.data.x_train,
            targets=self.data.y_train,
            batch_size=size,
        )
        checkpoint = Checkpoint(checkpoints, identity(self.plan, self.precision)) if checkpoints else None
        try:
            with self._own_errors():
                recorder = yield from self._recorder(steps, frames)
                fit = Fit(
                    self.training,
                    steps,
                    self.learn,
                    self.check,
                    stop,
                    checkpoint=checkpoint,
                    recorder=recorder,
                )
                return (yield from fit.run())
        finally:
            steps.release()

    def _recorder(
        self, steps: Steps, frames: FrameSink | None
    ) -> Generator[events.Event, None, Recorder | None]:
        """The recorder of the film; None, and a warning, if this network cannot be filmed."""
        subject = Subject(
            plan=self.plan,
            model=self.model,
            precision=self.precision,
            data=self.data,
            steps=steps.count(len(self.learn)),
            graphs=steps.graphs,
        )
        try:
            recorder = Recorder(subject, frames)
        except ValueError as error:
            message = f"no film is recorded ({error}); training continues"
            yield events.Warned(pointer="", message=message)
            return None
        steps.watched = recorder.watched
        return recorder

    def restore(self, kept: KeptTraining) -> Fitted:
        """Take the weights of a finished training, in place of `fit`.

        Raises:
            CheckpointError: they are the weights of another model.
        """
        try:
            for layer in self.model.layers:
                for weight in layer.weights:
                    weight.assign(kept.weights[layer.name][variable_name(weight.path)])
        except (KeyError, ValueError) as error:
            raise CheckpointError(
                "the kept model: expected the weights of its document, found others"
            ) from error
        self.precision, self.device = kept.precision, kept.device
        return Fitted(history=kept.history, stopped=kept.stopped, film=kept.film)

    def evaluate(self) -> tuple[Any, Evaluation]:
        """The model in float32, and its evaluation on the test samples, on the processor.

        A GPU adds in another order, and the exported files are compared with these answers.

        Raises:
            TrainingError: an output is NaN or infinite, or TensorFlow failed.
        """
        with self._own_errors(), on_cpu():
            model = build(self.plan, "float32")
            model.set_weights(self.model.get_weights())
            settle(self.plan, model)
            return model, evaluate(self.plan, model, self.objective, self.data.x_test, self.data.y_test)

    @contextmanager
    def _own_errors(self) -> Iterator[None]:
        """Raise TensorFlow's errors as `TrainingError`."""
        try:
            yield
        except tf.errors.ResourceExhaustedError as error:
            hint = f"expected about {self.plan.memory_bytes / 1e9:.1f} GB; try a smaller batch_size"
            raise TrainingError(f"training ran out of memory ({hint})") from error
        except tf.errors.OpError as error:
            raise TrainingError(f"TensorFlow failed: {error.message.splitlines()[0]}") from error

    def trained(
        self, fitted: Fitted, model: Any, evaluation: Evaluation, seconds: Mapping[str, float]
    ) -> TrainedModel:
        """The result of all stages, without Keras objects."""
        return TrainedModel(
            plan=self.plan,
            weights=weights(model),
            history=fitted.history,
            stopped=fitted.stopped,
            precision=self.precision,
            accelerator=self.device.kind,
            device=self.device.name,
            metrics=evaluation.metrics,
            predictions=evaluation.predictions,
            confusion=evaluation.confusion,
            probe=evaluation.probe,
            film=fitted.film,
            train_samples=len(self.learn),
            validation_samples=len(self.check),
            seconds=seconds,
        )
