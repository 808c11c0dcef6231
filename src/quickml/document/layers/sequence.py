"""Layers for sequences: convolution, pooling and padding along the steps."""

import math
from typing import ClassVar, Literal

from quickml.document.layers.convolution import check_gaps, check_groups, reach, slid
from quickml.document.layers.layer import (
    FLATTEN_BEFORE,
    SAME_PADDING,
    Example,
    Layer,
    Margin,
    Parameters,
    ShapeError,
    TrainingOnly,
    Weighted,
    sequence,
    shown,
)
from quickml.fields import Fraction, PairFromZero, Shape, Size


def _steps(  # noqa: PLR0917
    name: str, size: int, stride: int, padding: str, shape: Shape, dilation: int = 1
) -> int:
    """Steps that a window sliding over a sequence leaves (Keras' arithmetic)."""
    steps, _ = sequence(shape)
    places = slid(steps, size, stride, padding, dilation)
    if places < 1:
        raise ShapeError(
            "window-too-large",
            f"at least {reach(size, dilation)} steps for this {name}",
            shown(shape),
            SAME_PADDING,
            field=name,
            key=name,
            needed=reach(size, dilation),
            input_shape=shape,
        )
    return places


class Conv1D(Weighted):
    """Convolution along the steps of a sequence."""

    group: ClassVar = "convolution"
    example: ClassVar = Example((128, 1), {"filters": 16, "kernel_size": 5})

    type: Literal["Conv1D"] = "Conv1D"
    filters: Size
    kernel_size: Size
    strides: Size = 1
    padding: Literal["valid", "same", "causal"] = "valid"
    """With `causal`, the output of a step does not depend on later steps."""
    dilation_rate: Size = 1
    groups: Size = 1

    def output_shape(self, *shapes: Shape) -> Shape:
        _, features = sequence(shapes[0])
        check_groups(self.groups, features, "features", self.filters)
        check_gaps(self.strides, self.dilation_rate)
        steps = _steps(
            "kernel_size", self.kernel_size, self.strides, self.padding, shapes[0], self.dilation_rate
        )
        return (steps, self.filters)

    def parameters(self, *shapes: Shape) -> Parameters:
        kernel = self.kernel_size * (shapes[0][1] // self.groups) * self.filters
        return Parameters(trainable=kernel + self.use_bias * self.filters)

    def multiply_adds(self, *shapes: Shape) -> int:
        kernel = self.kernel_size * (shapes[0][1] // self.groups)
        return kernel * math.prod(self.output_shape(*shapes))


class _Pooling1D(Layer):
    group: ClassVar = "pooling"
    keeps_raw: ClassVar = True

    pool_size: Size
    strides: Size | None = None
    """As long as `pool_size` where left out."""
    padding: Margin = "valid"

    def output_shape(self, *shapes: Shape) -> Shape:
        steps = _steps("pool_size", self.pool_size, self.strides or self.pool_size, self.padding, shapes[0])
        return (steps, shapes[0][1])

    def multiply_adds(self, *shapes: Shape) -> int:
        return self.pool_size * math.prod(self.output_shape(*shapes))


class MaxPooling1D(_Pooling1D):
    """Keeps the largest value of each window of steps, feature by feature."""

    example: ClassVar = Example((128, 16), {"pool_size": 2})

    type: Literal["MaxPooling1D"] = "MaxPooling1D"
    pool_size: Size = 2


class AveragePooling1D(_Pooling1D):
    """Keeps the mean of each window of steps, feature by feature; margins added by "same" do not count."""

    example: ClassVar = Example((128, 16), {"pool_size": 2})

    type: Literal["AveragePooling1D"] = "AveragePooling1D"


class _GlobalPooling1D(Layer):
    group: ClassVar = "pooling"
    keeps_raw: ClassVar = True

    keepdims: bool = False

    def output_shape(self, *shapes: Shape) -> Shape:
        _, features = sequence(shapes[0])
        return (1, features) if self.keepdims else (features,)

    def multiply_adds(self, *shapes: Shape) -> int:
        return math.prod(shapes[0])


class GlobalAveragePooling1D(_GlobalPooling1D):
    """The mean of each feature over all steps."""

    example: ClassVar = Example((32, 64), {})

    type: Literal["GlobalAveragePooling1D"] = "GlobalAveragePooling1D"


class GlobalMaxPooling1D(_GlobalPooling1D):
    """The largest value of each feature over all steps."""

    example: ClassVar = Example((32, 64), {})

    type: Literal["GlobalMaxPooling1D"] = "GlobalMaxPooling1D"


class ZeroPadding1D(Layer):
    """Adds steps of zeros before and after the sequence."""

    group: ClassVar = "reshaping"
    keeps_raw: ClassVar = True
    example: ClassVar = Example((28, 16), {"padding": [2, 0]})

    type: Literal["ZeroPadding1D"] = "ZeroPadding1D"
    padding: PairFromZero = (1, 1)
    """Before the first step and after the last; one integer stands for both."""

    def output_shape(self, *shapes: Shape) -> Shape:
        steps, features = sequence(shapes[0])
        return (steps + sum(self.padding), features)


class RepeatVector(Layer):
    """Repeats a row of numbers as the steps of a sequence."""

    group: ClassVar = "reshaping"
    keeps_raw: ClassVar = True
    example: ClassVar = Example((32,), {"n": 10})

    type: Literal["RepeatVector"] = "RepeatVector"
    n: Size

    def output_shape(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        if len(shape) != 1:
            raise ShapeError("not-flat", "a row of numbers", shown(shape), FLATTEN_BEFORE, input_shape=shape)
        return (self.n, *shape)


class SpatialDropout1D(TrainingOnly):
    """Sets a random fraction of the features to zero during training, each at all steps."""

    group: ClassVar = "regularization"
    is_updatable: ClassVar = False
    example: ClassVar = Example((32, 64), {"rate": 0.2})

    type: Literal["SpatialDropout1D"] = "SpatialDropout1D"
    rate: Fraction

    def output_shape(self, *shapes: Shape) -> Shape:
        return sequence(shapes[0])
