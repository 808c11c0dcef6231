"""Recurrent layers: they go through a sequence step by step, and carry along what they have seen."""

from typing import ClassVar, Literal

from quickml.document.layers.layer import (
    Activation_,
    BiasInitializer,
    Example,
    Initializer,
    Layer,
    Parameters,
    Regularizer,
    ShapeError,
    sequence,
)
from quickml.fields import Fraction, Shape, Size

MAX_UNROLLED = 512
"""Steps that a layer may have which the file holds step by step."""


class Recurrent(Layer):
    """What they all take."""

    units: Size
    activation: Activation_ = "tanh"
    use_bias: bool = True
    kernel_initializer: Initializer = "glorot_uniform"
    recurrent_initializer: Initializer = "orthogonal"
    bias_initializer: BiasInitializer = "zeros"
    kernel_regularizer: Regularizer | None = None
    recurrent_regularizer: Regularizer | None = None
    dropout: Fraction = 0.0
    """Share of the inputs that is set to zero while training."""
    recurrent_dropout: Fraction = 0.0
    """The same of what is carried along."""
    return_sequences: bool = False
    """Give what is known after every step, (steps, units), not after the last one only, (units,)."""
    go_backwards: bool = False
    """Begin with the last step."""

    gains_from_bfloat16: ClassVar[bool] = True
    gates: ClassVar[int] = 1
    """How many kernels, and recurrent kernels, lie side by side."""

    @property
    def is_unrolled(self) -> bool:
        """Whether a file holds every step: Core ML has no operation that means the same beyond doubt."""
        return True

    def output_shape(self, *shapes: Shape) -> Shape:
        steps, _ = sequence(shapes[0])
        out = (steps, self.units) if self.return_sequences else (self.units,)
        if self.is_unrolled and steps > MAX_UNROLLED:
            raise ShapeError(
                f"at most {MAX_UNROLLED} steps",
                str(steps),
                "an LSTM with its default activations takes more; pooling makes fewer of them",
                then=out,
            )
        return out

    def parameters(self, *shapes: Shape) -> Parameters:
        weights = (shapes[0][1] + self.units) * self.units
        return Parameters(trainable=self.gates * weights + self._biases())

    def _biases(self) -> int:
        return self.use_bias * self.gates * self.units

    def activations(self, *shapes: Shape) -> int:
        steps, _ = shapes[0]
        return steps * (2 * self.gates + 2) * self.units


class SimpleRNN(Recurrent):
    """The plainest recurrent layer: each step sees the input and the answer to the step before."""

    example: ClassVar = Example((28, 16), {"units": 32})

    type: Literal["SimpleRNN"] = "SimpleRNN"


class LSTM(Recurrent):
    """Long short-term memory: gates decide what is remembered, forgotten and told."""

    example: ClassVar = Example((28, 16), {"units": 32})

    type: Literal["LSTM"] = "LSTM"
    recurrent_activation: Activation_ = "sigmoid"
    """Of the gates."""
    unit_forget_bias: bool = True
    """Begin by remembering: the bias of the forget gate starts at 1."""

    gates: ClassVar[int] = 4

    @property
    def is_unrolled(self) -> bool:
        """With other activations than its own ones, of which Core ML has few, and clips them."""
        return (self.activation, self.recurrent_activation) != ("tanh", "sigmoid")


class GRU(Recurrent):
    """Gated recurrent unit: as an LSTM with fewer gates, and often as good."""

    example: ClassVar = Example((28, 16), {"units": 32})

    type: Literal["GRU"] = "GRU"
    recurrent_activation: Activation_ = "sigmoid"
    """Of the gates."""
    reset_after: bool = True
    """Where the reset gate acts: on what leaves the recurrent kernel, or on what enters it."""

    gates: ClassVar[int] = 3

    def _biases(self) -> int:
        return super()._biases() * (2 if self.reset_after else 1)
