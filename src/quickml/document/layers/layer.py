"""The base classes of layers, and what several of them share."""

import math
import re
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from quickml.document.advice import NOTHING, Advice, before, put, told
from quickml.document.codes import Code
from quickml.fields import DocumentModel, Shape

Activation_ = Literal[
    "linear",
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "gelu_approximate",
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
BiasInitializer = Literal["zeros", "ones", "random_uniform", "random_normal", "truncated_normal"]
Margin = Literal["valid", "same"]
Group = Literal[
    "core",
    "convolution",
    "pooling",
    "recurrent",
    "attention",
    "normalization",
    "regularization",
    "activation",
    "reshaping",
    "merging",
    "preprocessing",
    "augmentation",
]
"""As Keras groups its layers; it counts augmentation as preprocessing."""


class Regularizer(DocumentModel):
    """A penalty on the size of weights, added to the loss: l1 * sum|w| + l2 * sum w²."""

    l1: Annotated[float, Field(ge=0)] = 0.0
    l2: Annotated[float, Field(ge=0)] = 0.0


class ShapeError(Exception):
    """A layer cannot take an input of this shape."""

    def __init__(
        self,
        code: Code,
        expected: str,
        found: str,
        advice: Advice = NOTHING,
        *,
        field: str = "",
        then: Shape | None = None,
        **values: Any,
    ) -> None:
        self.code, self.expected, self.found, self.field = code, expected, found, field
        self.advice = advice  # its paths are relative to the layer
        self.then = then  # the likely output shape, so that later layers can still be checked
        self.values = values
        super().__init__(expected)


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """Number of values that a layer stores."""

    trainable: int = 0
    fixed: int = 0

    @property
    def total(self) -> int:
        """Trainable and fixed values together, as Keras' `count_params`."""
        return self.trainable + self.fixed


class Example(NamedTuple):
    """An input shape and arguments for it; a layer that merges takes the input twice."""

    shape: Shape
    arguments: dict[str, Any]


class Layer(DocumentModel):
    """Keys of all layers, and facts about a layer that other components read."""

    type: str
    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")] | None = None
    """Unique name. Default: derived from the type."""
    inputs: Annotated[tuple[str, ...], Field(max_length=100)] | None = None
    """Names of earlier layers, or `input`. Default: the previous layer."""

    group: ClassVar[Group]
    """Where to look for it in a list of layers."""
    example: ClassVar[Example]
    """An input shape and arguments, which the reference shows and the tests start with."""
    merges: ClassVar[bool] = False
    """Takes two inputs or more."""
    keeps_raw: ClassVar[bool] = False
    """Raw numbers stay raw: they are moved, mixed with their neighbours or left out, but not scaled."""
    scales_raw: ClassVar[bool] = False
    """Brings raw numbers to a scale that networks learn from."""
    only_trains: ClassVar[bool] = False
    """Returns its input unchanged except during training; not part of an exported file."""
    attends_itself: ClassVar[bool] = False
    """Keras calls it with its input as query and as value."""
    gains_from_bfloat16: ClassVar[bool] = False
    """Trains faster in bfloat16 where the processor has it: it multiplies matrices."""
    is_updatable: ClassVar[bool] = False
    """Has a writer for updatable files, `export/coreml/legacy`."""
    learns_on_phone: ClassVar[bool] = False
    """Core ML can train its weights on a phone."""

    def output_shape(self, *shapes: Shape) -> Shape:
        """The output shape for given input shapes.

        Raises:
            ShapeError: the layer cannot take inputs of these shapes.
        """
        return shapes[0]

    def parameters(self, *shapes: Shape) -> Parameters:
        """Number of values that the layer stores, for valid input shapes."""
        return Parameters()

    def activations(self, *shapes: Shape) -> int:
        """Number of values per sample that training keeps for backpropagation; default: the output."""
        return math.prod(self.output_shape(*shapes))

    def multiply_adds(self, *shapes: Shape) -> int:
        """Multiplications with additions per sample, forwards, of products, convolutions and pooling.

        A window of a pooling counts one for each of its numbers. What is done number by number is not
        counted: it takes the time that moving the numbers takes, see `activations`.
        """
        return 0

    def steps_in_turn(self, *shapes: Shape) -> int:
        """Number of steps that cannot be computed at the same time, since each needs the one before."""
        return 0

    def arguments(self) -> dict[str, Any]:
        """The arguments of the Keras layer of this name."""
        return {key: value for key, value in self if key not in Layer.model_fields}

    def call_arguments(self) -> dict[str, Any]:
        """What Keras takes when the layer is called, not when it is made."""
        return {}

    def needs_float32(self) -> bool:
        """Whether it computes in float32 even where other layers train in bfloat16."""
        return False

    def final_activation(self) -> str:
        """The activation that its output went through last."""
        return "linear"

    def has_gradient(self) -> bool:
        """Whether Core ML can trace a loss back through what the layer is written as on a phone."""
        return False


class TrainingOnly(Layer):
    """A layer that does something during training only; a phone that goes on training leaves it out too."""

    keeps_raw: ClassVar[bool] = True
    only_trains: ClassVar[bool] = True
    is_updatable: ClassVar[bool] = True

    def has_gradient(self) -> bool:
        return True


def is_traced(activation: str) -> bool:
    """Whether an activation has a gradient in Core ML."""
    return activation in {"linear", "relu", "sigmoid", "tanh"}


class Activated(Layer):
    """A layer with weights, a bias and an activation."""

    activation: Activation_ = "linear"
    use_bias: bool = True
    bias_initializer: BiasInitializer = "zeros"

    gains_from_bfloat16: ClassVar[bool] = True


class Weighted(Activated):
    """A layer with one kernel and a bias."""

    kernel_initializer: Initializer = "glorot_uniform"
    kernel_regularizer: Regularizer | None = None


@cache
def default_name(layer_type: str) -> str:
    """The name Keras would choose: `MaxPooling2D` gives `max_pooling2d`."""
    name = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", layer_type)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def shown(shape: Shape) -> str:
    """A shape as Python writes it."""
    return str(tuple(shape))


def image(shape: Shape) -> tuple[int, int, int]:
    """(height, width, channels) of an image.

    Raises:
        ShapeError: it has another number of axes.
    """
    if len(shape) != 3:
        raise ShapeError(
            "not-an-image",
            "an image of (height, width, channels)",
            shown(shape),
            _reshaped(_as_image(shape), "put a Reshape to (height, width, channels) before it"),
            input_shape=shape,
        )
    return shape[0], shape[1], shape[2]


def _as_image(shape: Shape) -> Shape:
    """The image that a row or a table of numbers is likely to be: one channel, and a square if possible."""
    if len(shape) > 1:
        return (shape[0], math.prod(shape[1:]), 1)
    side = math.isqrt(shape[0])
    return (side, side, 1) if side * side == shape[0] else (shape[0], 1, 1)


def _reshaped(target: Shape, words: str) -> Advice:
    return before({"type": "Reshape", "target_shape": [*target]}, words=words)


FLATTEN_BEFORE = before({"type": "Flatten"}, words="put a Flatten before it")
SAME_PADDING = Advice(words='make it smaller, or use the padding "same"', steps=(put("/padding", "same"),))


class NoSequenceError(ShapeError):
    """A layer takes sequences only."""


def sequence(shape: Shape) -> tuple[int, int]:
    """(steps, features) of a sequence.

    Raises:
        NoSequenceError: it has another number of axes.
    """
    if len(shape) != 2:
        target = (shape[0], math.prod(shape[1:]))
        raise NoSequenceError(
            "not-a-sequence",
            "a sequence of (steps, features)",
            shown(shape),
            _reshaped(target, "put a Reshape to (steps, features) before it"),
            input_shape=shape,
        )
    return shape[0], shape[1]


def axis_of(axis: int, shape: Shape, *, field: str = "axis") -> int:
    """The index in `shape` of an axis in Keras' numbering, where 0 is the batch.

    Raises:
        ShapeError: there is no such axis.
    """
    position = axis - 1 if axis > 0 else axis + len(shape)
    if axis == 0 or not 0 <= position < len(shape):
        raise ShapeError(
            "axis",
            f"an axis from 1 to {len(shape)}, or from -{len(shape)} to -1",
            str(axis),
            told("0 is the batch"),
            field=field,
            axes=len(shape),
            found_axis=axis,
        )
    return position
