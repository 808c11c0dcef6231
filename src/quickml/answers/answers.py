"""`quickml.Answers`: reads `answers.bin`, and computes what is usually drawn of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from quickml.answers import scale
from quickml.answers.container import MAX_CONTENT_BYTES, unpack
from quickml.answers.scores import ClassScores, per_class
from quickml.answers.targets import TargetScores, per_label, per_target
from quickml.errors import AnswersError


@dataclass(frozen=True, kw_only=True)
class Bin:
    """The test samples whose label was predicted with a probability in one range."""

    lower: float
    upper: float
    samples: int
    confidence: float
    """Mean probability of the predicted label; NaN without samples."""
    accuracy: float
    """Share of them that are predicted correctly; NaN without samples."""


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """What becomes of the test samples if a class is predicted from a certain probability on."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @property
    def precision(self) -> float:
        """Share of the predicted samples that belong to the class; NaN if none is predicted."""
        return _share(self.true_positives, self.false_positives)

    @property
    def recall(self) -> float:
        """Share of the samples of the class that are predicted; NaN if it has none."""
        return _share(self.true_positives, self.false_negatives)

    @property
    def false_positive_rate(self) -> float:
        """Share of the other samples that are predicted; NaN if there are none."""
        return _share(self.false_positives, self.true_negatives)


@dataclass(frozen=True, kw_only=True, eq=False)
class Flips:
    """The test samples to which one form of the weights gives another label than the trained model."""

    file: str
    """The delivered file that the form was tried for, such as `model.mlmodel`."""
    weights: str
    """The form, such as `int8`."""
    artifact: str | None
    """Name of the result's file with these weights, on a server with `.zip` if it is a package; None if it is
    not kept."""
    taken: bool
    """Whether the delivered file has these weights."""
    samples: NDArray[np.uint32]
    """(flips,) positions in the test set, ascending."""
    labels: NDArray[np.uint16]
    """(flips,) the new labels, as class indices. `Answers.predicted` has the old ones."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """The trained model's answers to all test samples, in the order of the test set.

    They are those of the model as trained, in float32, not those of a delivered file; `flips` has what
    compression changed.
    """

    labels: tuple[str, ...]
    """Names of the classes; empty for other tasks than a classification."""
    truth: NDArray[Any]
    """(samples,) uint16 class indices, or float32 targets; of several targets float32 (samples, targets)."""
    predicted: NDArray[Any]
    """(samples,) uint16 class indices, or float32 values; of several targets float32 (samples, targets),
    probabilities if the targets are labels. Exact, also where `probabilities` tie."""
    probabilities: NDArray[np.float32]
    """(samples, classes), rounded as docs/reference/answers.md says. (samples, 0) for a regression, and where
    the file has none because there would be too many."""
    flips: tuple[Flips, ...]
    """One for each form of compressed weights that was tried."""
    targets: tuple[str, ...] = ()
    """Names of several targets."""
    is_multi_label: bool = False
    """Whether the targets are labels of which a sample can have any number."""

    @classmethod
    def read(cls, source: Path | str | bytes) -> Self:
        """Read a file, given as path or as its bytes.

        Raises:
            AnswersError: it is no such file, is damaged, or cannot be read.
        """
        header, parts = unpack(source if isinstance(source, bytes) else _content(Path(source)))
        labels, targets = _names(header, "labels"), _names(header, "targets")
        truth, predicted = (_part(parts, name, 2 if targets else 1) for name in ("truth", "predicted"))
        if truth.shape != predicted.shape or (targets and truth.shape[1] != len(targets)):
            raise AnswersError(f"answers: expected {truth.shape} predictions, found {predicted.shape}")
        if labels:
            truth, predicted = (_indices(part, len(labels)) for part in (truth, predicted))
        return cls(
            labels=labels,
            truth=truth,
            predicted=predicted,
            probabilities=_probabilities(header, parts, predicted, len(labels)),
            flips=tuple(_flips(header, parts, len(truth), len(labels))),
            targets=targets,
            is_multi_label=header.get("task") == "multi_label",
        )

    def confusion(self) -> NDArray[np.int64]:
        """(classes, classes) counts: rows are true classes, columns predicted ones, as in `report.json`.

        Raises:
            AnswersError: it is a regression.
        """
        classes = self._classes()
        flat = self.truth.astype(np.int64) * classes + self.predicted
        return np.bincount(flat, minlength=classes**2).reshape(classes, classes)

    def per_class(self) -> tuple[ClassScores, ...]:
        """Precision, recall, F1 and the area under the ROC curve of each class, against the rest, or of each
        label where a sample can have several.

        The areas of classes are those of rounded probabilities; `report.json` has those of exact ones.

        Raises:
            AnswersError: it is a regression.
        """
        if self.is_multi_label:
            return per_label(self.truth, self.predicted, self.targets)
        self._classes()
        return per_class(self.truth, self.predicted, self.probabilities, self.labels)

    def per_target(self) -> tuple[TargetScores, ...]:
        """The errors of each of several numbers, and those of always giving its mean.

        Raises:
            AnswersError: it is no regression of several numbers.
        """
        if not self.targets or self.is_multi_label:
            raise AnswersError("answers: expected those of a regression of several numbers, found others")
        return per_target(self.truth, self.predicted, self.targets)

    def calibration(self, bins: int = 10) -> tuple[Bin, ...]:
        """How often labels are right that are predicted with a certain probability.

        Args:
            bins: number of ranges of the same width, from 0 to 1.

        Raises:
            AnswersError: it is a regression, or `bins` is not positive.
        """
        self._check_probabilities()
        if bins < 1:
            raise AnswersError(f"bins: expected at least 1, found {bins}")
        sure = np.take_along_axis(self.probabilities, self.predicted[:, None].astype(np.intp), axis=1)[:, 0]
        right = self.predicted == self.truth
        places = np.minimum((sure * bins).astype(np.intp), bins - 1)
        return tuple(
            _bin(place, bins, sure[places == place], right[places == place]) for place in range(bins)
        )

    def threshold(self, label: str, at: float) -> Threshold:
        """Counts if this class is predicted for all samples where its probability is at least `at`.

        Raises:
            AnswersError: there is no such class, or it is a regression.
        """
        self._check_probabilities()
        if label not in self.labels:
            raise AnswersError(f"label: expected one of {', '.join(self.labels)}; found {label!r:.80}")
        place = self.labels.index(label)
        chosen, positive = self.probabilities[:, place] >= at, self.truth == place
        return Threshold(
            true_positives=int(np.sum(chosen & positive)),
            false_positives=int(np.sum(chosen & ~positive)),
            false_negatives=int(np.sum(~chosen & positive)),
            true_negatives=int(np.sum(~chosen & ~positive)),
        )

    def _check_probabilities(self) -> None:
        if self.probabilities.shape[1] != self._classes():
            raise AnswersError("answers: expected a file with probabilities, found one without")

    def _classes(self) -> int:
        if not self.labels:
            found = "labels of which a sample can have several" if self.is_multi_label else "a regression"
            raise AnswersError(f"answers: expected those of a classification, found {found}")
        return len(self.labels)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_CONTENT_BYTES + 1)
    except OSError as error:
        raise AnswersError(f"{path}: the file cannot be read ({error.strerror})") from error
    if len(content) > MAX_CONTENT_BYTES:
        raise AnswersError(
            f"{path}: expected a file of at most {MAX_CONTENT_BYTES:,} bytes, found a larger one"
        )
    return content


def _names(header: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Labels, or targets, which a file has only if there are several."""
    names = header.get(key, [] if key == "targets" else None)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise AnswersError(f"answers: {key}: expected a list of names, found {names!r:.80}")
    return tuple(names)


