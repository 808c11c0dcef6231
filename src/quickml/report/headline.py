"""What the page says first: how good it is, compared with what, and whether the file was proven."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from quickml.report.formatting import count, is_number, number, percent


@dataclass(frozen=True, kw_only=True)
class Headline:
    """The large figure, its meaning, and a figure to hold it against."""

    figure: str
    meaning: str
    comparison: str


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Whether the delivered files compute what was trained."""

    is_verified: bool
    title: str
    text: str


def headline(report: Mapping[str, Any]) -> Headline:
    """The test accuracy; for a regression the mean absolute error."""
    if report["dataset"]["task"] == "regression":
        return _regression(report)
    confusion: Sequence[Sequence[int]] = report["confusion_matrix"] or ()
    total = sum(map(sum, confusion)) or report["dataset"]["test"]
    wrong = total - sum(row[i] for i, row in enumerate(confusion))
    commonest = max(map(sum, confusion), default=0) / max(total, 1)
    return Headline(
        figure=percent(report["metrics"].get("accuracy"), 2),
        meaning="test accuracy" + (f": {count(wrong)} of {count(total)} samples wrong" if confusion else ""),
        comparison=f"always naming the commonest class would reach {percent(commonest)}" if confusion else "",
    )


def _regression(report: Mapping[str, Any]) -> Headline:
    pairs = [(t, p) for t, p in report["scatter"] or () if is_number(t) and is_number(p)]
    error = report["metrics"].get("mean_absolute_error", report["metrics"].get("mae"))
    if error is None and pairs:
        error = fmean(abs(true - predicted) for true, predicted in pairs)
    comparison = ""
    if pairs:
        mean = fmean(true for true, _ in pairs)
        off = fmean(abs(true - mean) for true, _ in pairs)
        comparison = f"always answering their mean, {number(mean, 3)}, would be off by {number(off, 3)}"
    return Headline(
        figure=number(error, 3),
        meaning=f"mean absolute error of {report['dataset']['target_name'] or 'the answer'}, "
        f"on {count(report['dataset']['test'])} test samples",
        comparison=comparison,
    )


def errors(pairs: Sequence[Sequence[float | None]]) -> list[tuple[str, float]]:
    """How far a regression's answers are off, absolute, in words that need no statistics.

    Args:
        pairs: (true, predicted); those with a value that is no number are left out.
    """
    off = sorted(abs(t - p) for t, p in pairs if is_number(t) and is_number(p))  # type: ignore[operator]
    if not off:
        return []
    places = {"half of them by less than": 0.5, "nine in ten by less than": 0.9, "the worst by": 1.0}
    return [(words, off[math.ceil(place * len(off)) - 1]) for words, place in places.items()]


def proof(parity: Sequence[Mapping[str, Any]]) -> Proof:
    """The promise in one sentence, from what was measured on each delivered file."""
    if not parity:
        return Proof(is_verified=False, title="not verified", text="No delivered file was executed.")
    samples = min(row["samples"] for row in parity)
    largest = [row["largest_difference"] for row in parity]
    shown = number(max(largest), 3) if all(map(is_number, largest)) else "no number"
    files = "the delivered file" if len(parity) == 1 else f"each of the {len(parity)} delivered files"
    good = all(is_number(d) and d <= row["tolerance"] for d, row in zip(largest, parity, strict=True))
    return Proof(
        is_verified=good,
        title="verified" if good else "differs",
        text=f"{count(samples)} samples executed from {files}, largest difference {shown}",
    )
