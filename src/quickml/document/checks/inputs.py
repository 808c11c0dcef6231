"""Whether a model can take the inputs of its dataset: shape and tokens."""

from __future__ import annotations

from quickml.datasets.info import DatasetInfo
from quickml.document.document import Model
from quickml.document.layers.embedding import Embedding
from quickml.document.layers.layer import shown
from quickml.document.shapes import Graph, Node
from quickml.document.wiring import INPUT
from quickml.errors import Problem


def input_problems(model: Model, graph: Graph | None, info: DatasetInfo) -> list[Problem]:
    """An `input_shape` that is not the dataset's, and tokens in the wrong place."""
    return [*_shape_problems(model, info), *(_token_problems(graph, info) if graph else ())]


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


def _token_problems(graph: Graph, info: DatasetInfo) -> list[Problem]:
    """Layers that calculate with tokens, Embeddings without tokens, Embeddings with too few rows."""
    found = (_problem(node, info) for node in graph.nodes)
    return [problem for problem in found if problem]


def _problem(node: Node, info: DatasetInfo) -> Problem | None:
    pointer, kind = f"/model/layers/{node.index}", node.layer.type
    takes_tokens = info.kind == "tokens" and INPUT in node.inputs
    if isinstance(node.layer, Embedding):
        if not takes_tokens:
            return Problem(
                pointer=pointer,
                subject=kind,
                expected="the tokens of a dataset, straight from the input",
                found=f"{shown(node.input_shapes[0])} numbers",
            )
        return _too_few(node.layer, pointer, info)
    if not takes_tokens:
        return None
    rows = len(info.vocabulary)
    return Problem(
        pointer=pointer,
        subject=kind,
        expected="numbers",
        found=f"the tokens of {info.name}",
        hint=f'put {{"type": "Embedding", "input_dim": {rows}, "output_dim": 8}} before it',
    )


def _too_few(layer: Embedding, pointer: str, info: DatasetInfo) -> Problem | None:
    if layer.input_dim >= len(info.vocabulary):
        return None
    return Problem(
        pointer=f"{pointer}/input_dim",
        subject="Embedding",
        expected=f"input_dim of at least {len(info.vocabulary)}, one for each token of {info.name}",
        found=str(layer.input_dim),
    )
