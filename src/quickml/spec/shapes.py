"""Walk the layers: shapes, parameters, memory, and every problem with its place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quickml.errors import Problem
from quickml.spec.layers import Layer
from quickml.spec.layers.layer import Misfit, Parameters, default_name, shown
from quickml.spec.part import Shape

INPUT = "input"
"""What a layer calls the model's input in its `inputs`."""
RESERVED = frozenset({INPUT, "image", "features"})


@dataclass(frozen=True, kw_only=True)
class Node:
    """A layer in its place: named, with its inputs and what comes out."""

    index: int
    layer: Layer
    name: str
    inputs: tuple[str, ...]
    """Names of other nodes, or `input`."""
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    parameters: Parameters


@dataclass(frozen=True, kw_only=True)
class Graph:
    """All layers in order, each with its shapes; the last one is the output."""

    input_shape: Shape
    nodes: tuple[Node, ...]

    @property
    def output_shape(self) -> Shape:
        """What the model answers with."""
        return self.nodes[-1].output_shape

    @property
    def parameters(self) -> Parameters:
        """Of all layers together."""
        return Parameters(
            trainable=sum(node.parameters.trainable for node in self.nodes),
            fixed=sum(node.parameters.fixed for node in self.nodes),
        )

    def memory_bytes(self, batch_size: int, slots: int) -> int:
        """Estimate of what training needs beside the program itself, in bytes of float32.

        Weights with their gradients and `slots` optimizer variables each, and for every sample of a
        batch the outputs of all layers twice: once forward, once as gradients.
        """
        weights = self.parameters.trainable * (2 + slots) + self.parameters.fixed
        activations = 2 * sum(math.prod(node.output_shape) for node in self.nodes) + math.prod(
            self.input_shape
        )
        return 4 * (weights + batch_size * activations)


def walk(layers: Sequence[Layer], input_shape: Shape) -> tuple[Graph | None, list[Problem]]:
    """Names, shapes and parameters of every layer, and all problems on the way.

    A bare `Layer` stands for one that is wrong in itself: what comes out of it is not known.

    Returns:
        The graph, or None where a problem stands in its way, and the problems in document order.
    """
    walker = _Walker(input_shape)
    names = _names(layers, walker.problems)
    for index, layer in enumerate(layers):
        walker.visit(index, layer, names)
    walker.find_unused(layers, names)
    problems = sorted(walker.problems, key=lambda problem: int(problem.pointer.split("/")[3]))
    complete = not problems and len(walker.nodes) == len(layers)
    return (Graph(input_shape=input_shape, nodes=tuple(walker.nodes)) if complete else None), problems


def _names(layers: Sequence[Layer], problems: list[Problem]) -> list[str]:
    taken = {layer.name for layer in layers if layer.name}
    names: list[str] = []
    for index, layer in enumerate(layers):
        if layer.name:
            if layer.name in names or layer.name in RESERVED:
                problems.append(
                    Problem(
                        pointer=f"/model/layers/{index}/name",
                        expected="a name of its own",
                        found=f"{layer.name!r}",
                        hint="it is taken",
                    )
                )
            names.append(layer.name)
            continue
        base = name = default_name(layer.type)
        count = 0
        while name in taken:
            count += 1
            name = f"{base}_{count}"
        taken.add(name)
        names.append(name)
    return names


class _Walker:
    def __init__(self, input_shape: Shape) -> None:
        self.shapes: dict[str, Shape | None] = {INPUT: input_shape}
        self.nodes: list[Node] = []
        self.problems: list[Problem] = []
        self.used: set[str] = set()

    def visit(self, index: int, layer: Layer, names: list[str]) -> None:
        pointer, name = f"/model/layers/{index}", names[index]
        inputs = self._inputs(index, layer, names)
        shapes = [self.shapes.get(source) for source in inputs]
        self.used.update(inputs)
        self.shapes[name] = None
        if not inputs or None in shapes or type(layer) is Layer:
            return
        known = tuple(shape for shape in shapes if shape is not None)
        try:
            output = layer.output_shape(*known)
        except Misfit as misfit:
            self.shapes[name] = misfit.then
            self.problems.append(
                Problem(
                    pointer=f"{pointer}/{misfit.field}" if misfit.field else pointer,
                    subject=layer.type,
                    expected=misfit.expected,
                    found=misfit.found,
                    hint=misfit.hint,
                )
            )
            return
        self.shapes[name] = output
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

    def _inputs(self, index: int, layer: Layer, names: list[str]) -> tuple[str, ...]:
        pointer = f"/model/layers/{index}"
        if layer.inputs is None and not layer.merges:
            return (names[index - 1] if index else INPUT,)
        inputs = layer.inputs or ()
        fits = len(inputs) >= 2 if layer.merges else len(inputs) == 1
        if not fits:
            self.problems.append(
                Problem(
                    pointer=f"{pointer}/inputs" if layer.inputs is not None else pointer,
                    subject=layer.type,
                    expected="`inputs` with the names of two or more earlier layers"
                    if layer.merges
                    else "one input",
                    found=f"{len(inputs)}",
                )
            )
            return ()
        earlier = {INPUT, *names[:index]}
        for position, source in enumerate(inputs):
            if source not in earlier:
                later = source in names[index:]
                self.problems.append(
                    Problem(
                        pointer=f"{pointer}/inputs/{position}",
                        expected="the name of an earlier layer, or `input`",
                        found=f"{source!r}" + (", which does not come before it" if later else ""),
                        hint=f"earlier are {', '.join(sorted(earlier)[:12])}",
                    )
                )
        return inputs if all(source in earlier for source in inputs) else ()

    def find_unused(self, layers: Sequence[Layer], names: list[str]) -> None:
        if any(type(layer) is Layer for layer in layers):
            return  # nobody knows what it takes
        for index, (layer, name) in enumerate(zip(layers[:-1], names[:-1], strict=True)):
            if name not in self.used and not any(
                problem.pointer.startswith(f"/model/layers/{index}") for problem in self.problems
            ):
                self.problems.append(
                    Problem(
                        pointer=f"/model/layers/{index}",
                        subject=layer.type,
                        expected="a later layer that takes its output",
                        found=f"none that names {name!r}",
                    )
                )


def summary(graph: Graph) -> dict[str, Any]:
    """Layers with shapes and parameters, and their sums, for JSON."""
    return {
        "layers": [
            {
                "name": node.name,
                "type": node.layer.type,
                "output_shape": node.output_shape,
                "parameters": node.parameters.total,
            }
            for node in graph.nodes
        ],
        "parameters": graph.parameters.total,
        "trainable_parameters": graph.parameters.trainable,
    }


def table(graph: Graph) -> list[tuple[str, str, str, str]]:
    """Name, type, output shape and parameters of each layer, as text."""
    return [
        (node.name, node.layer.type, shown(node.output_shape), f"{node.parameters.total:,}")
        for node in graph.nodes
    ]