def _part(parts: Mapping[str, NDArray[Any]], name: str, dimensions: int) -> NDArray[Any]:
    part = parts.get(name)
    if part is None or part.ndim != dimensions:
        found = "none" if part is None else f"shape {part.shape}"
        raise AnswersError(f"answers: {name}: expected an array of {dimensions} dimensions, found {found}")
    return part


def _indices(part: NDArray[Any], classes: int) -> NDArray[np.uint16]:
    if part.dtype.kind != "u" or (part.size and int(part.max()) >= classes):
        raise AnswersError(f"answers: expected class indices below {classes}, found others")
    return part.astype(np.uint16)


def _probabilities(
    header: Mapping[str, Any], parts: Mapping[str, NDArray[Any]], predicted: NDArray[Any], classes: int
) -> NDArray[np.float32]:
    if not classes or not {"others", "confidence"} & set(parts):
        return np.zeros((len(predicted), 0), np.float32)
    found = _decoded(header, parts, "others", (len(predicted), classes))
    confidence = _decoded(header, parts, "confidence", predicted.shape)
    np.put_along_axis(found, predicted[:, None].astype(np.intp), confidence[:, None], axis=1)
    return found


def _decoded(
    header: Mapping[str, Any], parts: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """The probabilities of an array of codes."""
    codes = _part(parts, name, len(shape))
    most = next(row.get("most") for row in header["parts"] if row["name"] == name)
    if header.get("scale") != scale.NAME or type(most) is not int or not 1 <= most < 2**16:
        raise AnswersError(f"answers: {name}: expected the scale {scale.NAME}, found another one")
    if codes.shape != shape or codes.dtype.kind != "u" or (codes.size and codes.max() > most):
        raise AnswersError(f"answers: {name}: expected codes of shape {shape}, found {codes.shape} or others")
    return scale.decoded(codes, most)


def _flips(
    header: Mapping[str, Any], parts: Mapping[str, NDArray[Any]], samples: int, classes: int
) -> list[Flips]:
    rows = header.get("flips")
    if not isinstance(rows, list):
        raise AnswersError(f"answers: flips: expected a list, found {rows!r:.80}")
    return [_flip(row, index, parts, samples, classes) for index, row in enumerate(rows)]


def _flip(row: object, index: int, parts: Mapping[str, NDArray[Any]], samples: int, classes: int) -> Flips:
    found, labels = (_part(parts, f"flips/{index}/{name}", 1) for name in ("samples", "labels"))
    if (
        not isinstance(row, dict)
        or not all(isinstance(row.get(name), str) for name in ("file", "weights"))
        or found.shape != labels.shape
        or found.dtype.kind != "u"
        or (found.size and int(found.max()) >= samples)
    ):
        raise AnswersError(
            f"answers: flips/{index}: expected samples and their new labels, found {row!r:.80}"
        )
    return Flips(
        file=row["file"],
        weights=row["weights"],
        artifact=artifact if isinstance(artifact := row.get("artifact"), str) else None,
        taken=row.get("taken") is True,
        samples=found.astype(np.uint32),
        labels=_indices(labels, classes),
    )


def _bin(place: int, bins: int, sure: NDArray[np.float32], right: NDArray[np.bool_]) -> Bin:
    return Bin(
        lower=place / bins,
        upper=(place + 1) / bins,
        samples=len(sure),
        confidence=float(sure.mean(dtype=np.float64)) if len(sure) else float("nan"),
        accuracy=float(right.mean()) if len(sure) else float("nan"),
    )


def _share(part: int, rest: int) -> float:
    return part / (part + rest) if part + rest else float("nan")
