"""Resolve the names and inputs of layers, and find wrong connections.

Layers are listed in the order in which they run, so the inputs of a layer are earlier layers. If an input is
a later layer, either the order is wrong or there is a cycle, which the message shows.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from quickml.document.advice import NOTHING, Advice, meant, move, told, write
from quickml.document.codes import Code
from quickml.document.layers import Layer
from quickml.document.layers.layer import default_name
from quickml.document.problem import problem
from quickml.errors import Problem

INPUT = "input"
"""Name of the model's input in the `inputs` of a layer."""
RESERVED = frozenset({INPUT, "image", "features", "sequence", "tokens"})
MOST_PROBLEMS = 101
"""Stop after this many problems, one more than are reported: a malicious document could have millions."""

_EARLIER = f"the name of an earlier layer, or `{INPUT}`"


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """The name and the inputs of each layer."""

    names: tuple[str, ...]
    inputs: tuple[tuple[str, ...] | None, ...]
    """Names of earlier layers, or `input`; None for a layer whose inputs are wrong."""
    problems: tuple[Problem, ...]


def wire(layers: Sequence[Layer]) -> Wiring:
    """Resolve the names and inputs of layers.

    An instance of `Layer` itself is a placeholder for an invalid layer, whose inputs are unknown.
    """
    wires = _Wires(layers)
    inputs = [wires.inputs(index) for index in range(len(layers))]
    wires.find_dangling()
    return Wiring(names=tuple(wires.names), inputs=tuple(inputs), problems=tuple(wires.problems))


def _count_advice(pointer: str, layer: Layer) -> Advice:
    """What to do about the wrong number of inputs."""
    sources = list(dict.fromkeys(layer.inputs or ()))
    if layer.merges or not sources:
        return NOTHING
    if len(sources) == 1:
        advice = write(f"{pointer}/inputs", sources)
        return advice.said(f"{advice.words} for self-attention") if layer.attends_itself else advice
    if layer.attends_itself:
        return told("it is self-attention: queries, keys and values come from the same input")
    merged = {"op": "insert", "path": pointer, "value": [{"type": "Concatenate"}]}
    return Advice(words="merge them first, for example with Add or Concatenate", steps=(merged,))


def _names(layers: Sequence[Layer], problems: list[Problem]) -> list[str]:
    given = {layer.name for layer in layers if layer.name}
    names: list[str] = []
    taken = set(RESERVED)
    for index, layer in enumerate(layers):
        name = layer.name or free(default_name(layer.type), given | taken)
        if name in taken:
            problems.append(
                problem(
                    "reserved-name" if name in RESERVED else "duplicate-name",
                    f"/model/layers/{index}/name",
                    expected="a unique name",
                    found=repr(name),
                    name=name,
                    advice=_name_advice(index, name, layers, {*names, *given, *taken}),
                )
            )
        taken.add(name)
        names.append(name)
    return names


def _name_advice(index: int, name: str, layers: Sequence[Layer], taken: Set[str]) -> Advice:
    """Another name, unless a layer asks for this one: nobody can tell which of the two it means."""
    why = (
        "this name is reserved for the model's input"
        if name in RESERVED
        else "an earlier layer has this name"
    )
    if name not in RESERVED and any(name in (layer.inputs or ()) for layer in layers):
        return told(why)
    names = {default_name(layer.type) for layer in layers}
    advice = write(f"/model/layers/{index}/name", free(f"{name[:50]}_layer", taken | names))
    return advice.said(f"{advice.words}: {why}")


def free(base: str, taken: Set[str]) -> str:
    """A name that is not taken: the base, or with the first number that is free."""
    name, count = base, 0
    while name in taken:
        count += 1
        name = f"{base}_{count}"
    return name


