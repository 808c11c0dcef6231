"""Verify a Core ML file, however its weights are stored.

float32 and float16 files are compared with the trained model. Compressed weights change the outputs by
design, so such a file is verified in two steps: the same model with float32 weights is compared with the
trained model, then the file is compared with a copy whose weights coremltools has decompressed. The first
step covers everything but the weights, the second covers the weights. The loss of accuracy is measured and
reported; it is not an error.
"""

from __future__ import annotations

from dataclasses import replace

from quickml.events import Parity, Reference
from quickml.export.coreml.choose import Candidate
from quickml.export.verify import answers, verify
from quickml.model import Probe


def prove(candidate: Candidate, probe: Probe, labels: tuple[str, ...]) -> Parity:
    """Run a file as it will be delivered, and compare its outputs.

    Args:
        candidate: the file.
        probe: at least 256 samples with the trained model's outputs.
        labels: the class labels, in the order of the probe's outputs; empty for a regression.

    Raises:
        VerificationError: the outputs differ too much; the error carries the figures.
        CoreMLFileError: a file cannot be read or run.
    """
    if candidate.decompressed is None:
        return verify(candidate.path, probe, labels, candidate.weights)
    verify(candidate.uncompressed, probe, labels, "float32")
    decompressed = replace(
        probe, expected=answers(candidate.decompressed, probe.inputs, labels, probe.columns)
    )
    return verify(candidate.path, decompressed, labels, "float32", reference="decompressed")


def reference(candidate: Candidate, probe: Probe, labels: tuple[str, ...]) -> tuple[Probe, Reference]:
    """The expected outputs of a file's translation: those of the trained model if the weights are float32,
    otherwise those of the file itself."""
    if candidate.weights == "float32":
        return probe, "trained"
    return replace(probe, expected=answers(candidate.path, probe.inputs, labels, probe.columns)), "translated"
