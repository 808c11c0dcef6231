"""The layers: one class each, named and spelled as in Keras, with Keras' defaults.

A class knows what comes out of it and how many parameters it holds. Its fields, less those of `Layer`,
are exactly the arguments of the Keras layer of the same name. To add a layer, write its class in a module
of this folder, put it into `AnyLayer`, and give it an emitter in `coreml/emit/`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from quickml.spec.layers.activation import Activation, LeakyReLU, ReLU, Softmax
from quickml.spec.layers.convolution import Conv2D, ZeroPadding2D
from quickml.spec.layers.dense import Dense
from quickml.spec.layers.layer import (
    Activation_,
    Initializer,
    Layer,
    Misfit,
    Parameters,
    Regularizer,
    default_name,
    shown,
)
from quickml.spec.layers.merging import Add, Concatenate
from quickml.spec.layers.pooling import (
    AveragePooling2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    MaxPooling2D,
)
from quickml.spec.layers.preprocessing import Normalization, Rescaling
from quickml.spec.layers.regularization import BatchNormalization, Dropout
from quickml.spec.layers.shape import Flatten, Reshape

AnyLayer = Annotated[
    Dense
    | Conv2D
    | MaxPooling2D
    | AveragePooling2D
    | GlobalAveragePooling2D
    | GlobalMaxPooling2D
    | Flatten
    | Reshape
    | ZeroPadding2D
    | Dropout
    | BatchNormalization
    | Activation
    | ReLU
    | LeakyReLU
    | Softmax
    | Rescaling
    | Normalization
    | Add
    | Concatenate,
    Field(discriminator="type"),
]

LAYERS: dict[str, type[Layer]] = {
    cls.model_fields["type"].default: cls
    for cls in AnyLayer.__origin__.__args__  # type: ignore[attr-defined]
}
"""Every layer class by its type."""

__all__ = [
    "LAYERS",
    "Activation",
    "Activation_",
    "Add",
    "AnyLayer",
    "AveragePooling2D",
    "BatchNormalization",
    "Concatenate",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
    "Initializer",
    "Layer",
    "LeakyReLU",
    "MaxPooling2D",
    "Misfit",
    "Normalization",
    "Parameters",
    "ReLU",
    "Regularizer",
    "Rescaling",
    "Reshape",
    "Softmax",
    "ZeroPadding2D",
    "default_name",
    "shown",
]
