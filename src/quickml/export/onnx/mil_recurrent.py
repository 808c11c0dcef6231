"""Recurrent operations, where x is (sequence, batch, features) and states are (batch, H)."""

from __future__ import annotations

from collections.abc import Sequence

from quickml.export.onnx import arrays, recurrent
from quickml.export.onnx.graph import OnnxGraph, Tensor
from quickml.export.onnx.mil_arguments import MilArguments, Translator
from quickml.export.onnx.recurrent import RecurrentCell, Result


def lstm(g: OnnxGraph, a: MilArguments) -> tuple[Tensor, ...]:
    """-> all steps or the last one, the last hidden and cell state. Gates are in the order i, f, o, z."""
    if a.has("clip"):
        recurrent.check_cell_limit(a.number("clip"))
    direction = a.text("direction", "forward")
    cells = [_cell(a, "", "ifoz")]
    if direction == "bidirectional":
        cells.append(_cell(a, "_back", "ifoz"))
    kinds = {"recurrent_activation": "sigmoid", "cell_activation": "tanh", "activation": "tanh"}
    result = recurrent.lstm(
        g, a.tensor(), cells, (a.tensor("initial_h"), a.tensor("initial_c")),
        [recurrent.activation(a.text(name, default)) for name, default in kinds.items()],
        direction=direction,
    )  # fmt: skip
    return _results(g, a, result)


def gru(g: OnnxGraph, a: MilArguments) -> tuple[Tensor, ...]:
    """-> all steps or the last one, the last hidden state. Gates are in the order r, o, z.

    MIL's documentation has o = activation(W_io x + b_io + r * W_ho h + b_ho): the reset gate multiplies the
    output of the recursion matrix, without the bias. The layer of neural networks, which coremltools writes
    for the same operation, multiplies its input (`GRULayerParams`: R_o (h * r)). Each format is read as its
    own documentation says, so the two files of one such program give different results.
    """
    names = a.text("recurrent_activation", "sigmoid"), a.text("activation", "tanh")
    result = recurrent.gru(
        g, a.tensor(), _cell(a, "", "roz"), a.tensor("initial_h"),
        [recurrent.activation(name) for name in names],
        reverse=a.text("direction", "forward") == "reverse", reset_after=True,
    )  # fmt: skip
    return _results(g, a, result)


def rnn(g: OnnxGraph, a: MilArguments) -> tuple[Tensor, ...]:
    """-> all steps or the last one, the last hidden state."""
    result = recurrent.rnn(
        g, a.tensor(), _cell(a, "", "h"), a.tensor("initial_h"),
        recurrent.activation(a.text("activation", "tanh")),
        reverse=a.text("direction", "forward") == "reverse",
    )  # fmt: skip
    return _results(g, a, result)


def _cell(a: MilArguments, suffix: str, names: Sequence[str]) -> RecurrentCell:
    def read(name: str, gates: str) -> dict[str, recurrent.Array]:
        return recurrent.gates(a.floats(name + suffix), gates)

    order = "".join(names)
    return RecurrentCell(
        inputs=read("weight_ih", order),
        recursion=read("weight_hh", order),
        bias=read("bias", order) if a.has("bias" + suffix) else None,
        peephole=read("peephole", "ifo") if a.has("peephole" + suffix) else None,
    )


def _results(g: OnnxGraph, a: MilArguments, result: Result) -> tuple[Tensor, ...]:
    last = arrays.reshape(g, result.hidden, (1, *result.hidden.shape))
    first = result.steps if a.flag("output_sequence") else last
    return (first, result.hidden) if result.cell is None else (first, result.hidden, result.cell)


OPERATIONS: dict[str, Translator] = {"lstm": lstm, "gru": gru, "rnn": rnn}
