"""Whether tokens go where tokens belong: into an Embedding, and nothing else goes there."""

from __future__ import annotations

from quickml.datasets.info import DatasetInfo
from quickml.document.layers.embedding import Embedding
from quickml.document.layers.layer import shown
from quickml.document.shapes import Graph, Node
from quickml.document.wiring import INPUT
from quickml.errors import Problem


def token_problems(graph: Graph, info: DatasetInfo) -> list[Problem]:
    """Layers that reckon with tokens, Embeddings that get none, and those with too few rows."""
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
