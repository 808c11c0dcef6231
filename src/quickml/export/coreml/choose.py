"""Choose how a Core ML file stores its weights, as requested by the document.

`auto` selects the smallest file that is accurate enough: every form that the format and `minimum_ios` allow
is written, and the files are run on all test samples, smallest first, until one is accurate enough.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np

from quickml.answers.answers import Flips
from quickml.datasets.data import Data
from quickml.document.export import Weights
from quickml.document.formats import DocumentFormat
from quickml.errors import VerificationError
from quickml.events import Compressed, Event, Warned
from quickml.export.coreml import package
from quickml.export.coreml.compress import compress, decompress
from quickml.export.coreml.compress.forms import LOSSY
from quickml.export.coreml.reading.files import size_of
from quickml.export.measure import Quality, measure
from quickml.export.verify import verify
from quickml.model import TrainedModel

LEAST_AGREEMENT, MOST_INCREASE = 0.99, 0.01
"""Warn if a smaller share of test samples keeps its label, or if a regression's error increases by more."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A Core ML file, and the files that its weights are verified against."""

    path: Path
    weights: Weights
    minimum_ios: int
    uncompressed: Path
    """The same model with float32 weights, for the same system; the file itself if its weights are
    float32."""
    decompressed: Path | None = None
    """The file with its weights decompressed by coremltools; None if they are not compressed."""
    tried: tuple[Compressed, ...] = ()
    """The measurements of all candidates that were tried, in order."""
    flips: tuple[Flips, ...] = ()
    """The test samples whose labels they change, in the same order; empty for a regression."""
    variants: Mapping[Weights, Path] = field(default_factory=dict)
    """The other files that were tried, and the one with float32 weights, by their form."""


def choose(
    trained: TrainedModel, data: Data, format: DocumentFormat, scratch: Path
) -> Generator[Event, None, Candidate]:
    """Write the format into subfolders of an empty folder, with weights as requested by the document.

    Yields:
        `compressed` for each form that was tried, and a `warning` if the chosen one loses much accuracy or
        saves nothing. Nothing for float32, which `verify` compares with the trained model.

    Raises:
        CompileError: a layer cannot be written, or not with these weights.
    """
    export = trained.plan.document.export
    written = _written(trained, format, scratch)
    if export.weights == "float32":
        return next(written)
    tried: list[Compressed] = []
    flips: list[Flips] = []
    variants: dict[Weights, Path] = {}
    for candidate in sorted(written, key=lambda candidate: size_of(candidate.path)):
        told, flipped = _measured(candidate, trained, data, format)
        tried.append(told)
        flips += flipped
        yield told
        if told.taken:
            break
        variants[candidate.weights] = candidate.path
    if candidate.weights != "float32":
        variants["float32"] = candidate.uncompressed
    if cost := _cost(tried[-1], export.weights):
        yield Warned(pointer="/export/weights", message=cost)
    lossy = candidate.weights in LOSSY
    decompressed = decompress(candidate.path, _folder(scratch / "decompressed")) if lossy else None
    return replace(
        candidate, decompressed=decompressed, tried=tuple(tried), flips=tuple(flips), variants=variants
    )


def _written(trained: TrainedModel, format: DocumentFormat, scratch: Path) -> Iterator[Candidate]:
    export = trained.plan.document.export

    @cache
    def full(ios: int) -> Path:
        return package.write(trained, format.kind, _folder(scratch / f"float32-{ios}"), ios=ios)

    for form in format.allowed_weights(export):
        ios, folder = format.minimum_ios(form, export), _folder(scratch / form)
        path: Path | None = None
        if form == "float16":
            path = package.write(trained, format.kind, folder, half=True, ios=ios)
        elif form != "float32":
            path = compress(full(ios), form, folder, sparsity=export.sparsity)
        if path or form == "float32" or export.weights != "auto":
            weights: Weights = form if path else "float32"
            yield Candidate(path=path or full(ios), weights=weights, minimum_ios=ios, uncompressed=full(ios))


def _measured(
    candidate: Candidate, trained: TrainedModel, data: Data, format: DocumentFormat
) -> tuple[Compressed, tuple[Flips, ...]]:
    export, info = trained.plan.document.export, trained.plan.info
    quality = measure(
        candidate.path,
        data.x_test,
        data.y_test,
        trained.predictions,
        info.labels,
        columns=info.columns,
        is_multi_label=info.is_multi_label,
    )
    is_accurate = quality.drop <= export.max_accuracy_drop + 1e-9  # 0.97 - 0.96 is slightly more than 0.01
    is_fixed = export.weights != "auto" or candidate.weights == "float32"
    taken = is_fixed or (is_accurate and _passes(candidate, trained))
    kept_as = candidate.path.name if taken else variant_name(candidate.weights, format.kind)
    told = Compressed(
        file=candidate.path.name,
        weights=candidate.weights,
        minimum_ios=candidate.minimum_ios,
        size_bytes=size_of(candidate.path),
        float32_bytes=size_of(candidate.uncompressed),
        accuracy=quality.accuracy,
        mean_absolute_error=quality.mean_absolute_error,
        drop=quality.drop,
        label_agreement=quality.label_agreement,
        flips=None if quality.flipped is None else len(quality.flipped),
        artifact=kept_as if format.kind in export.formats else None,
        taken=taken,
    )
    return told, _flips(told, quality)


def _flips(told: Compressed, quality: Quality) -> tuple[Flips, ...]:
    """One for a classification, none for a regression."""
    if quality.flipped is None or quality.labels is None:
        return ()
    flips = Flips(
        file=told.file,
        weights=told.weights,
        artifact=told.artifact,
        taken=told.taken,
        samples=quality.flipped.astype(np.uint32),
        labels=quality.labels.astype(np.uint16),
    )
    return (flips,)


def _passes(candidate: Candidate, trained: TrainedModel) -> bool:
    """Whether a float16 file will pass verification. Compressed files are verified differently: `proof`."""
    if candidate.weights != "float16":
        return True
    try:
        verify(candidate.path, trained.probe, trained.plan.info.labels, "float16")
    except VerificationError:
        return False
    return True


def _cost(tried: Compressed, asked: str) -> str:
    """The text of a warning if the file is no smaller or noticeably less accurate, otherwise empty."""
    if tried.weights == "float32" and asked != "auto":
        return f"{tried.file}: no layer is large enough to gain from {asked} weights, so they stay float32"
    agreement = tried.label_agreement
    if agreement is not None and agreement < LEAST_AGREEMENT:
        what = f"gives {1 - agreement:.1%} of the test samples another label than the uncompressed model"
        return f"{tried.file}: with {tried.weights} weights it {what} (accuracy {tried.accuracy:.2%})"
    if agreement is None and not tried.drop <= MOST_INCREASE:
        what = f"the mean absolute error grows by {tried.drop:.1%}, to {tried.mean_absolute_error:.4g}"
        return f"{tried.file}: with {tried.weights} weights {what}"
    return ""


def variant_name(form: Weights, kind: str) -> str:
    """The name of a file with other weights than the delivered one."""
    return f"model.{form}.{kind}"


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path
