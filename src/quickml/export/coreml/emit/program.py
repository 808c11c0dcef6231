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
"""Operations between a network and raw values, which float16 may not be able to hold; also `ROW_0`, ..."""


def core_ml_shape(shape: Shape) -> tuple[int, ...]:
    """The shape of a value in the file: with a batch axis of 1, and channels first for images."""
    return (1, shape[2], shape[0], shape[1]) if len(shape) == 3 else (1, *shape)


def input_shape(kind: Kind, shape: Shape) -> tuple[int, ...]:
    """The shape of a file's input. An image that the network reads row by row is still an image."""
    return (1, 1, *shape) if kind == "image" and len(shape) == 2 else core_ml_shape(shape)


def network_shape(kind: Kind, shape: Shape, *, by_name: bool) -> tuple[int, ...]:
    """The shape of a network's inputs if an app passes columns by name: of a table, the vector that a feature
    vectorizer makes; of recordings, the steps of one column."""
    if not by_name:
        return input_shape(kind, shape)
    return shape[:1] if kind == "sequence" else shape


def emit(
    graph: Graph,
    weights: Mapping[str, Mapping[str, NDArray[np.float32]]],
    *,
    input_names: Sequence[str],
    opset: Any,
    kind: Kind = "features",
    both: bool = False,
    by_name: bool = False,
    flat: bool = False,
) -> Program:
    """Write the MIL program of a trained model, from the raw input to the probabilities or the prediction.

    Args:
        graph: the layers with their shapes.
        weights: by layer name, then by Keras' variable name; float32.
        input_names: the names of the network's inputs: one, or one for each column of recordings.
        opset: the coremltools target whose operations may be used.
        kind: the kind of the input.
        by_name: whether an app passes columns by name; see `network_shape`.
        flat: whether the output is a vector, (k,), instead of (1, k).
        both: whether the network outputs only the probability of the second of two classes; the program then
            outputs both.

    Raises:
        CompileError: a layer without an emitter.
    """
    program = Program()
    shape = network_shape(kind, graph.input_shape, by_name=by_name)
    dtype = types.int32 if kind == "tokens" else types.fp32
    taken = {name: mb.placeholder(shape=shape, dtype=dtype) for name in input_names}
    with Function(taken, opset_version=opset) as function:
        source = _joined([function.inputs[name] for name in input_names], core_ml_shape(graph.input_shape))
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


def _joined(sources: Sequence[Var], shape: tuple[int, ...]) -> Var:
    """The inputs as the first layer takes them: an array for each column becomes a feature of each step."""
    if len(sources) == 1:
        return sources[0] if sources[0].shape == shape else mb.reshape(x=sources[0], shape=shape, name=ROW)
    steps = [
        mb.reshape(x=source, shape=(*shape[:-1], 1), name=f"{ROW}_{index}")
        for index, source in enumerate(sources)
    ]
    return mb.concat(values=steps, axis=-1, name=ROW)


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
