"""Recurrent layers."""

from typing import ClassVar, Literal

from quickml.document.advice import told
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
"""Maximum number of steps of a layer that is unrolled in the file."""


class Recurrent(Layer):
    """Arguments of all recurrent layers."""

    group: ClassVar = "recurrent"

    units: Size
    activation: Activation_ = "tanh"
    use_bias: bool = True
    kernel_initializer: Initializer = "glorot_uniform"
    recurrent_initializer: Initializer = "orthogonal"
    bias_initializer: BiasInitializer = "zeros"
    kernel_regularizer: Regularizer | None = None
    recurrent_regularizer: Regularizer | None = None
    dropout: Fraction = 0.0
    """Fraction of the inputs that is set to zero during training."""
    recurrent_dropout: Fraction = 0.0
    """The same for the recurrent state."""
    return_sequences: bool = False
    """Return the output of every step, (steps, units), instead of the last one, (units,)."""
    go_backwards: bool = False
    """Process the sequence in reverse."""

    gains_from_bfloat16: ClassVar[bool] = True
    gates: ClassVar[int] = 1
    """Number of kernels, and of recurrent kernels, that are stored together."""

    @property
    def is_unrolled(self) -> bool:
        """Whether the file contains every step: Core ML has no operation that is certainly equivalent."""
        return True

    def output_shape(self, *shapes: Shape) -> Shape:
        steps, _ = sequence(shapes[0])
        out = (steps, self.units) if self.return_sequences else (self.units,)
        if self.is_unrolled and steps > MAX_UNROLLED:
            raise ShapeError(
                "too-many-steps",
                f"at most {MAX_UNROLLED} steps",
                str(steps),
                told("an LSTM with its default activations takes more; pooling makes fewer of them"),
                then=out,
                maximum_steps=MAX_UNROLLED,
                found_steps=steps,
            )
        return out

    def parameters(self, *shapes: Shape) -> Parameters:
        weights = (shapes[0][1] + self.units) * self.units
        return Parameters(trainable=self.gates * weights + self._biases())

    def _biases(self) -> int:
        return self.use_bias * self.gates * self.units

    def multiply_adds(self, *shapes: Shape) -> int:
        steps, features = shapes[0]
        return steps * self.gates * (features + self.units) * self.units

    def steps_in_turn(self, *shapes: Shape) -> int:
        return shapes[0][0]

    def activations(self, *shapes: Shape) -> int:
        steps, _ = shapes[0]
        return steps * (2 * self.gates + 2) * self.units


class SimpleRNN(Recurrent):
    """Fully connected recurrent layer: each step takes the input and the previous output."""

    example: ClassVar = Example((28, 16), {"units": 32})

    type: Literal["SimpleRNN"] = "SimpleRNN"


class LSTM(Recurrent):
    """Long short-term memory: gates control what is stored, forgotten and returned."""

    example: ClassVar = Example((28, 16), {"units": 32})

    type: Literal["LSTM"] = "LSTM"
    recurrent_activation: Activation_ = "sigmoid"
    """Activation of the gates."""
    unit_forget_bias: bool = True
    """Initialize the bias of the forget gate with 1."""

    gates: ClassVar[int] = 4

    @property
    def is_unrolled(self) -> bool:
        """With other than the default activations: Core ML has few of them, and clips them."""
        return (self.activation, self.recurrent_activation) != ("tanh", "sigmoid")


class GRU(Recurrent):
    """Gated recurrent unit: similar to an LSTM, with fewer gates."""

    example: ClassVar = Example((28, 16), {"units": 32})

    type: Literal["GRU"] = "GRU"
    recurrent_activation: Activation_ = "sigmoid"
    """Activation of the gates."""
    reset_after: bool = True
    """Apply the reset gate after the recurrent kernel instead of before it."""

    gates: ClassVar[int] = 3

    def _biases(self) -> int:
        return super()._biases() * (2 if self.reset_after else 1)
