"""Why a Core ML file is right, whatever form its weights have.

float32 and float16 are compared with the trained model. Weights that were compressed answer differently, by
design, so they are proven in two steps: the same model with float32 weights answers as the trained model
does, and the file answers as its own weights do once coremltools has decompressed them. The first step holds
for everything but the weights, the second for these. What they cost in accuracy is measured, not forbidden.
"""

from __future__ import annotations

from dataclasses import replace

from quickml.events import Parity, Reference
from quickml.export.coreml.choose import Candidate
from quickml.export.verify import answers, verify
from quickml.model import Probe


def prove(candidate: Candidate, probe: Probe, labels: tuple[str, ...]) -> Parity:
    """Execute a file as it will be delivered, and compare.

    Args:
        candidate: the file.
        probe: at least 256 samples with the trained model's answers.
        labels: the classes, in the order of the probe's answers; none for a regression.

    Raises:
        VerificationError: it computes something else; the error carries the figures.
        CoreMLFileError: it cannot be read or run.
    """
    if candidate.decompressed is None:
        return verify(candidate.path, probe, labels, candidate.weights)
    verify(candidate.uncompressed, probe, labels, "float32")
    own = replace(probe, expected=answers(candidate.decompressed, probe.inputs, labels))
    return verify(candidate.path, own, labels, "float32", reference="decompressed")


def reference(candidate: Candidate, probe: Probe, labels: tuple[str, ...]) -> tuple[Probe, Reference]:
    """What a translation of a file must answer: as the trained model does, or as a file that differs."""
    if candidate.weights == "float32":
        return probe, "trained"
    return replace(probe, expected=answers(candidate.path, probe.inputs, labels)), "translated"
