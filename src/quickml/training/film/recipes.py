"""The parts of a film, and how each follows from a look at the network."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml.document import Plan
from quickml.document.shapes import Node
from quickml.film import Part, fitting
from quickml.model import Array
from quickml.training.film.current import CurrentWeights
from quickml.training.film.network import FilmedNetwork, over_time
from quickml.training.film.scene import GRID, SMALL_GRID, FilmScene
from quickml.training.weights import named

MOST_UNITS = 64
MOST_PARAMETERS = 2000
"""Networks with more have no weights in their films, only histograms."""
BINS = 32
MOST_HISTOGRAMS, MOST_LAYERS = 256, 64
MOST_MAPS, MOST_MAPS_IN_ALL, MAP_SIZE = 8, 48, 14
MOST_VALUES, MOST_STEPS, MOST_STATES = 64, 64, 16
MOST_FILTERS, MOST_FILTER_NUMBERS = 64, 4096
SAMPLED_VALUES = 2**16
"""Most values of a kernel that a histogram counts, evenly spaced."""
CONVOLUTIONS = ("Conv2D", "SeparableConv2D", "DepthwiseConv2D", "Conv1D")
LIMITS = {"sigmoid": (0.0, 1.0), "hard_sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "softsign": (-1.0, 1.0)}
"""Lower and upper end of what activations return."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What the network computed, and its weights, at one moment."""

    answers: Array
    """(rows, outputs): for all rows of the scene."""
    units: Mapping[str, Array]
    """(points of the small grid, units), by layer."""
    shown: Mapping[str, Array]
    """Outputs for the first probe, by layer; of a recurrent layer, its states of all steps."""
    variables: Mapping[str, Array]
    """Weights, by `LAYER/VARIABLE`; see `WantedOutputs`."""


@dataclass(frozen=True, kw_only=True)
class WantedOutputs:
    """What a look must contain."""

    units: tuple[str, ...]
    shown: Mapping[str, int]
    """By layer: how many entries of the last axis are needed, from the first on."""
    variables: Mapping[str, tuple[Any, int]]
    """Each Keras variable with a stride: above 1, only so many of its values are needed, as a vector."""

    def arrays(self, weights: CurrentWeights) -> dict[str, Callable[[], NDArray[Any]]]:
        """Functions that return the variables, without copying them."""
        return {
            key: _array(weights.getter(variable), stride)
            for key, (variable, stride) in self.variables.items()
        }


