"""The sizes of the files that a document asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from quickml.document.export import Export, Weights
from quickml.document.formats import FORMATS, DocumentFormat, known
from quickml.document.layers.recurrent import Recurrent
from quickml.document.layers.wrappers import Bidirectional, TimeDistributed
from quickml.document.plan import Plan
from quickml.document.shapes import Graph, Node

WEIGHT_BYTES: dict[Weights, float] = {
    "float32": 4,
    "float16": 2,
    "int8": 1,
    "palettized-8": 1,
    "palettized-6": 0.75,
    "palettized-4": 0.5,
    "int4": 0.6,
}
"""For each number of a matrix; int4 with the scales of its blocks. Pruned ones depend on the sparsity."""
PALETTE_BITS = {"palettized-8": 8, "palettized-6": 6, "palettized-4": 4}
LEAST_SAVING = 512
"""Bytes that compressing the matrices of a layer must save, or they stay as they are."""
FORM_BYTES = {"mlmodel": 400, "mlpackage": 1100, "onnx": 600}
"""What a file has for each layer besides its weights."""
TURN_BYTES = {"mlmodel": 700, "mlpackage": 2600, "onnx": 470}
"""The same for each step of a recurrent layer that is written step by step; all steps share the weights."""
SIMPLE_SHARE = 0.3
"""Of this, what a step of a SimpleRNN takes: it has no gates."""
ROUNDED_TURN_BYTES = 1300
"""A step in the ONNX file of a float16 program, which rounds each value to float16."""
COLUMN_BYTES = {"mlmodel": 230, "mlpackage": 230, "onnx": 300}
"""What a file has for each column of a table that an app passes by name, besides names and categories."""
CATEGORY_BYTES = 6
"""What it has for each category besides its text, which is there twice."""


@dataclass(frozen=True, kw_only=True)
class FileEstimate:
    """The size of a file, or of all files of a package."""

    kind: str
    name: str
    size_bytes: int
    smallest_bytes: int
    """Differs from the size where `"weights": "auto"` may take a smaller form."""


def files(plan: Plan) -> Iterator[FileEstimate]:
    """The files of a document, in its order."""
    export = plan.document.export
    formats = export.formats  # of a plan: defaults are written out
    is_program = "mlmodel" not in formats or "mlpackage" in formats  # of what an ONNX file is made
    is_rounded = is_program and export.weights == "float16"
    for kind in (*formats, *(["updatable"] if export.updatable else [])):
        one = FORMATS.get(kind) or known()[kind]
        sizes = [
            size_bytes(plan.graph, kind, form, export.sparsity, is_rounded=is_rounded)
            + _columns_bytes(plan, kind)
            for form in _forms(one, export)
        ]
        yield FileEstimate(
            kind=kind,
            name=getattr(one, "file_name", f"model.{kind}"),
            size_bytes=max(sizes),
            smallest_bytes=min(sizes),
        )


def _columns_bytes(plan: Plan, kind: str) -> int:
    """What a file has to take the columns of a table by name."""
    columns = plan.info.columns if kind in COLUMN_BYTES else ()
    values = [str(value) for column in columns for value in column.values]
    return (
        COLUMN_BYTES.get(kind, 0) * len(columns)
        + sum(3 * len(column.name.encode()) for column in columns)
        + sum(2 * len(value.encode()) + CATEGORY_BYTES for value in values)
    )


def _forms(one: DocumentFormat, export: Export) -> tuple[Weights, ...]:
    """How a file may store its weights: some files have float32 only, whatever the document says."""
    allowed = one.allowed_weights(export) if one.first_ios else ()
    return tuple(form for form in allowed if form in one.first_ios) or ("float32",)


def size_bytes(graph: Graph, kind: str, form: Weights, sparsity: float, *, is_rounded: bool = False) -> int:
    """The size of a file of a format, with the weights in one of their forms.

    `is_rounded` is for an ONNX file that is made of a float16 program.
    """
    return round(sum(_layer_bytes(node, kind, form, sparsity, is_rounded) for node in graph.nodes))


def _layer_bytes(node: Node, kind: str, form: Weights, sparsity: float, is_rounded: bool) -> float:
    inner, numbers = node.layer, node.parameters.total
    if isinstance(inner, Bidirectional | TimeDistributed):
        inner = inner.layer
    table = 4 * 2 ** PALETTE_BITS[form] if form in PALETTE_BITS else 0
    found: float = FORM_BYTES.get(kind, 1000)
    if isinstance(inner, Recurrent):
        if kind == "mlpackage" and form == "float16" and not inner.is_unrolled:
            form = "float32"  # coremltools leaves the operation of an LSTM in float32
        if kind == "mlmodel":  # each gate has matrices, and so tables, of its own
            found += table * 2 * inner.gates * (1 if inner is node.layer else 2)
        if inner.is_unrolled:
            found += _turn_bytes(inner, kind, is_rounded) * node.layer.steps_in_turn(*node.input_shapes)
    as_they_are, compressed = 4 * numbers, numbers * _weight_bytes(form, sparsity) + table
    return found + (compressed if as_they_are - compressed >= LEAST_SAVING else as_they_are)


def _weight_bytes(form: Weights, sparsity: float) -> float:
    return 1 / 8 + 4 * (1 - sparsity) if form == "pruned" else WEIGHT_BYTES[form]


def _turn_bytes(layer: Recurrent, kind: str, is_rounded: bool) -> float:
    found = TURN_BYTES.get(kind, 1500)
    if kind == "onnx" and is_rounded:
        found = ROUNDED_TURN_BYTES
    return found * (1 if layer.gates > 1 else SIMPLE_SHARE)
