"""Which layers of a plan a film shows."""

from __future__ import annotations

from quickml.document import Plan
from quickml.document.layers.recurrent import Recurrent
from quickml.document.shapes import Node
from quickml.document.wiring import INPUT

ELEMENTWISE = frozenset({
    "Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax",
    "BatchNormalization", "LayerNormalization", "GroupNormalization",
})  # fmt: skip
"""Layers that continue the layer before them: the value behind them is the one to see."""
MOVES_ONLY = frozenset({
    "Flatten", "Reshape", "Permute", "RepeatVector", "ZeroPadding1D", "ZeroPadding2D", "Cropping2D",
    "UpSampling2D",
})  # fmt: skip
"""Layers whose output has the numbers of their input in other places."""


class FilmedNetwork:
    """The layers of a plan, as a film sees them."""

    def __init__(self, plan: Plan) -> None:
        self.nodes = {node.name: node for node in plan.graph.nodes}
        self._consumers: dict[str, list[str]] = {name: [] for name in (INPUT, *self.nodes)}
        for node in plan.graph.nodes:
            for source in node.inputs:
                self._consumers[source].append(node.name)
        self.learning = self._learning()
        """Names of layers whose output changes during training."""

    def _learning(self) -> frozenset[str]:
        found: set[str] = set()
        for name, node in self.nodes.items():
            if node.parameters.trainable or not found.isdisjoint(node.inputs):
                found.add(name)
        return frozenset(found)

    def end(self, name: str) -> str:
        """The last layer that continues a layer element by element."""
        last = name
        while (following := self._next(name)) is not None:
            name = following.name
            last = last if following.layer.only_trains else name
        return last

    def _next(self, name: str) -> Node | None:
        consumers = self._consumers[name]
        node = self.nodes[consumers[0]] if len(consumers) == 1 else None
        if node is None or len(node.inputs) != 1 or node.output_shape != self.nodes[name].output_shape:
            return None
        return node if node.layer.only_trains or node.layer.type in ELEMENTWISE else None

    def hidden(self) -> list[Node]:
        """Dense layers of vectors that another layer with weights follows."""
        followed = self._followed()
        return [
            node
            for node in self.nodes.values()
            if node.layer.type == "Dense" and len(node.output_shape) == 1 and node.name in followed
        ]

    def _followed(self) -> frozenset[str]:
        """Names of layers that a layer with weights follows, at once or later."""
        found: set[str] = set()
        for name in reversed(self.nodes):  # those behind a layer come before it
            consumers = self._consumers[name]
            if any(one in found or self.nodes[one].parameters.trainable for one in consumers):
                found.add(name)
        return frozenset(found)

    def shown(self) -> list[Node]:
        """Layers whose output for one sample is shown."""
        return [
            node
            for node in self.nodes.values()
            if node.name in self.learning
            and not node.layer.only_trains
            and node.layer.type not in MOVES_ONLY
            and self.end(node.name) == node.name
        ]


def over_time(node: Node) -> bool:
    """Whether a layer returns its last state only, and a film shows its states of all steps."""
    layer = node.layer
    return isinstance(layer, Recurrent) and not layer.return_sequences
