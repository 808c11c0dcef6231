"""Infer the shapes, parameters and memory of all layers, and collect the problems."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from quickml.document.advice import Advice, put
from quickml.document.layers import Layer
from quickml.document.layers.layer import NoSequenceError, Parameters, ShapeError, shown
from quickml.document.problem import problem
from quickml.document.wiring import INPUT, wire
from quickml.errors import Problem
from quickml.fields import Shape


@dataclass(frozen=True, kw_only=True)
class Node:
    """A layer in the graph, with its name, inputs and output shape."""

    index: int
    layer: Layer
    name: str
    inputs: tuple[str, ...]
    """Names of other nodes, or `input`."""
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    parameters: Parameters

    @cached_property
    def activations(self) -> int:
        """Number of values per sample that training keeps for backpropagation."""
        return self.layer.activations(*self.input_shapes)


@dataclass(frozen=True, kw_only=True)
class Graph:
    """All layers in order, each with its shapes; the last one is the output."""

    input_shape: Shape
    nodes: tuple[Node, ...]

    @property
    def output_shape(self) -> Shape:
        """Shape of the model's output."""
        return self.nodes[-1].output_shape

    @cached_property
    def parameters(self) -> Parameters:
        """Number of parameters of all layers."""
        return Parameters(
            trainable=sum(node.parameters.trainable for node in self.nodes),
            fixed=sum(node.parameters.fixed for node in self.nodes),
        )

    def memory_bytes(self, batch_size: int, slots: int) -> int:
        """Estimate the memory for training in float32, in bytes, without the memory of the program itself.

        Counts the weights with their gradients and `slots` optimizer variables each, and the activations of
        all layers with their gradients for each sample of a batch.
        """
        weights = self.parameters.trainable * (2 + slots) + self.parameters.fixed
        kept = sum(node.activations for node in self.nodes)
        activations = 2 * kept + math.prod(self.input_shape)
        return 4 * (weights + batch_size * activations)


def walk(layers: Sequence[Layer], input_shape: Shape) -> tuple[Graph | None, list[Problem]]:
    """Infer the names, shapes and parameters of all layers.

    Returns:
        The graph, or None if there are problems, and the problems in document order.
    """
    found = explore(layers, input_shape)
    return found.graph, found.problems


class Walk(NamedTuple):
    """What is known about layers, some of which may be invalid."""

    graph: Graph | None
    """None if there are problems."""
    nodes: tuple[Node, ...]
    """The layers whose shapes are known: they and all that they depend on are valid."""
    problems: list[Problem]
    """In document order."""


def explore(layers: Sequence[Layer], input_shape: Shape) -> Walk:
    """Infer what can be known about layers.

    An instance of `Layer` itself is a placeholder for an invalid layer, whose output shape is unknown.
    """
    wiring = wire(layers)
    walker = _Walker(input_shape)
    for index, (layer, name, inputs) in enumerate(zip(layers, wiring.names, wiring.inputs, strict=True)):
        walker.visit(index, layer, name, inputs or ())
    problems = sorted(
        (*wiring.problems, *walker.problems), key=lambda found: int(found.pointer.split("/")[3])
    )
    complete = not problems and len(walker.nodes) == len(layers)
    nodes = tuple(walker.nodes)
    graph = Graph(input_shape=input_shape, nodes=nodes) if complete else None
    certain = tuple(node for node in nodes if node.name not in walker.guessed)
    return Walk(graph=graph, nodes=certain, problems=problems)


class _Walker:
    def __init__(self, input_shape: Shape) -> None:
        self.shapes: dict[str, Shape | None] = {INPUT: input_shape}
        self.nodes: list[Node] = []
        self.guessed: set[str] = set()
        """Names of layers whose shapes depend on the likely output of an invalid layer."""
        self.problems: list[Problem] = []

    def visit(self, index: int, layer: Layer, name: str, inputs: tuple[str, ...]) -> None:
        """Infer the output shape of a layer whose input shapes are known."""
        shapes = [self.shapes.get(source) for source in inputs]
        self.shapes[name] = None
        if not inputs or None in shapes or type(layer) is Layer:
            return
        known = tuple(shape for shape in shapes if shape is not None)
        try:
            output = layer.output_shape(*known)
        except ShapeError as error:
            self.shapes[name] = error.then
            self.guessed.add(name)
            before = next((node for node in self.nodes if node.name == inputs[0]), None)
            self.problems.append(_problem(f"/model/layers/{index}", layer, error, before))
            return
        self.shapes[name] = output
        if not self.guessed.isdisjoint(inputs):
            self.guessed.add(name)
        self.nodes.append(
            Node(
                index=index,
                layer=layer,
                name=name,
                inputs=inputs,
                input_shapes=known,
                output_shape=output,
                parameters=layer.parameters(*known),
            )
        )


def _problem(pointer: str, layer: Layer, error: ShapeError, before: Node | None) -> Problem:
    advice = error.advice.below(pointer)
    recurrent = getattr(before and before.layer, "layer", before and before.layer)  # that of a Bidirectional
    if (
        before
        and isinstance(error, NoSequenceError)
        and getattr(recurrent, "return_sequences", None) is False
    ):
        inner = "" if recurrent is before.layer else "/layer"
        sequences = put(f"/model/layers/{before.index}{inner}/return_sequences", value=True)
        words = f'{advice.words}, or, behind a recurrent layer, set its "return_sequences" to true'
        advice = Advice(words=words, steps=(sequences,))
    return problem(
        error.code,
        f"{pointer}/{error.field}" if error.field else pointer,
        subject=layer.type,
        expected=error.expected,
        found=error.found,
        advice=advice,
        layer=layer.type,
        **error.values,
    )


def rows(nodes: Sequence[Node]) -> list[dict[str, Any]]:
    """Layers with shapes and parameters, for JSON."""
    return [
        {
            "name": node.name,
            "type": node.layer.type,
            "output_shape": node.output_shape,
            "parameters": node.parameters.total,
        }
        for node in nodes
    ]


def summary(graph: Graph) -> dict[str, Any]:
    """Layers with shapes and parameters, and the totals, for JSON."""
    return {
        "layers": rows(graph.nodes),
        "parameters": graph.parameters.total,
        "trainable_parameters": graph.parameters.trainable,
    }


def table(layers: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str, str]]:
    """Name, type, output shape and parameters of the rows of layers, as text."""
    return [
        (layer["name"], layer["type"], shown(layer["output_shape"]), f"{layer['parameters']:,}")
        for layer in layers
    ]
