"""Choose how a Core ML file stores its weights, as the document asks.

`auto` means the smallest file that is accurate enough. Every form that the format and `minimum_ios` allow is
written. The files are run on all test samples, the smallest first, until one is accurate enough.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from quickml.datasets.data import Data
from quickml.document.export import Weights
from quickml.document.formats import DocumentFormat
from quickml.errors import VerificationError
from quickml.events import Compressed, Event, Warned
from quickml.export.coreml import package
from quickml.export.coreml.compress import compress, decompress
from quickml.export.coreml.compress.forms import LOSSY
from quickml.export.coreml.reading.files import size_of
from quickml.export.measure import measure
from quickml.export.verify import verify
from quickml.model import TrainedModel

LEAST_AGREEMENT, MOST_INCREASE = 0.99, 0.01
"""A warning is given if fewer test samples keep their label, or the error of a regression grows by more."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A Core ML file, and what its weights are verified with."""

    path: Path
    weights: Weights
    minimum_ios: int
    uncompressed: Path
    """The same model with float32 weights, for the same system; the file itself where it has these."""
    decompressed: Path | None = None
    """The file's own weights, decompressed by coremltools; None where they were not compressed."""
    tried: tuple[Compressed, ...] = ()
    """What was measured to get here."""


def choose(
    trained: TrainedModel, data: Data, format: DocumentFormat, scratch: Path
) -> Generator[Event, None, Candidate]:
    """Write the format somewhere below an empty folder, with the weights that the document asks for.

    Yields:
        `compressed` for each form that was tried, and a `warning` where the one taken costs much. Nothing for
        float32, which `verify` compares with the trained model.

    Raises:
        CompileError: a layer that cannot be written, or not so.
    """
    export = trained.plan.document.export
    written = _written(trained, format, scratch)
    if export.weights == "float32":
        return next(written)
    tried: list[Compressed] = []
    for way in sorted(written, key=lambda way: size_of(way.path)):
        tried.append(_tried(way, trained, data))
        yield tried[-1]
        if tried[-1].taken:
            break
    if cost := _cost(tried[-1], export.weights):
        yield Warned(pointer="/export/weights", message=cost)
    lossy = way.weights in LOSSY
    own = decompress(way.path, _folder(scratch / "decompressed")) if lossy else None
    return replace(way, decompressed=own, tried=tuple(tried))


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


def _tried(way: Candidate, trained: TrainedModel, data: Data) -> Compressed:
    export, labels = trained.plan.document.export, trained.plan.info.labels
    quality = measure(way.path, data.x_test, data.y_test, trained.predictions, labels)
    holds = quality.drop <= export.max_accuracy_drop + 1e-9  # 0.97 - 0.96 is a little more than 0.01
    return Compressed(
        file=way.path.name,
        weights=way.weights,
        minimum_ios=way.minimum_ios,
        size_bytes=size_of(way.path),
        float32_bytes=size_of(way.uncompressed),
        accuracy=quality.accuracy,
        mean_absolute_error=quality.mean_absolute_error,
        drop=quality.drop,
        label_agreement=quality.label_agreement,
        taken=export.weights != "auto" or way.weights == "float32" or (holds and _passes(way, trained)),
    )


def _passes(way: Candidate, trained: TrainedModel) -> bool:
    """Whether float16 will pass its verification; others of `auto` are proven by other means."""
    if way.weights != "float16":
        return True
    try:
        verify(way.path, trained.probe, trained.plan.info.labels, "float16")
    except VerificationError:
        return False
    return True


def _cost(tried: Compressed, asked: str) -> str:
    """What a person should know before taking the file: it is no smaller, or answers differently."""
    if tried.weights == "float32" and asked != "auto":
        return f"{tried.file}: no layer is large enough to gain from {asked} weights, so it keeps float32"
    agreement = tried.label_agreement
    if agreement is not None and agreement < LEAST_AGREEMENT:
        what = f"gives {1 - agreement:.1%} of the test samples another label than the uncompressed model"
        return f"{tried.file}: with {tried.weights} weights it {what} (accuracy {tried.accuracy:.2%})"
    if agreement is None and not tried.drop <= MOST_INCREASE:
        what = f"the mean absolute error grows by {tried.drop:.1%}, to {tried.mean_absolute_error:.4g}"
        return f"{tried.file}: with {tried.weights} weights {what}"
    return ""


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path
