"""The layers: one class each, named and spelled as in Keras, with Keras' defaults.

A class knows what comes out of it and how many parameters it holds. Its fields, less those of `Layer`,
are exactly the arguments of the Keras layer of the same name. To add a layer, write its class here, put
it into `AnyLayer` at the end, and give it an emitter in `coreml/emit/`.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from quickml.spec.part import (
    Fraction,
    Integers,
    Names,
    Numbers,
    Padding,
    Pair,
    Part,
    PositiveFloat,
    Shape,
    Size,
)

Activation_ = Literal[
    "linear",
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "softplus",
    "softsign",
    "tanh",
    "sigmoid",
    "hard_sigmoid",
    "exponential",
    "softmax",
]
Initializer = Literal[
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "random_uniform",
    "random_normal",
    "truncated_normal",
    "orthogonal",
    "zeros",
    "ones",
]
Margin = Literal["valid", "same"]


class Regularizer(Part):
    """A penalty on the size of weights, added to the loss: l1 * sum|w| + l2 * sum w²."""

    l1: Annotated[float, Field(ge=0)] = 0.0
    l2: Annotated[float, Field(ge=0)] = 0.0


class Misfit(Exception):  # noqa: N818 - caught and turned into a Problem, it never leaves this folder
    """A layer cannot take the shape that reaches it."""

    def __init__(
        self, expected: str, found: str, hint: str = "", *, field: str = "", then: Shape | None = None
    ) -> None:
        self.expected, self.found, self.hint, self.field = expected, found, hint, field
        self.then = then  # what would come out all the same, so that later layers can be looked at
        super().__init__(expected)


class Parameters(Part):
    """How many numbers a layer holds."""

    trainable: int = 0
    fixed: int = 0

    @property
    def total(self) -> int:
        """Trainable and fixed ones together, as Keras' `count_params`."""
        return self.trainable + self.fixed


class Layer(Part):
    """What all layers take besides the arguments that are their own."""

    type: str
    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")] | None = None
    """Unique; chosen from the type where left out."""
    inputs: Names | None = None
    """Names of earlier layers, or `input`; the layer before where left out."""

    merges: ClassVar[bool] = False

    def output_shape(self, *shapes: Shape) -> Shape:
        """What comes out for what goes in.

        Raises:
            Misfit: the layer cannot take these.
        """
        return shapes[0]

    def parameters(self, *shapes: Shape) -> Parameters:
        """How many numbers the layer holds, for shapes that fit."""
        return Parameters()

    def arguments(self) -> dict[str, Any]:
        """The arguments of the Keras layer of this name."""
        return {key: value for key, value in self if key not in Layer.model_fields}


def default_name(layer_type: str) -> str:
    """The name Keras would choose: `MaxPooling2D` gives `max_pooling2d`."""
    name = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", layer_type)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def shown(shape: Shape) -> str:
    """A shape as Python writes it."""
    return str(tuple(shape))


def _image(shape: Shape, hint: str = "") -> tuple[int, int, int]:
    if len(shape) != 3:
        if not hint:
            hint = "put a Reshape to (height, width, channels) before it" if len(shape) == 1 else ""
        raise Misfit("an image of (height, width, channels)", shown(shape), hint)
    return shape[0], shape[1], shape[2]


def _axis(axis: int, shape: Shape) -> int:
    """The position in `shape` of an axis that counts the batch as 0, as Keras counts."""
    position = axis - 1 if axis > 0 else axis + len(shape)
    if axis == 0 or not 0 <= position < len(shape):
        raise Misfit(
            f"an axis from 1 to {len(shape)}, or from -{len(shape)} to -1",
            str(axis),
            "0 is the batch",
            field="axis",
        )
    return position


# ---------------------------------------------------------------------------------------------- dense


