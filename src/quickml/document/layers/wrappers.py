"""Layers that wrap another layer."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticKnownError

from quickml.document.advice import leave_out
from quickml.document.layers.dense import Dense
from quickml.document.layers.layer import Example, Layer, Parameters, ShapeError, sequence
from quickml.document.layers.recurrent import GRU, LSTM, SimpleRNN
from quickml.fields import Shape

OMIT = leave_out("", "leave it out")


def _check_unnamed(layer: Layer) -> None:
    """The name and the inputs of the outer layer are those of the inner one."""
    for key in ("name", "inputs"):
        if getattr(layer, key) is not None:
            raise ShapeError(
                "inner-key",
                f"no `{key}` in a layer within a layer",
                "one",
                OMIT.below(f"/layer/{key}"),
                field=f"layer/{key}",
                key=key,
            )


def _is_dense(value: Any) -> Any:
    """Report another type as a union of several layers would: without the other keys."""
    if isinstance(value, dict) and value.get("type") != "Dense":
        tags = {"discriminator": "'type'", "tag": str(value.get("type")), "expected_tags": "'Dense'"}
        raise PydanticKnownError("union_tag_invalid" if "type" in value else "union_tag_not_found", tags)
    return value


class Bidirectional(Layer):
    """Runs a recurrent layer over the sequence in both directions and merges the outputs."""

    group: ClassVar = "recurrent"
    example: ClassVar = Example((28, 16), {"layer": {"type": "LSTM", "units": 32}})
    gains_from_bfloat16: ClassVar = True

    type: Literal["Bidirectional"] = "Bidirectional"
    layer: Annotated[SimpleRNN | LSTM | GRU, Field(discriminator="type")]
    """The recurrent layer; each direction has its own weights."""
    merge_mode: Literal["concat", "sum", "mul", "ave"] = "concat"

    def output_shape(self, *shapes: Shape) -> Shape:
        _check_unnamed(self.layer)
        if self.layer.go_backwards:
            raise ShapeError(
                "backwards",
                "false: it goes both ways",
                "true",
                OMIT.below("/layer/go_backwards"),
                field="layer/go_backwards",
            )
        *steps, units = self.layer.output_shape(*shapes)
        return (*steps, units * 2 if self.merge_mode == "concat" else units)

    def parameters(self, *shapes: Shape) -> Parameters:
        return Parameters(trainable=2 * self.layer.parameters(*shapes).trainable)

    def activations(self, *shapes: Shape) -> int:
        return 2 * self.layer.activations(*shapes)

    def multiply_adds(self, *shapes: Shape) -> int:
        return 2 * self.layer.multiply_adds(*shapes)

    def steps_in_turn(self, *shapes: Shape) -> int:
        return 2 * self.layer.steps_in_turn(*shapes)


class TimeDistributed(Layer):
    """Applies the same layer to every step of a sequence."""

    group: ClassVar = "recurrent"
    example: ClassVar = Example((28, 16), {"layer": {"type": "Dense", "units": 8}})
    gains_from_bfloat16: ClassVar = True

    type: Literal["TimeDistributed"] = "TimeDistributed"
    layer: Annotated[Dense, BeforeValidator(_is_dense)]

    def output_shape(self, *shapes: Shape) -> Shape:
        _check_unnamed(self.layer)
        steps, features = sequence(shapes[0])
        return (steps, *self.layer.output_shape((features,)))

    def parameters(self, *shapes: Shape) -> Parameters:
        return self.layer.parameters(shapes[0][1:])

    def multiply_adds(self, *shapes: Shape) -> int:
        return self.layer.multiply_adds(*shapes)
