"""The top of the page: the main metric, a baseline to compare it with, and the result of verification."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from quickml.report.formatting import count, is_number, number, percent


@dataclass(frozen=True, kw_only=True)
class Headline:
    """The main metric, its meaning, and a baseline."""

    figure: str
    meaning: str
    comparison: str
    is_no_better: bool = False
    """Whether the model is no better than the baseline."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Whether the exported files compute the same as the trained model."""

    is_verified: bool
    title: str
    text: str


def headline(report: Mapping[str, Any]) -> Headline:
    """The test accuracy; for a regression the mean absolute error."""
    if report["dataset"].get("target_names"):
        return _targets(report)
    if report["dataset"]["task"] == "regression":
        return _regression(report)
    confusion: Sequence[Sequence[int]] = report["confusion_matrix"] or ()
    total = sum(map(sum, confusion)) or report["dataset"]["test"]
    wrong = total - sum(row[i] for i, row in enumerate(confusion))
    sizes = [sum(row) for row in confusion]
    commonest = max(sizes, default=0)
    label = report["dataset"]["labels"][sizes.index(commonest)] if sizes else ""
    share = percent(commonest / max(total, 1), 2)
    comparison = f"always predicting the commonest class ({label}) would reach {share}" if sizes else ""
    is_no_better = bool(sizes) and total - wrong <= commonest
    compared = report.get("baseline")
    if compared and compared["metric"] == "mean_recall":
        comparison = (
            f"always predicting the commonest class ({label}) would reach {share}, and a mean recall of"
            f" {percent(compared['value'], 2)} instead of the model's {percent(compared['model'], 2)}; class"
            " weights make the model find rare classes, which costs accuracy"
        )
        is_no_better = compared["is_no_better"]
    return Headline(
        figure=percent(report["metrics"].get("accuracy"), 2),
        meaning="test accuracy" + (f": {count(wrong)} of {count(total)} samples wrong" if confusion else ""),
        comparison=comparison,
        is_no_better=is_no_better,
    )


def _regression(report: Mapping[str, Any]) -> Headline:
    pairs = [(t, p) for t, p in report["scatter"] or () if is_number(t) and is_number(p)]
    error = report["metrics"].get("mean_absolute_error", report["metrics"].get("mae"))
    if error is None and pairs:
        error = fmean(abs(true - predicted) for true, predicted in pairs)
    comparison, is_no_better, compared = "", False, report.get("baseline")
    if compared and not pairs:  # true values are not shown
        comparison = f"always predicting the mean would be off by {number(compared['value'], 3)}"
        is_no_better = compared["is_no_better"]
        error = compared["model"] if error is None else error
    if pairs:
        mean = fmean(true for true, _ in pairs)
        off = fmean(abs(true - mean) for true, _ in pairs)
        comparison = f"always predicting the mean, {number(mean, 3)}, would be off by {number(off, 3)}"
        is_no_better = error is not None and error >= off
    return Headline(
        figure=number(error, 3),
        meaning=f"mean absolute error of {report['dataset']['target_name'] or 'the prediction'}, "
        f"on {count(report['dataset']['test'])} test samples",
        comparison=comparison,
        is_no_better=is_no_better,
    )


def _targets(report: Mapping[str, Any]) -> Headline:
    """The share of right labels, or the mean absolute error over several targets."""
    names = ", ".join(report["dataset"]["target_names"])
    tested, compared = f"{count(report['dataset']['test'])} test samples", report["baseline"]
    if report["dataset"]["task"] == "multi_label":
        figure = percent(compared["model"] if compared else None, 2)
        meaning = f"of the labels are right ({names}), on {tested}"
        comparison = f"always giving the same labels ({compared['label']}) would reach" if compared else ""
        value = percent(compared["value"], 2) if compared else ""
    else:
        figure = number(compared["model"] if compared else None, 3)
        meaning = f"mean absolute error over all targets ({names}), on {tested}"
        comparison = "always predicting the mean of each would be off by" if compared else ""
        value = number(compared["value"], 3) if compared else ""
    return Headline(
        figure=figure,
        meaning=meaning,
        comparison=f"{comparison} {value}".strip(),
        is_no_better=bool(compared and compared["is_no_better"]),
    )


def errors(pairs: Sequence[Sequence[float | None]] | None) -> list[tuple[str, float]]:
    """Absolute errors of a regression, as three labels and values.

    Args:
        pairs: (true, predicted); pairs with a value that is not finite are left out.
    """
    off = sorted(abs(t - p) for t, p in pairs or () if is_number(t) and is_number(p))  # type: ignore[operator]
    if not off:
        return []
    places = {"half of the samples: at most": 0.5, "90 % of the samples: at most": 0.9, "largest": 1.0}
    return [(words, off[math.ceil(place * len(off)) - 1]) for words, place in places.items()]


def proof(parity: Sequence[Mapping[str, Any]]) -> Proof:
    """The result of verification in one sentence."""
    if not parity:
        return Proof(is_verified=False, title="not verified", text="No exported file was run.")
    samples = min(row["samples"] for row in parity)
    largest = [row["largest_difference"] for row in parity]
    shown = number(max(largest), 3) if all(map(is_number, largest)) else "not a number"
    files = "the exported file" if len(parity) == 1 else f"each of the {len(parity)} exported files"
    good = all(is_number(d) and d <= row["tolerance"] for d, row in zip(largest, parity, strict=True))
    return Proof(
        is_verified=good,
        title="verified" if good else "differs",
        text=f"{count(samples)} samples run through {files}; largest difference {shown}",
    )
