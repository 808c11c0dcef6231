"""Write a graph as a MIL program, each layer with its emitter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.mil import Function, Program, types
from numpy.typing import NDArray

from quickml.datasets.info import Kind
from quickml.document.shapes import Graph, Node
from quickml.document.wiring import INPUT
from quickml.errors import CompileError
from quickml.export.coreml.emit.emitter import EMITTERS, Context, Var
from quickml.fields import Shape

ROW, FLAT = "input__row", "output__flat"
"""Operations between the network of a pipeline and its raw values, which float16 may not be able to hold."""


def core_ml_shape(shape: Shape) -> tuple[int, ...]:
    """The shape of a value in the file: with a batch axis of 1, and channels first for images."""
    return (1, shape[2], shape[0], shape[1]) if len(shape) == 3 else (1, *shape)


def input_shape(kind: Kind, shape: Shape) -> tuple[int, ...]:
    """The shape of a file's input. An image that the network reads row by row is still an image."""
    return (1, 1, *shape) if kind == "image" and len(shape) == 2 else core_ml_shape(shape)


def network_shape(kind: Kind, shape: Shape, *, in_pipeline: bool) -> tuple[int, ...]:
    """The shape of a network's input. In a pipeline, it is the vector that a feature vectorizer makes."""
    return shape if in_pipeline else input_shape(kind, shape)


def emit(
    graph: Graph,
    weights: Mapping[str, Mapping[str, NDArray[np.float32]]],
    *,
    input_name: str,
    opset: Any,
    kind: Kind = "features",
    both: bool = False,
    in_pipeline: bool = False,
    flat: bool = False,
) -> Program:
    """Write the MIL program of a trained model, from the raw input to the probabilities or the prediction.

    Args:
        graph: the layers with their shapes.
        weights: by layer name, then by Keras' variable name; float32.
        input_name: the name of the file's input.
        opset: the coremltools target whose operations may be used.
        kind: the kind of the input.
        in_pipeline: whether the file's input is that of a network in a pipeline; see `network_shape`.
        flat: whether the output is a vector, (k,), instead of (1, k).
        both: whether the network outputs only the probability of the second of two classes; the program then
            outputs both.

    Raises:
        CompileError: a layer without an emitter.
    """
    program = Program()
    shape = network_shape(kind, graph.input_shape, in_pipeline=in_pipeline)
    dtype = types.int32 if kind == "tokens" else types.fp32
    with Function({input_name: mb.placeholder(shape=shape, dtype=dtype)}, opset_version=opset) as function:
        source = function.inputs[input_name]
        if shape != core_ml_shape(graph.input_shape):
            source = mb.reshape(x=source, shape=core_ml_shape(graph.input_shape), name=ROW)
        values: dict[str, Var] = {INPUT: source}
        for node in graph.nodes:
            inputs = [values[name] for name in node.inputs]
            values[node.name] = _emitted(node, inputs, weights.get(node.name, {}))
        output = values[graph.nodes[-1].name]
        if both:
            output = mb.concat(values=[mb.sub(x=np.float32(1), y=output), output], axis=1, name="both")
        if flat:
            output = mb.reshape(x=output, shape=(-1,), name=FLAT)
        function.set_outputs([output])
    program.add_function("main", function)
    return program


def _emitted(node: Node, inputs: Sequence[Var], weights: Mapping[str, NDArray[np.float32]]) -> Var:
    emitter = EMITTERS.get(type(node.layer))
    if emitter is None:
        raise CompileError(f"{node.name}: {node.layer.type} cannot be written to Core ML")
    context = Context(
        name=node.name,
        inputs=inputs,
        input_shapes=node.input_shapes,
        output_shape=node.output_shape,
        weights=weights,
    )
    return emitter(node.layer, context)
