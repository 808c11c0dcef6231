"""Embedding of tokens."""

from typing import ClassVar, Literal

from quickml.document.layers.layer import (
    Example,
    Initializer,
    Layer,
    Parameters,
    Regularizer,
    ShapeError,
    shown,
)
from quickml.fields import Shape, Size


class Embedding(Layer):
    """Maps each token to a trainable row of numbers."""

    group: ClassVar = "core"
    example: ClassVar = Example((32,), {"input_dim": 100, "output_dim": 16})

    type: Literal["Embedding"] = "Embedding"
    input_dim: Size
    """Number of different tokens: 0 to `input_dim` - 1."""
    output_dim: Size
    embeddings_initializer: Literal[Initializer, "uniform"] = "uniform"
    embeddings_regularizer: Regularizer | None = None

    def output_shape(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        if len(shape) != 1:
            raise ShapeError("not-tokens", "tokens in a row, (steps,)", shown(shape), input_shape=shape)
        return (*shape, self.output_dim)

    def parameters(self, *shapes: Shape) -> Parameters:
        return Parameters(trainable=self.input_dim * self.output_dim)
