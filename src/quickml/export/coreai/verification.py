"""Compare a `.aimodel` with the trained model, executed by Apple's own runtime."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quickml.errors import CoreMLFileError
from quickml.events import Parity
from quickml.export.coreai import process
from quickml.export.coreai.asset import missing
from quickml.export.coreai.execute import ANSWERS, LABELS, SAMPLES
from quickml.export.verify import in_order, judge
from quickml.model import Array, Probe

PROGRAM, DIGEST, METADATA = "main.mlirb", "main.hash", "metadata.json"
"""The files of a `.aimodel`: program and weights as MLIR bytecode, their sha256 (32 bytes), and metadata."""
_RUNTIME = "quickml.export.coreai.execute"


def verify(path: Path, probe: Probe, labels: tuple[str, ...]) -> Parity:
    """Execute a file and compare its outputs, as `export.verify` does for the other formats.

    Args:
        path: a `.aimodel`, as it will be delivered.
        probe: at least 256 samples with the outputs of the trained model.
        labels: the class labels, in the order of the probe's outputs; empty for a regression.

    Raises:
        VerificationError: the outputs differ too much; the error carries the figures.
        CoreMLFileError: the file is damaged, or cannot be run here.
    """
    outputs, names = answers(path, probe.inputs)
    return judge(path.name, in_order(outputs, names, labels, path.name), probe, labels, "float32")


def answers(path: Path, inputs: NDArray[np.generic]) -> tuple[Array, tuple[str, ...]]:
    """Run a file with one input and one output.

    Args:
        path: a `.aimodel`.
        inputs: (n, *input shape) raw samples.

    Returns:
        The outputs, (n, k), and the labels of the model, which are empty for a regression.

    Raises:
        CoreMLFileError: the file is damaged, or cannot be run here.
    """
    _check(path)
    if reason := missing():
        raise CoreMLFileError(f"{path.name} cannot be run: {reason}")
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        np.save(folder / SAMPLES, inputs)
        failure = process.run(_RUNTIME, {"path": str(path.resolve())}, folder)
        if failure:
            raise CoreMLFileError(f"{path.name} cannot be run by Apple's runtime: {failure}")
        labels = json.loads((folder / LABELS).read_text(encoding="utf-8"))
        return np.load(folder / ANSWERS), tuple(labels)


def _check(path: Path) -> None:
    """Check the files, as Apple's runtime ignores the digest and crashes on missing or truncated files."""
    try:
        content, digest = (path / PROGRAM).read_bytes(), (path / DIGEST).read_bytes()
        (path / METADATA).read_bytes()
    except OSError as error:
        raise CoreMLFileError(f"{path.name} is not a Core AI model: {error.strerror}") from error
    if hashlib.sha256(content).digest() != digest:
        raise CoreMLFileError(f"{path.name} is damaged: {PROGRAM} does not match the checksum in {DIGEST}")