def _array(array: Callable[[], Array], stride: int) -> Callable[[], NDArray[Any]]:
    if stride == 1:
        return array
    return lambda: array().reshape(-1)[::stride]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A part of the film, and its values."""

    part: Part
    values: Callable[[Look], NDArray[Any]]


class Recipes:
    """All parts of the film of a plan; of very many layers, those that fit in a frame."""

    def __init__(self, plan: Plan, model: Any, scene: FilmScene) -> None:
        """`model` is the keras.Model that is trained."""
        self._plan, self._model, self._scene, self._network = plan, model, scene, FilmedNetwork(plan)
        self._units: list[str] = []
        self._shown: dict[str, int] = {}
        self._variables: dict[str, tuple[Any, int]] = {}
        found = [
            *(self._grid() if scene.plane else ()),
            *(self._unit_maps() if scene.plane else ()),
            self._probes(),
            *self._activations(),
            *self._filters(),
            *(self._weights() if plan.graph.parameters.total <= MOST_PARAMETERS else ()),
            *self._histograms(),
        ]
        kept = set(fitting([recipe.part for recipe in found]))
        self.all = [recipe for recipe in found if recipe.part in kept]

    @property
    def wanted(self) -> WantedOutputs:
        """What the recipes need."""
        return WantedOutputs(units=tuple(self._units), shown=self._shown, variables=self._variables)

    @property
    def columns(self) -> slice:
        """The outputs that are recorded: of two classes, the probability of the second."""
        outputs = math.prod(self._plan.graph.output_shape)
        return slice(1, 2) if outputs == 2 and self._plan.info.labels else slice(None)

    def _answer(self, name: str, shape: tuple[int, ...], bits: int) -> Part:
        if self._plan.info.labels:
            return Part(name=name, shape=shape, kind="fixed", bits=bits)
        return Part(name=name, shape=shape, kind="ranged")

    def _recorded(self) -> int:
        return len(range(math.prod(self._plan.graph.output_shape))[self.columns])

    def _grid(self) -> list[Recipe]:
        rows, columns, count = self._scene.grid, self.columns, self._recorded()

        def values(look: Look) -> Array:
            return look.answers[rows, columns].T.reshape(count, GRID, GRID)

        return [Recipe(part=self._answer("grid", (count, GRID, GRID), 5), values=values)]

    def _probes(self) -> Recipe:
        count, columns = len(self._scene.probes), self.columns
        part = self._answer("probes", (count, self._recorded()), 8)
        return Recipe(part=part, values=lambda look: look.answers[:count, columns])

    def _unit_maps(self) -> list[Recipe]:
        recipes, left = [], MOST_UNITS
        for node in self._network.hidden():
            count = min(left, node.output_shape[0])
            left -= count
            if count:
                recipes.append(self._unit_map(node, count))
        return recipes

    def _unit_map(self, node: Node, count: int) -> Recipe:
        end = self._network.end(node.name)
        self._units.append(end)
        shape, name = (count, SMALL_GRID, SMALL_GRID), f"unit/{node.name}"
        limits = LIMITS.get(self._network.nodes[end].layer.final_activation())
        part = (
            Part(name=name, shape=shape, kind="fixed", low=limits[0], high=limits[1])
            if limits
            else Part(name=name, shape=shape, kind="ranged")
        )
        return Recipe(part=part, values=lambda look: look.units[end][:, :count].T.reshape(shape))

    def _activations(self) -> list[Recipe]:
        if not self._plan.info.shows_samples:
            return []  # maps of a picture look like it, and a row can be computed from its values
        nodes = self._network.shown()[-MOST_LAYERS:]
        pictures = sum(len(node.output_shape) == 3 for node in nodes)
        maps = max(1, min(MOST_MAPS, MOST_MAPS_IN_ALL // max(1, pictures)))
        return [self._activation(node, maps) for node in nodes]

    def _activation(self, node: Node, maps: int) -> Recipe:
        """Maps for pictures, states over time for sequences, otherwise values."""
        shape, name = node.output_shape, node.name
        is_answer = node is self._plan.graph.nodes[-1] and bool(self._plan.info.labels)
        if over_time(node):
            shape = (node.input_shapes[0][0], *shape)
        most = {1: MOST_VALUES, 2: MOST_STATES, 3: maps}[len(shape)]
        count = min(most, shape[-1])
        self._shown[name] = count
        size = {1: 0, 2: MOST_STEPS, 3: MAP_SIZE}[len(shape)]
        step = math.ceil(max(shape[:-1]) / size) if size else 1
        reduced = (*(math.ceil(length / step) for length in shape[:-1]), count)
        axes = (2, 0, 1) if len(shape) == 3 else tuple(range(len(shape)))
        shape = tuple(reduced[axis] for axis in axes)
        kind, bits = ("fixed", 8) if is_answer else ("ranged", 0)
        part = Part(name=f"activation/{name}", shape=shape, kind=kind, bits=bits)
        return Recipe(part=part, values=lambda look: shrunk(look.shown[name], step).transpose(axes))

    def _filters(self) -> list[Recipe]:
        """The kernels of the first convolution, (filters, height, width), means over the input's channels."""
        node = next((node for node in self._network.nodes.values() if node.layer.type in CONVOLUTIONS), None)
        if node is None:
            return []
        name, variable = next(
            (name, variable)
            for name, variable in named(self._model.get_layer(node.name)).items()
            if "kernel" in name
        )
        *window, _, filters = map(int, variable.shape)
        if node.layer.type in ("SeparableConv2D", "DepthwiseConv2D"):
            filters = int(variable.shape[-2] * variable.shape[-1])
        count = min(filters, MOST_FILTERS)
        if count * math.prod(window) > MOST_FILTER_NUMBERS:
            return []
        key = f"{node.name}/{name}"
        self._variables[key] = variable, 1
        shape = (count, *window)
        part = Part(name=f"filters/{key}", shape=shape, kind="ranged", bits=8, ranges=1)
        each = node.layer.type in ("SeparableConv2D", "DepthwiseConv2D")
        return [Recipe(part=part, values=lambda look: kernels(look.variables[key], count, each=each))]

    def _weights(self) -> list[Recipe]:
        return [self._weight(key, variable) for key, variable in self._changing().items()]

    def _weight(self, key: str, variable: Any) -> Recipe:
        self._variables[key] = variable, 1
        part = Part(name=f"weights/{key}", shape=tuple(variable.shape), kind="float16")
        return Recipe(part=part, values=lambda look: look.variables[key])

    def _changing(self) -> dict[str, Any]:
        """The variables of all layers but those that only hold statistics of the data."""
        return {
            f"{node.name}/{name}": variable
            for node in self._network.nodes.values()
            if node.layer.type != "Normalization"
            for name, variable in named(self._model.get_layer(node.name)).items()
        }

    def _histograms(self) -> list[Recipe]:
        kernels = {
            key: variable
            for key, variable in self._changing().items()
            if variable.trainable and ("kernel" in key.rpartition("/")[2] or key.endswith("embeddings"))
        }
        return [self._histogram(key, kernels[key]) for key in list(kernels)[:MOST_HISTOGRAMS]]

    def _histogram(self, key: str, variable: Any) -> Recipe:
        stride = max(1, math.prod(variable.shape) // SAMPLED_VALUES)
        if key not in self._variables:
            self._variables[key] = variable, stride
        part = Part(name=f"histogram/{key}", shape=(BINS,), kind="histogram")
        return Recipe(part=part, values=lambda look: look.variables[key])


def shrunk(values: Array, step: int) -> Array:
    """Means over blocks of `step` entries, along every axis but the last; the last block may be smaller."""
    for axis in range(values.ndim - 1):
        if step > 1:
            starts = np.arange(0, values.shape[axis], step)
            sizes = np.diff(np.append(starts, values.shape[axis])).astype(np.float32)
            sums: Array = np.add.reduceat(values, starts, axis=axis)
            values = (sums / sizes.reshape(-1, *(1,) * (values.ndim - 1 - axis))).astype(np.float32)
    return values


def kernels(kernel: Array, count: int, *, each: bool) -> Array:
    """Filters from the kernel of a convolution, (filters, ...).

    Args:
        kernel: (..., channels, filters), or with `each`, (..., channels, multiplier): a filter for each.
        count: number of filters, from the first on.
    """
    flat = kernel.reshape(*kernel.shape[:-2], 1, -1) if each else kernel
    return np.moveaxis(flat.mean(axis=-2)[..., :count], -1, 0)