class Dense(Layer):
    """Every unit sees every input: y = activation(x · kernel + bias)."""

    type: Literal["Dense"] = "Dense"
    units: Size
    activation: Activation_ = "linear"
    use_bias: bool = True
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    kernel_regularizer: Regularizer | None = None

    def output_shape(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        if len(shape) != 1:
            raise Misfit("a flat input", shown(shape), "put a Flatten before it", then=(self.units,))
        return (self.units,)

    def parameters(self, *shapes: Shape) -> Parameters:
        return Parameters(trainable=shapes[0][0] * self.units + self.use_bias * self.units)


# --------------------------------------------------------------------------------------- convolution


def _window(  # noqa: PLR0917
    name: str, size: Pair, strides: Pair, padding: Margin, shape: Shape, dilation: Pair = (1, 1)
) -> Shape:
    """Height and width that a window sliding over an image leaves (Keras' arithmetic)."""
    height, width, _ = _image(shape)
    out = []
    for extent, one, stride, spread in zip((height, width), size, strides, dilation, strict=True):
        reach = (one - 1) * spread + 1
        if padding == "same":
            out.append(-(-extent // stride))
        elif reach > extent:
            raise Misfit(
                f"at least {reach} rows and columns for this {name}",
                shown(shape),
                'make it smaller, or the padding "same"',
                field=name,
            )
        else:
            out.append((extent - reach) // stride + 1)
    return tuple(out)


class Conv2D(Layer):
    """A small window slides over the image and looks for one pattern per filter."""

    type: Literal["Conv2D"] = "Conv2D"
    filters: Size
    kernel_size: Pair
    strides: Pair = (1, 1)
    padding: Margin = "valid"
    dilation_rate: Pair = (1, 1)
    groups: Size = 1
    activation: Activation_ = "linear"
    use_bias: bool = True
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    kernel_regularizer: Regularizer | None = None

    def output_shape(self, *shapes: Shape) -> Shape:
        *_, channels = _image(shapes[0])
        if channels % self.groups or self.filters % self.groups:
            raise Misfit(
                "groups that divide the channels and the filters",
                f"{self.groups} groups for {channels} channels and {self.filters} filters",
                field="groups",
            )
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise Misfit(
                "strides of 1 where dilation_rate is above 1", f"strides {self.strides}", field="strides"
            )
        spatial = _window(
            "kernel_size", self.kernel_size, self.strides, self.padding, shapes[0], self.dilation_rate
        )
        return (*spatial, self.filters)

    def parameters(self, *shapes: Shape) -> Parameters:
        kernel = math.prod(self.kernel_size) * (shapes[0][2] // self.groups) * self.filters
        return Parameters(trainable=kernel + self.use_bias * self.filters)


# ------------------------------------------------------------------------------------------- pooling


class _Pooling2D(Layer):
    pool_size: Pair = (2, 2)
    strides: Pair | None = None
    """As large as `pool_size` where left out."""
    padding: Margin = "valid"

    def output_shape(self, *shapes: Shape) -> Shape:
        spatial = _window(
            "pool_size", self.pool_size, self.strides or self.pool_size, self.padding, shapes[0]
        )
        return (*spatial, shapes[0][2])


class MaxPooling2D(_Pooling2D):
    """Keeps the largest value of each window, channel by channel."""

    type: Literal["MaxPooling2D"] = "MaxPooling2D"


class AveragePooling2D(_Pooling2D):
    """Keeps the mean of each window, channel by channel; margins added by "same" do not count."""

    type: Literal["AveragePooling2D"] = "AveragePooling2D"


class _GlobalPooling2D(Layer):
    keepdims: bool = False

    def output_shape(self, *shapes: Shape) -> Shape:
        *_, channels = _image(shapes[0])
        return (1, 1, channels) if self.keepdims else (channels,)


class GlobalAveragePooling2D(_GlobalPooling2D):
    """The mean of each channel over the whole image."""

    type: Literal["GlobalAveragePooling2D"] = "GlobalAveragePooling2D"


class GlobalMaxPooling2D(_GlobalPooling2D):
    """The largest value of each channel over the whole image."""

    type: Literal["GlobalMaxPooling2D"] = "GlobalMaxPooling2D"


# --------------------------------------------------------------------------------------------- shape


class Flatten(Layer):
    """All numbers in one row: rows, then columns, then channels."""

    type: Literal["Flatten"] = "Flatten"

    def output_shape(self, *shapes: Shape) -> Shape:
        return (math.prod(shapes[0]),)


class Reshape(Layer):
    """The same numbers in the same order, in another shape."""

    type: Literal["Reshape"] = "Reshape"
    target_shape: Annotated[Integers, Field(min_length=1, max_length=3)]
    """One entry may be -1: as many as are left."""

    def output_shape(self, *shapes: Shape) -> Shape:
        total = math.prod(shapes[0])
        known = math.prod(size for size in self.target_shape if size != -1)
        wildcards = self.target_shape.count(-1)
        if wildcards > 1 or 0 in self.target_shape:
            raise Misfit(
                "sizes of at least 1, and at most one -1", shown(self.target_shape), field="target_shape"
            )
        if (total % known) if wildcards else (total != known):
            raise Misfit(
                f"a shape that holds {total} numbers",
                shown(self.target_shape),
                f"the layer before gives {shown(shapes[0])}",
                field="target_shape",
            )
        return tuple(total // known if size == -1 else size for size in self.target_shape)


class ZeroPadding2D(Layer):
    """A margin of zeros around the image."""

    type: Literal["ZeroPadding2D"] = "ZeroPadding2D"
    padding: Padding = ((1, 1), (1, 1))

    def output_shape(self, *shapes: Shape) -> Shape:
        height, width, channels = _image(shapes[0])
        return (height + sum(self.padding[0]), width + sum(self.padding[1]), channels)


# ------------------------------------------------------------------------------------ regularisation


class Dropout(Layer):
    """While training, sets a random share of its inputs to zero; nothing afterwards."""

    type: Literal["Dropout"] = "Dropout"
    rate: Fraction


class BatchNormalization(Layer):
    """Brings each channel to mean 0 and variance 1 over the batch, then scales and shifts it."""

    type: Literal["BatchNormalization"] = "BatchNormalization"
    axis: int = -1
    momentum: Annotated[float, Field(ge=0, le=1)] = 0.99
    epsilon: PositiveFloat = 0.001
    center: bool = True
    scale: bool = True

    def output_shape(self, *shapes: Shape) -> Shape:
        _axis(self.axis, shapes[0])
        return shapes[0]

    def parameters(self, *shapes: Shape) -> Parameters:
        size = shapes[0][_axis(self.axis, shapes[0])]
        return Parameters(trainable=size * (self.center + self.scale), fixed=2 * size)


# ---------------------------------------------------------------------------------------- activation


class Activation(Layer):
    """Applies a function to every number; `softmax` to the last axis."""

    type: Literal["Activation"] = "Activation"
    activation: Activation_


class ReLU(Layer):
    """max(x, 0), with Keras' variations."""

    type: Literal["ReLU"] = "ReLU"
    max_value: Annotated[float, Field(ge=0)] | None = None
    negative_slope: Annotated[float, Field(ge=0)] = 0.0
    threshold: Annotated[float, Field(ge=0)] = 0.0


class LeakyReLU(Layer):
    """x where positive, negative_slope * x elsewhere."""

    type: Literal["LeakyReLU"] = "LeakyReLU"
    negative_slope: Annotated[float, Field(ge=0)] = 0.3


class Softmax(Layer):
    """exp(x) divided by its sum along an axis: numbers that add up to 1."""

    type: Literal["Softmax"] = "Softmax"
    axis: int = -1

    def output_shape(self, *shapes: Shape) -> Shape:
        _axis(self.axis, shapes[0])
        return shapes[0]


# ------------------------------------------------------------------------------------- preprocessing


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class Rescaling(Layer):
    """x * scale + offset."""

    type: Literal["Rescaling"] = "Rescaling"
    scale: float
    offset: float = 0.0


class Normalization(Layer):
    """(x - mean) / sqrt(variance) for each entry of the last axis; with `invert`, the way back.

    Mean and variance are measured on the training samples where they are left out: on the inputs, or,
    with `invert`, on the targets.
    """

    type: Literal["Normalization"] = "Normalization"
    mean: Annotated[Numbers | float, BeforeValidator(_listed)] | None = None
    variance: Annotated[Numbers | float, BeforeValidator(_listed)] | None = None
    invert: bool = False

    def output_shape(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        if (self.mean is None) != (self.variance is None):
            missing = "variance" if self.variance is None else "mean"
            raise Misfit("mean and variance together, or neither", f"no {missing}", field=missing, then=shape)
        for key, value in (("mean", self.mean), ("variance", self.variance)):
            if isinstance(value, tuple) and len(value) != shape[-1]:
                raise Misfit(f"{shape[-1]} numbers", str(len(value)), field=key, then=shape)
        return shape

    def parameters(self, *shapes: Shape) -> Parameters:
        measured = self.mean is None
        return Parameters(fixed=(2 * shapes[0][-1] + 1) if measured else 0)


# ------------------------------------------------------------------------------------------- merging


class _Merge(Layer):
    merges: ClassVar[bool] = True


class Add(_Merge):
    """The sum of inputs of equal shape, number by number."""

    type: Literal["Add"] = "Add"

    def output_shape(self, *shapes: Shape) -> Shape:
        if len(set(shapes)) > 1:
            raise Misfit(
                "inputs of one shape", " and ".join(map(shown, shapes)), field="inputs", then=shapes[0]
            )
        return shapes[0]


class Concatenate(_Merge):
    """The inputs side by side along an axis."""

    type: Literal["Concatenate"] = "Concatenate"
    axis: int = -1

    def output_shape(self, *shapes: Shape) -> Shape:
        first = shapes[0]
        position = _axis(self.axis, first)
        for other in shapes[1:]:
            same_rank = len(other) == len(first)
            if not same_rank or any(
                a != b for i, (a, b) in enumerate(zip(first, other, strict=True)) if i != position
            ):
                raise Misfit(
                    f"inputs alike except along axis {self.axis}",
                    " and ".join(map(shown, shapes)),
                    field="inputs",
                )
        joined = sum(shape[position] for shape in shapes)
        return (*first[:position], joined, *first[position + 1 :])


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
