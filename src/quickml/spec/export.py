"""What to deliver: formats, weights, and what the file says about itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AliasChoices, Field

from quickml.spec.part import Fraction, Part, Size
from quickml.spec.training import SGD, Adam

Format = Literal["mlmodel", "mlpackage", "aimodel", "onnx"]
Weights = Literal[
    "float32", "float16", "int8", "palettized-8", "palettized-6", "palettized-4", "int4", "pruned"
]
Ios = Literal[13, 14, 15, 16, 17, 18, 26, 27]

FIRST_IOS: dict[Format, dict[Weights, Ios]] = {
    "mlmodel": {
        "float32": 13,
        "float16": 13,
        "int8": 13,
        "palettized-8": 13,
        "palettized-6": 13,
        "palettized-4": 13,
        "int4": 13,
    },
    "mlpackage": {
        "float32": 15,
        "float16": 15,
        "int8": 16,
        "palettized-8": 16,
        "palettized-6": 16,
        "palettized-4": 16,
        "int4": 18,
        "pruned": 16,
    },
    "aimodel": {"float32": 27},
    "onnx": {},
}
"""The first iOS that reads a format with such weights; what is missing cannot be written.

`onnx` is for everything but a phone: the graph of one of the other files, with the weights that it holds.
"""


class Updatable(Part):
    """A further file, `model.updatable.mlmodel`, that a phone can go on training (iOS 13 and later)."""

    layers: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Names of the Dense and Conv2D layers that go on learning; the last of them where left out."""
    optimizer: Annotated[SGD | Adam, Field(discriminator="type")] = SGD(learning_rate=0.01)
    epochs: Size = 10
    """How many the phone trains for, unless the app asks for another number."""
    batch_size: Size = 16


class Export(Part):
    """The files that the run leaves."""

    formats: Annotated[tuple[Format, ...], Field(min_length=1)] = ("mlmodel", "mlpackage")
    """`mlmodel` is a neural network for iOS 13 and later, `mlpackage` an ML program for iOS 15 and later,
    `aimodel` an Apple Core AI model for iOS 27 (needs `quickml[coreai]`), `onnx` the graph that was verified."""
    weights: Annotated[
        Weights | Literal["auto"], Field(validation_alias=AliasChoices("weights", "precision"))
    ] = "float32"
    """How the file keeps its weights; `auto` takes the smallest that holds `max_accuracy_drop`. `precision` is
    another name for this key."""
    max_accuracy_drop: Fraction = 0.01
    """For `auto`: how much less accurate the file may be than the trained model, on the whole test set."""
    sparsity: Fraction = 0.5
    """For `pruned`: the share of weights, the smallest ones, that become 0."""
    minimum_ios: Ios | None = None
    """The oldest iOS the files must run on; the first that reads each format where left out."""
    updatable: Updatable | None = None
    author: Annotated[str, Field(max_length=200)] = ""
    license: Annotated[str, Field(max_length=200)] = ""
    description: Annotated[str, Field(max_length=2000)] = ""


def first_ios(kind: Format, weights: Weights | Literal["auto"]) -> int | None:
    """The first iOS that reads a format with such weights; None where there is no such file, or no such need."""
    forms = FIRST_IOS[kind]
    return min(forms.values(), default=None) if weights == "auto" else forms.get(weights)
