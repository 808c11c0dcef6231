"""Attention."""

from typing import Any, ClassVar, Literal

from quickml.document.layers.layer import (
    BiasInitializer,
    Example,
    Initializer,
    Layer,
    Parameters,
    Regularizer,
    sequence,
)
from quickml.fields import Fraction, Shape, Size


class MultiHeadAttention(Layer):
    """Self-attention over the steps of a sequence."""

    group: ClassVar = "attention"
    example: ClassVar = Example((32, 64), {"num_heads": 4, "key_dim": 16})
    attends_itself: ClassVar = True
    gains_from_bfloat16: ClassVar = True

    type: Literal["MultiHeadAttention"] = "MultiHeadAttention"
    num_heads: Size
    key_dim: Size
    """Size of the queries and keys of a head."""
    value_dim: Size | None = None
    """Size of the values of a head. Default: `key_dim`."""
    dropout: Fraction = 0.0
    use_bias: bool = True
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: BiasInitializer = "zeros"
    kernel_regularizer: Regularizer | None = None
    use_causal_mask: bool = False
    """The output of a step does not depend on later steps."""

    def output_shape(self, *shapes: Shape) -> Shape:
        return sequence(shapes[0])

    def parameters(self, *shapes: Shape) -> Parameters:
        features, heads = shapes[0][1], self.num_heads
        values = self.value_dim or self.key_dim
        kernels = features * heads * (2 * self.key_dim + 2 * values)
        biases = heads * (2 * self.key_dim + values) + features
        return Parameters(trainable=kernels + self.use_bias * biases)

    def activations(self, *shapes: Shape) -> int:
        steps, features = shapes[0]
        values = self.value_dim or self.key_dim
        of_a_head = 2 * steps * steps + steps * (2 * self.key_dim + 2 * values)
        return self.num_heads * of_a_head + steps * features

    def multiply_adds(self, *shapes: Shape) -> int:
        steps, features = shapes[0]
        values = self.value_dim or self.key_dim
        projections = steps * features * (2 * self.key_dim + 2 * values)
        return self.num_heads * (projections + steps * steps * (self.key_dim + values))

    def arguments(self) -> dict[str, Any]:
        """Less `use_causal_mask`, which Keras takes when the layer is called."""
        return {key: value for key, value in super().arguments().items() if key != "use_causal_mask"}

    def call_arguments(self) -> dict[str, Any]:
        return {"use_causal_mask": self.use_causal_mask}
