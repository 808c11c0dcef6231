"""A `.aimodel` against the trained model, executed by Apple's own runtime."""

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
"""The files of a `.aimodel`: program and weights as MLIR bytecode, its sha256 (32 bytes), metadata."""
_RUNTIME = "quickml.export.coreai.execute"


def verify(path: Path, probe: Probe, labels: tuple[str, ...]) -> Parity:
    """Execute a file and compare, as `coreml.verify` does for the other formats.

    Args:
        path: a `.aimodel`, as it will be delivered.
        probe: at least 256 samples with the trained model's answers.
        labels: the classes, in the order of the probe's answers; none for a regression.

    Raises:
        VerificationError: it computes something else; the error carries the figures.
        CoreMLFileError: it is damaged, or cannot be run here.
    """
    found, names = answers(path, probe.inputs)
    return judge(path.name, in_order(found, names, labels, path.name), probe, labels, "float32")


def answers(path: Path, inputs: NDArray[np.generic]) -> tuple[Array, tuple[str, ...]]:
    """Run a file with one input and one output.

    Args:
        path: a `.aimodel`.
        inputs: (n, *input shape) raw samples.

    Returns:
        What it answers, (n, k), and its labels; none for a regression.

    Raises:
        CoreMLFileError: it is damaged, or cannot be run here.
    """
    _check(path)
    if reason := missing():
        raise CoreMLFileError(f"{path.name} cannot be run: {reason}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        np.save(folder / SAMPLES, inputs)
        failure = process.run(_RUNTIME, {"path": str(path.resolve())}, folder)
        if failure:
            raise CoreMLFileError(f"{path.name} cannot be run by Apple's runtime: {failure}")
        labels = json.loads((folder / LABELS).read_text(encoding="utf-8"))
        return np.load(folder / ANSWERS), tuple(labels)


def _check(path: Path) -> None:
    """Apple's runtime looks at no digest, and ends its process over a file that is missing or cut short."""
    try:
        content, digest = (path / PROGRAM).read_bytes(), (path / DIGEST).read_bytes()
        (path / METADATA).read_bytes()
    except OSError as error:
        raise CoreMLFileError(f"{path.name} is no Core AI model: {error.strerror}") from error
    if hashlib.sha256(content).digest() != digest:
        raise CoreMLFileError(f"{path.name} is damaged: {PROGRAM} is not what {DIGEST} says")
