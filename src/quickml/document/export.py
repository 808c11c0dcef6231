"""What to deliver: formats, weights, and what the file says about itself."""

from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field

from quickml.document.training import SGD, Adam, named
from quickml.fields import ByType, DocumentModel, Fraction, Size

Weights = Literal[
    "float32", "float16", "int8", "palettized-8", "palettized-6", "palettized-4", "int4", "pruned"
]
Ios = Literal[13, 14, 15, 16, 17, 18, 26, 27]


_PhoneOptimizer = Annotated[SGD | Adam, ByType()]


class Updatable(DocumentModel):
    """A further file, `model.updatable.mlmodel`, that a phone can go on training (iOS 13 and later).

    Its weights are float32, whatever `weights` says.
    """

    layers: Annotated[tuple[str, ...], Field(min_length=1, max_length=100)] | None = None
    """Names of the Dense and Conv2D layers that go on learning; the last of them where left out."""
    optimizer: Annotated[
        _PhoneOptimizer,
        BeforeValidator(named, json_schema_input_type=_PhoneOptimizer | Literal["SGD", "Adam"]),
    ] = SGD.model_construct()
    """Without `clipnorm` and `nesterov`, which Core ML does not have. In a regression the learning rate is
    for a loss in standard deviations, as in training."""
    loss: Literal["categorical_crossentropy", "mean_squared_error"] | None = None
    """The first for classes, the second for a regression, and so chosen where left out."""
    epochs: Size = 10
    """How many the phone trains for, unless the app asks for another number."""
    batch_size: Size = 16
    """Samples in a step, unless the app asks for another number."""


class Export(DocumentModel):
    """The files that the run leaves."""

    formats: Annotated[tuple[str, ...], Field(min_length=1)] = ("mlmodel", "mlpackage")
    """`mlmodel` is a neural network for iOS 13 and later, `mlpackage` an ML program for iOS 15 and later,
    `aimodel` an Apple Core AI model for iOS 27 (needs `quickml-coreml[coreai]`), `onnx` the graph that was
    verified. Where left out, those of the first two that can hold `weights`."""
    weights: Annotated[
        Literal[Weights, "auto"], Field(validation_alias=AliasChoices("weights", "precision"))
    ] = "float32"
    """How the file keeps its weights; `auto` takes, for each format, the smallest file that holds
    `max_accuracy_drop`. `precision` is another name for this key."""
    max_accuracy_drop: Fraction = 0.01
    """For `auto`, unused otherwise: how much accuracy the file may lose against the trained model, on the
    whole test set (0.01 is one per cent of the samples); for a regression, by what share its mean absolute
    error may grow."""
    sparsity: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """For `pruned`: the share of each layer's weights, the smallest ones, that become 0."""
    minimum_ios: Ios | None = None
    """The oldest iOS the files must run on; the first that reads each format where left out."""
    updatable: Updatable | None = None
    author: Annotated[str, Field(max_length=200)] = ""
    license: Annotated[str, Field(max_length=200)] = ""
    description: Annotated[str, Field(max_length=2000)] = ""
