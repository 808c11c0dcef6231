"""Whether a model can take the inputs of its dataset: shape and tokens."""

from __future__ import annotations

from quickml.datasets.info import DatasetInfo
from quickml.document.document import Model
from quickml.document.layers.embedding import Embedding
from quickml.document.layers.layer import Layer, shown
from quickml.document.shapes import Graph
from quickml.document.wiring import INPUT, wire
from quickml.errors import Problem


def input_problems(model: Model, graph: Graph | None, info: DatasetInfo) -> list[Problem]:
    """An `input_shape` that is not the dataset's, and tokens in the wrong place."""
    return [*_shape_problems(model, info), *_token_problems(model, graph, info)]


def _shape_problems(model: Model, info: DatasetInfo) -> list[Problem]:
    if model.input_shape in (None, info.shape):
        return []
    return [
        Problem(
            pointer="/model/input_shape",
            expected=f"{shown(info.shape)}, as {info.name} has it",
            found=shown(model.input_shape or ()),
            hint="it can be left out",
        )
    ]


def _token_problems(model: Model, graph: Graph | None, info: DatasetInfo) -> list[Problem]:
    """Layers that calculate with tokens, Embeddings without tokens, Embeddings with too few rows."""
    wiring = wire(model.layers)
    found = []
    for index, (layer, inputs) in enumerate(zip(model.layers, wiring.inputs, strict=True)):
        if inputs is None:
            continue
        takes_tokens = info.kind == "tokens" and INPUT in inputs
        if isinstance(layer, Embedding):
            found.append(_too_few(layer, index, info) if takes_tokens else _no_tokens(index, graph))
        elif takes_tokens:
            found.append(_no_numbers(layer, index, info, is_flat=graph is not None))
    return [problem for problem in found if problem]


def _no_tokens(index: int, graph: Graph | None) -> Problem | None:
    if graph is None:
        return None
    return Problem(
        pointer=f"/model/layers/{index}",
        subject="Embedding",
        expected="the tokens of a dataset, straight from the input",
        found=f"{shown(graph.nodes[index].input_shapes[0])} numbers",
    )


def _no_numbers(layer: Layer, index: int, info: DatasetInfo, *, is_flat: bool) -> Problem:
    """Tokens that a layer takes as numbers.

    Args:
        is_flat: the other layers take the tokens as a row, so that it has to remain one.
    """
    rows = len(info.vocabulary)
    flatten = ', {"type": "Flatten"}' if is_flat else ""
    return Problem(
        pointer=f"/model/layers/{index}",
        subject=layer.type,
        expected="numbers",
        found=f"the tokens of {info.name}",
        hint=f'put {{"type": "Embedding", "input_dim": {rows}, "output_dim": 8}}{flatten} before it',
    )


def _too_few(layer: Embedding, index: int, info: DatasetInfo) -> Problem | None:
    if layer.input_dim >= len(info.vocabulary):
        return None
    return Problem(
        pointer=f"/model/layers/{index}/input_dim",
        subject="Embedding",
        expected=f"input_dim of at least {len(info.vocabulary)}, one for each token of {info.name}",
        found=str(layer.input_dim),
    )
