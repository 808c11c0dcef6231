"""Write a trained model as `model.updatable.mlmodel`, which a phone can continue to train.

The on-device training cannot be run here; the outputs before it are verified like those of any other file. An
app can choose another number of epochs, another batch size and another learning rate than the document.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from quickml.document.export import Updatable
from quickml.document.layers.preprocessing import Normalization
from quickml.document.training import Adam
from quickml.errors import CompileError
from quickml.export.coreml.conversion import quiet
from quickml.export.coreml.emit.normalization import moments
from quickml.export.coreml.legacy import write as write_layers
from quickml.export.coreml.library import coremltools
from quickml.export.coreml.package import LABEL, PREDICTION, PROBABILITIES, fill_metadata, save
from quickml.export.coreml.reading import proto
from quickml.model import TrainedModel

TARGET = "target"
"""The name of a regression's training target; a classifier uses `label`."""

_LOSS = "update/loss"  # a document's layers have no slash in their names
_MOST_EPOCHS, _MOST_SAMPLES = 1000, 1024


def write(trained: TrainedModel, folder: Path) -> Path:
    """Build, mark as updatable, describe and save `model.updatable.mlmodel` in `folder`, in float32.

    Raises:
        CompileError: a layer is not supported; `document/checks/updating.py` reports these before training.
    """
    options = trained.plan.document.export.updatable
    if options is None:
        raise CompileError("the document does not ask for an updatable file")
    with quiet():
        builder = _network(trained)
        builder.make_updatable(list(options.layers or ()))
        _set_loss(builder, trained)
        _set_training(builder, trained, options)
        description = builder.spec.description
        fill_metadata(trained, description)
        _describe_training(description)
    return save(builder.spec, None, folder / "model.updatable.mlmodel")


def _network(trained: TrainedModel) -> Any:
    """The network for inference, without training parameters."""
    plan, network = trained.plan, coremltools().models.neural_network
    array = coremltools().models.datatypes.Array
    shape, labels = plan.graph.input_shape, plan.info.labels
    planes = (shape[2], shape[0], shape[1]) if len(shape) == 3 else shape
    name, result = plan.info.kind, PROBABILITIES if labels else PREDICTION
    builder = network.NeuralNetworkBuilder(
        [(name, array(*planes))],
        [(result, array(*plan.graph.output_shape))],
        mode="classifier" if labels else None,
        use_float_arraytype=True,
    )
    write_layers(builder, plan.graph, trained.weights, source=name, result=result)
    if labels:
        builder.set_class_labels(list(labels), LABEL, prediction_blob=PROBABILITIES)
    if plan.info.is_image:
        _take_images(builder.spec.description.input[0], planes)
    return builder


def _take_images(feature: Any, planes: tuple[int, ...]) -> None:
    image = feature.type.imageType
    channels, image.height, image.width = planes
    spaces = proto.module("FeatureTypes_pb2").ImageFeatureType.ColorSpace
    image.colorSpace = spaces.Value("GRAYSCALE" if channels == 1 else "RGB")


def _set_loss(builder: Any, trained: TrainedModel) -> None:
    if trained.plan.info.labels:
        builder.set_categorical_cross_entropy_loss(_LOSS, PROBABILITIES)
        return
    array = coremltools().models.datatypes.Array
    builder.set_mean_squared_error_loss(_LOSS, (PREDICTION, array(*trained.plan.graph.output_shape)))
    builder.nn_spec.updateParams.lossLayers[0].meanSquaredErrorLossLayer.target = TARGET
    builder.spec.description.trainingInput[-1].name = TARGET


def _set_training(builder: Any, trained: TrainedModel, options: Updatable) -> None:
    """Set optimizer, epochs and shuffling seed. `make_updatable` has enabled shuffling."""
    network, unit = coremltools().models.neural_network, _squared_unit(trained)
    optimizer, parameters = options.optimizer, builder.nn_spec.updateParams
    if isinstance(optimizer, Adam):
        adam = network.AdamParams(batch=options.batch_size)
        adam.set_lr(*_range(optimizer.learning_rate))
        adam.set_beta1(*_range(optimizer.beta_1))
        adam.set_beta2(*_range(optimizer.beta_2))
        adam.set_eps(*_range(optimizer.epsilon * unit))
        builder.set_adam_optimizer(adam)
        batch = parameters.optimizer.adamOptimizer.miniBatchSize
    else:
        sgd = network.SgdParams(batch=options.batch_size)
        sgd.set_lr(*_range(optimizer.learning_rate / unit))
        sgd.set_momentum(*_range(optimizer.momentum))
        builder.set_sgd_optimizer(sgd)
        batch = parameters.optimizer.sgdOptimizer.miniBatchSize
    builder.set_epochs(options.epochs)
    builder.set_shuffle(trained.plan.document.training.seed)
    _allow(batch, _MOST_SAMPLES)
    _allow(parameters.epochs, _MOST_EPOCHS)


def _squared_unit(trained: TrainedModel) -> float:
    """The ratio of a phone's loss to the training loss: the variance of a regression's target.

    In training, the target is in standard deviations; Core ML computes the loss in the target's own unit,
    where the same learning rate makes the weights diverge. The target of diabetes has a standard deviation of
    77, so its learning rate would be 6,000 times too large. Dividing by this ratio gives the same steps; of
    several targets, the ratio of the one with the largest numbers keeps all from diverging. Adam
    depends on the scale of the loss only through its epsilon, which is multiplied by the ratio.
    """
    last = trained.plan.graph.nodes[-1]
    if not isinstance(last.layer, Normalization):
        return 1.0
    _, deviation = moments(last.layer, trained.weights.get(last.name, {}), last.output_shape[-1])
    return float(deviation.max()) ** 2


def _range(value: float) -> tuple[float, float, float]:
    """A default value, with the minimum and maximum that an app may set instead."""
    return value, 0.0, max(1.0, value)


def _allow(number: Any, most: int) -> None:
    """Allow numbers from 1 to at least `most`; coremltools allows only the default."""
    number.range.minValue, number.range.maxValue = 1, max(most, number.defaultValue)


def _describe_training(description: Any) -> None:
    """Describe the training inputs: the input, which must equal the model's own, and the correct answer."""
    training = description.trainingInput
    training[0].CopyFrom(description.input[0])
    training[1].shortDescription = "The right answer"
