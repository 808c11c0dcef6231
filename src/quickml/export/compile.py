"""The compile stage: write every file that the document requests from a trained model, and verify it."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from quickml.document import Plan
from quickml.document.export import Export, Weights
from quickml.errors import CompileError
from quickml.events import Event, Parity
from quickml.export.compilation import Compilation
from quickml.export.coreml.archive import zipped
from quickml.export.coreml.compress.forms import share
from quickml.export.formats.core_ml import CoreMLFormat
from quickml.export.formats.format import ZIP, Format, asked

_REPORT_BYTES = 2**20
"""For the report, and for everything in the files that is not a weight."""


@dataclass(frozen=True, kw_only=True)
class Output:
    """A written file: the file itself, or a folder and its zip."""

    format: Format
    paths: tuple[Path, ...]


def check(plan: Plan) -> None:
    """Check before training that this system can write every requested format.

    Raises:
        CompileError: a format cannot be written here; the message says what is missing.
    """
    for one in asked(plan.document.export):
        reason = one.missing()
        if reason and not one.is_optional:
            raise CompileError(reason)


def skipped(plan: Plan) -> dict[str, str]:
    """The optional formats that the document names and this system cannot write, and why.

    One that merely follows from others, as `mlmodelc` does, is no loss where it cannot be written.
    """
    named = [one for one in asked(plan.document.export) if one.is_optional and one.can_be_named]
    return {one.kind: reason for one in named if (reason := one.missing())}


def room_bytes(plan: Plan) -> int:
    """Estimate the disk space that a result needs while it is written.

    All weights in float32: once for Keras, once for each file, twice for each folder, which also becomes a
    zip, and once more while they are converted. With smaller weights, also all forms that may be tried.
    """
    export = plan.document.export
    formats = [one for one in asked(export) if not one.missing()]
    files = sum(_copies(one) * (1 + _variants(one, export)) for one in formats)
    return math.ceil(4 * plan.graph.parameters.total * (2 + files)) + _REPORT_BYTES


def _copies(one: Format) -> int:
    return 2 if one.media_type == ZIP else 1


def _variants(one: Format, export: Export) -> float:
    """The size of all forms that may be kept besides the delivered one, as a multiple of the float32 file."""
    if not isinstance(one, CoreMLFormat) or export.weights == "float32":
        return 0.0
    forms: set[Weights] = {*one.allowed_weights(export), "float32"}
    return math.fsum(share(form, export.sparsity) for form in forms)


def write(run: Compilation) -> Generator[Event, None, tuple[Output, ...]]:
    """Write every file: the formats that the document lists, in its order, then those that other keys imply.

    Raises:
        CompileError: the model cannot be written in one of the formats.
    """
    outputs = []
    for one in asked(run.export):
        if one.is_optional and one.missing():
            continue
        path = yield from one.write(run)
        outputs.append(Output(format=one, paths=(path, zipped(path)) if path.is_dir() else (path,)))
    return tuple(outputs)


def verify(outputs: tuple[Output, ...], run: Compilation) -> tuple[Parity, ...]:
    """Read every file back from disk, run it and compare its outputs with the expected ones.

    Raises:
        VerificationError: the outputs of a file differ too much.
        CoreMLFileError: a file cannot be read or run.
    """
    results = (output.format.verify(output.paths[0], run) for output in outputs)
    return tuple(parity for parity in results if parity is not None)