class _Wires:
    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = layers
        self.problems: list[Problem] = []
        self.names = _names(layers, self.problems)
        self.places = {name: place for place, name in reversed([*enumerate(self.names)])}
        self.asked = [self._asked(index) for index in range(len(layers))]
        self.used = {name for asked in self.asked for name in asked or ()}
        self.may_be_anything = any(type(layer) is Layer and not layer.name for layer in layers)
        """Whether the name of a layer is unknown, which any other layer may mean."""
        self.open = max((index for index, asked in enumerate(self.asked) if asked is None), default=-1)
        """Index of the last layer whose inputs are unknown. It may use any earlier layer."""

    def _asked(self, index: int) -> tuple[str, ...] | None:
        layer = self.layers[index]
        if type(layer) is Layer:
            return None
        if layer.inputs is None:
            return None if layer.merges else (self.names[index - 1] if index else INPUT,)
        return layer.inputs

    def inputs(self, index: int) -> tuple[str, ...] | None:
        """The inputs of a layer, or None if they are invalid; problems are added to the list."""
        layer, asked = self.layers[index], self.asked[index]
        before = len(self.problems)
        if type(layer) is Layer or before >= MOST_PROBLEMS:
            return None
        self._check_count(index, layer)
        for position, source in enumerate(asked or ()):
            if source != INPUT and not self.places.get(source, index) < index:
                self._explain(index, position, source)
        return asked if len(self.problems) == before else None

    def _check_count(self, index: int, layer: Layer) -> None:
        count = 1 if layer.inputs is None and not layer.merges else len(layer.inputs or ())
        if count >= 2 if layer.merges else count == 1:
            return
        several = "`inputs` with the names of two or more earlier layers"
        pointer = f"/model/layers/{index}"
        self.problems.append(
            problem(
                "number-of-inputs",
                pointer if layer.inputs is None else f"{pointer}/inputs",
                subject=layer.type,
                expected=several if layer.merges else "one input",
                found=str(count),
                advice=_count_advice(pointer, layer),
                layer=layer.type,
                minimum=2 if layer.merges else 1,
                maximum=None if layer.merges else 1,
                found_inputs=count,
            )
        )

    def _explain(self, index: int, position: int, source: str) -> None:
        """Add the problem of an input that is not an earlier layer."""
        name = self.names[index]
        if source not in self.places and self.may_be_anything:
            self.open = max(self.open, index)
        elif source not in self.places:
            earlier = [INPUT, *self.names[:index]]
            close = _close(source, earlier)
            self.used.update(close)
            self.open = self.open if close else max(self.open, index)
            place = f"/model/layers/{index}/inputs/{position}"
            advice = meant(place, close) if close else told(f"earlier layers: {', '.join(earlier[-12:])}")
            self._complain("unknown-input", index, position, repr(source[:64]), advice, earlier=earlier[-12:])
        elif loop := self._way(name, source):
            cycle = _shortened([source, *loop])
            found = f"{source!r}, which creates the cycle {' → '.join(cycle)}"
            self._complain("cycle", index, position, found, cycle=cycle)
        else:
            found = f"{source!r}, which comes later"
            self._complain("later-input", index, position, found, self._order(index, source), layer=name)

    def _complain(
        self, code: Code, index: int, position: int, found: str, advice: Advice = NOTHING, **values: Any
    ) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            pointer, source = f"/model/layers/{index}/inputs/{position}", (self.asked[index] or ())[position]
            self.problems.append(
                problem(
                    code, pointer, expected=_EARLIER, found=found, advice=advice, input=source[:64], **values
                )
            )

    def _order(self, index: int, source: str) -> Advice:
        """Move a layer behind its input; done only where no other layer gets another input or name by it."""
        words = f"layers run in the order of the list: move {self.names[index]!r} after {source!r}"
        later = self.places[source]
        after = [self.layers[place] for place in (index + 1, later + 1) if place < len(self.layers)]
        alike = [one for one in self.layers if one.type == self.layers[index].type and not one.name]
        is_safe = all(layer.inputs is not None for layer in after) and (
            self.layers[index].name or len(alike) < 2
        )
        moved = move(f"/model/layers/{index}", f"/model/layers/{later}")
        return Advice(words=words, steps=(moved,) if is_safe else ())

    def _way(self, start: str, end: str) -> list[str]:
        """The shortest path from one layer to another, both included; empty if there is none."""
        ways = {start: [start]}
        queue = [start]
        for name in queue:
            if name == end:
                return ways[name]
            for taker in self._takers.get(name, ()):
                if taker not in ways:
                    ways[taker] = [*ways[name], taker]
                    queue.append(taker)
        return []

    @cached_property
    def _takers(self) -> Mapping[str, list[str]]:
        """For each layer name, the layers that have it as an input."""
        takers: dict[str, list[str]] = {}
        for name, asked in zip(self.names, self.asked, strict=True):
            for source in dict.fromkeys(asked or ()):
                takers.setdefault(source, []).append(name)
        return takers

    def find_dangling(self) -> None:
        """Find layers whose output is unused, except the last and those that an invalid layer may use."""
        for index in range(max(self.open, 0), len(self.layers) - 1):
            name, layer = self.names[index], self.layers[index]
            if name in self.used or type(layer) is Layer:
                continue
            self.problems.append(
                problem(
                    "unused-output",
                    f"/model/layers/{index}",
                    subject=layer.type,
                    expected="a later layer that uses its output",
                    found=f"none with {name!r} in its `inputs`",
                    advice=told("only the last layer may have an unused output"),
                    layer=name,
                )
            )


def _close(name: str, earlier: Sequence[str]) -> list[str]:
    """The most similar name. One with other digits, such as `block_1` for `block_2`, is another layer."""
    alike = [other for other in earlier if re.findall(r"\d+", other) == re.findall(r"\d+", name)]
    return difflib.get_close_matches(name[:64], alike, n=1)


def _shortened(loop: list[str], most: int = 12) -> list[str]:
    return loop if len(loop) <= most else [*loop[: most // 2], "…", *loop[-most // 2 :]]
