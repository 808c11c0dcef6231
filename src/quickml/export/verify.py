"""Compare the outputs of a file with those of the trained model, on raw held-out samples.

Core ML runs on Apple systems only. The file is therefore read back from disk, translated to ONNX by code that
shares nothing with the compiler, and executed. Its outputs must match those of the trained model.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quickml.datasets.columns import Column
from quickml.datasets.encoding import by_column, decode
from quickml.datasets.mapped import parts
from quickml.document.export import Weights
from quickml.errors import VerificationError
from quickml.events import Parity, Reference
from quickml.export.runtime import Runtime
from quickml.model import Array, Probe

TOLERANCE: dict[Weights, float] = {"float32": 1e-4, "float16": 2e-2}
"""Maximum difference between two probabilities, or between two predictions relative to the largest one."""
LEAST_AGREEMENT = 0.995
"""Minimum share of samples with the same label. It applies to float32 too, because two classes can tie within
the tolerance."""

_EXPECTED_OUTPUTS: dict[Reference, str] = {
    "trained": "the outputs of the trained model",
    "decompressed": "the outputs of its decompressed weights",
    "translated": "the outputs of its Core ML file",
}


def verify(
    path: Path, probe: Probe, labels: tuple[str, ...], weights: Weights, *, reference: Reference = "trained"
) -> Parity:
    """Execute a file and compare its outputs with the expected ones.

    Args:
        path: a `.mlmodel` or `.mlpackage`, as it will be delivered.
        probe: at least 256 samples with the expected outputs.
        labels: the class labels, in the order of the probe's outputs; empty for a regression.
        weights: the stored type, `float32` or `float16`, which selects the tolerance.
        reference: the source of the expected outputs.

    Raises:
        VerificationError: the outputs differ too much; the error carries the figures.
        CoreMLFileError: the file cannot be read or run.
    """
    found = answers(path, probe.inputs, labels, probe.columns)
    return judge(path.name, found, probe, labels, weights, reference=reference)


def answers(
    path: Path,
    inputs: NDArray[np.generic],
    labels: tuple[str, ...],
    columns: Sequence[Column] = (),
    *,
    most_raw: int | None = None,
) -> Array:
    """The outputs of a Core ML file, (n, k), classes in the order of `labels`. Raises as `verify`.

    A file that takes the columns of a table is given raw rows, which are encoded as `inputs`. Among them are
    missing values, and categories that the file does not know. With `most_raw`, further rows are given to the
    network alone, which takes a fraction of the time. A file that takes recordings is given an array for each
    column.
    """
    runtime = Runtime.load(path)
    if columns and inputs.ndim == 3:
        found = runtime.rows(by_column(columns, inputs))
    elif columns and runtime.takes_columns:
        found = runtime.rows(decode(columns, inputs[:most_raw]))
        if len(found) < len(inputs):
            further = _in_parts(Runtime.load(path, network_only=True), inputs[most_raw:])
            found = np.concatenate([found, further])
    else:
        found = _in_parts(runtime, inputs)
    return in_order(found, runtime.labels or (), labels, path.name)


def _in_parts(runtime: Runtime, inputs: NDArray[np.generic]) -> Array:
    outputs: Array = np.concatenate([runtime.outputs(part) for part in parts(inputs)])
    return outputs


def judge(
    file: str,
    answers: Array,
    probe: Probe,
    labels: tuple[str, ...],
    weights: Weights,
    *,
    reference: Reference = "trained",
) -> Parity:
    """Compare a file's outputs, (n, k), with the expected outputs of the probe, which have the same shape.

    Raises:
        VerificationError: the outputs differ too much; the error carries the figures.
    """
    parity = _compare(file, answers, probe, labels, TOLERANCE[weights]).model_copy(
        update={"reference": reference}
    )
    agreed = parity.label_agreement is None or parity.label_agreement >= LEAST_AGREEMENT
    if parity.largest_difference <= parity.tolerance and agreed:  # false for NaN
        return parity
    hint = ""
    if weights == "float16":
        is_finite = bool(np.isfinite(answers).all())
        reason = (
            "float16 may be too coarse for this network"
            if is_finite
            else "float16 has no numbers above 65,504"
        )
        hint = f"; {reason}, use float32"
    raise VerificationError(_failure(parity) + hint, parity.model_dump())


def in_order(answers: Array, found: tuple[str, ...], labels: tuple[str, ...], file: str) -> Array:
    """Reorder a file's outputs from its label order, `found`, to `labels`, so that columns are comparable.

    Raises:
        VerificationError: the file has other labels.
    """
    if not labels:
        return answers
    if sorted(found) != sorted(labels):
        raise VerificationError(
            f"{file}: expected the labels {', '.join(labels)}, found {', '.join(found) or 'none'}",
            {"file": file},
        )
    return answers[:, [found.index(label) for label in labels]]


def _compare(file: str, answers: Array, probe: Probe, labels: tuple[str, ...], tolerance: float) -> Parity:
    if answers.shape != probe.expected.shape:
        raise VerificationError(
            f"{file}: expected outputs of shape {probe.expected.shape}, found {answers.shape}", {"file": file}
        )
    scale = 1.0 if labels else np.maximum(1.0, np.abs(probe.expected).max(axis=0))  # of each target its own
    with np.errstate(invalid="ignore"):  # inf - inf is NaN, which fails the comparison
        difference = float((np.abs(answers - probe.expected) / scale).max())
    agreement, accuracy = (None, None) if not labels else _labels(answers, probe)
    return Parity(
        file=file,
        samples=len(answers),
        held_out=probe.held_out,
        largest_difference=difference,
        tolerance=tolerance,
        label_agreement=agreement,
        accuracy=accuracy,
    )


def _labels(answers: Array, probe: Probe) -> tuple[float, float]:
    predicted: NDArray[np.intp] = answers.argmax(axis=1)
    agreement = np.mean(predicted == probe.expected.argmax(axis=1))
    return float(agreement), float(np.mean(predicted[: probe.held_out] == probe.truth))


def _failure(parity: Parity) -> str:
    expected = (
        f"{_EXPECTED_OUTPUTS[parity.reference]} within {parity.tolerance:g} on {parity.samples} samples"
    )
    found = f"a difference of {parity.largest_difference:.3g}"
    if parity.label_agreement is not None:
        expected += f", and the same label for {LEAST_AGREEMENT:.1%} of them"
        found += f", and the same label for {parity.label_agreement:.1%}"
    return f"{parity.file}: expected {expected}; found {found}"
