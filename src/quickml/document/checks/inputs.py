"""Whether a model can take the inputs of its dataset: shape and tokens."""

from __future__ import annotations

from quickml.datasets.info import DatasetInfo
from quickml.document.advice import before, leave_out, write
from quickml.document.document import Model
from quickml.document.layers.embedding import Embedding
from quickml.document.layers.layer import Layer, shown
from quickml.document.problem import problem
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
        problem(
            "input-shape",
            "/model/input_shape",
            expected=f"{shown(info.shape)}, as {info.name} has it",
            found=shown(model.input_shape or ()),
            advice=leave_out("/model/input_shape", "it can be left out"),
            dataset=info.name,
            input_shape=info.shape,
            found_shape=model.input_shape,
        )
    ]


def _token_problems(model: Model, graph: Graph | None, info: DatasetInfo) -> list[Problem]:
    """Layers that calculate with tokens, Embeddings without tokens, Embeddings with too few rows."""
    if info.kind != "tokens" and not any(isinstance(layer, Embedding) for layer in model.layers):
        return []
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
    shape = graph.nodes[index].input_shapes[0]
    return problem(
        "embedding-of-numbers",
        f"/model/layers/{index}",
        subject="Embedding",
        expected="the tokens of a dataset, straight from the input",
        found=f"{shown(shape)} numbers",
        input_shape=shape,
    )


def _no_numbers(layer: Layer, index: int, info: DatasetInfo, *, is_flat: bool) -> Problem:
    """Tokens that a layer takes as numbers.

    Args:
        is_flat: the other layers take the tokens as a row, so that it has to remain one.
    """
    rows = len(info.vocabulary)
    pointer, flatten = f"/model/layers/{index}", [{"type": "Flatten"}] if is_flat else []
    embedding = {"type": "Embedding", "input_dim": rows, "output_dim": 8}
    return problem(
        "tokens-as-numbers",
        pointer,
        subject=layer.type,
        expected="numbers",
        found=f"the tokens of {info.name}",
        advice=before(embedding, *flatten).below(pointer),
        dataset=info.name,
        layer=layer.type,
        tokens=rows,
    )


def _too_few(layer: Embedding, index: int, info: DatasetInfo) -> Problem | None:
    if layer.input_dim >= len(info.vocabulary):
        return None
    pointer, rows = f"/model/layers/{index}/input_dim", len(info.vocabulary)
    return problem(
        "embedding-too-small",
        pointer,
        subject="Embedding",
        expected=f"input_dim of at least {rows}, one for each token of {info.name}",
        found=str(layer.input_dim),
        advice=write(pointer, rows),
        dataset=info.name,
        minimum=rows,
        found_rows=layer.input_dim,
    )
