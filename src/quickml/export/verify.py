"""Compare a file with the trained model, on held-out samples in raw form.

Core ML runs on Apple systems only. So the file is read back from disk, translated to ONNX by code that shares
nothing with the compiler, and run. Its outputs must be those of the trained model.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quickml.document.export import Weights
from quickml.errors import VerificationError
from quickml.events import Parity, Reference
from quickml.export.runtime import Runtime
from quickml.model import Array, Probe

TOLERANCE: dict[Weights, float] = {"float32": 1e-4, "float16": 2e-2}
"""Largest difference between two probabilities, or between two predictions relative to the largest one."""
LEAST_AGREEMENT = 0.995
"""Share of samples that must get the same label. In float32 too: two classes may tie within the tolerance."""

_ANSWERS: dict[Reference, str] = {
    "trained": "was trained",
    "decompressed": "its weights say, decompressed",
    "translated": "its Core ML file does",
}


def verify(
    path: Path, probe: Probe, labels: tuple[str, ...], weights: Weights, *, reference: Reference = "trained"
) -> Parity:
    """Execute a file and compare.

    Args:
        path: a `.mlmodel` or `.mlpackage`, as it will be delivered.
        probe: at least 256 samples with the answers expected.
        labels: the classes, in the order of the probe's answers; none for a regression.
        weights: what the file stores, which decides the tolerance: `float32` or `float16`.
        reference: whose answers are expected.

    Raises:
        VerificationError: it computes something else; the error carries the figures.
        CoreMLFileError: it cannot be read or run.
    """
    return judge(path.name, answers(path, probe.inputs, labels), probe, labels, weights, reference=reference)


def answers(path: Path, inputs: NDArray[np.generic], labels: tuple[str, ...]) -> Array:
    """What a Core ML file answers, (n, k), its classes in the order of `labels`; raises as `verify`."""
    runtime = Runtime.load(path)
    return in_order(runtime.outputs(inputs), runtime.labels or (), labels, path.name)


def judge(
    file: str,
    answers: Array,
    probe: Probe,
    labels: tuple[str, ...],
    weights: Weights,
    *,
    reference: Reference = "trained",
) -> Parity:
    """Compare a file's answers, (n, k) as those of the probe, with those expected.

    Raises:
        VerificationError: they differ too much; the error carries the figures.
    """
    parity = _compare(file, answers, probe, labels, TOLERANCE[weights]).model_copy(
        update={"reference": reference}
    )
    agreed = parity.label_agreement is None or parity.label_agreement >= LEAST_AGREEMENT
    if parity.largest_difference <= parity.tolerance and agreed:  # false for NaN
        return parity
    hint = "; float16 may be too coarse for this network, float32 is not" if weights == "float16" else ""
    raise VerificationError(_complaint(parity) + hint, parity.model_dump())


def in_order(answers: Array, found: tuple[str, ...], labels: tuple[str, ...], file: str) -> Array:
    """The file's answers with its classes, `found`, in our order: a label must mean the same class."""
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
            f"{file}: expected answers of shape {probe.expected.shape}, found {answers.shape}", {"file": file}
        )
    scale = 1.0 if labels else max(1.0, float(np.abs(probe.expected).max()))
    with np.errstate(invalid="ignore"):  # inf - inf, which is no agreement
        difference = float(np.abs(answers - probe.expected).max()) / scale
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
    said: NDArray[np.intp] = answers.argmax(axis=1)
    agreement = np.mean(said == probe.expected.argmax(axis=1))
    return float(agreement), float(np.mean(said[: probe.held_out] == probe.truth))


def _complaint(parity: Parity) -> str:
    labels = "" if parity.label_agreement is None else f", labels agree for {parity.label_agreement:.1%}"
    return (
        f"{parity.file} does not compute what {_ANSWERS[parity.reference]}: expected differences of at most"
        f" {parity.tolerance:g} on {parity.samples} samples, found {parity.largest_difference:.3g}{labels}"
    )
