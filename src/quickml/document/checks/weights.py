"""Whether `class_weight` names classes of the dataset."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence

from quickml.datasets.info import DatasetInfo
from quickml.document.advice import Advice, leave_out, rename, told
from quickml.document.document import Document
from quickml.document.place import escaped
from quickml.document.problem import problem
from quickml.document.training import Training
from quickml.errors import Notice, Problem
from quickml.text import printable

POINTER = "/training/class_weight"
MOST_LABELS = 12
_MOST_CHARACTERS = 40


def weight_problems(training: Training, info: DatasetInfo) -> Iterator[Problem]:
    """Weights of a regression, which has no classes, and of labels that the dataset does not have."""
    weights = training.class_weight
    if weights is None:
        return
    if info.task == "regression":
        yield problem(
            "weights-of-regression",
            POINTER,
            subject=f"{info.name} (regression)",
            expected="no class weights, because a regression has no classes",
            found="some",
            advice=leave_out(POINTER, "leave it out"),
            dataset=info.name,
        )
    elif info.is_multi_label:
        yield problem(
            "invalid-value",
            POINTER,
            subject=f"{info.name} (multi_label)",
            expected="no class weights, because a sample can have several labels",
            found="some",
            advice=leave_out(POINTER, "leave it out"),
        )
    elif isinstance(weights, Mapping):
        for label in weights:
            if label not in info.labels:
                yield _unknown(label, info)


def weight_notices(document: Document, info: DatasetInfo) -> Iterator[Notice]:
    """Labels without a weight, where others have one; and that a phone that trains has no weights."""
    weights = document.training.class_weight
    others = [label for label in info.labels if label not in weights] if isinstance(weights, Mapping) else ()
    if others:
        yield Notice(pointer=POINTER, message=f"labels without a weight count once: {_listed(others)}")
    if weights is not None and document.export.updatable:
        message = "holds for the training here; on the phone, Core ML counts all samples once"
        yield Notice(pointer=POINTER, message=message)


def _unknown(label: str, info: DatasetInfo) -> Problem:
    suggested = _suggested(label, info.labels)
    return problem(
        "unknown-label",
        f"{POINTER}/{escaped(label)}",
        subject=info.name,
        expected=f"a label of the dataset ({_listed(info.labels)})",
        found=repr(printable(label, 100)),
        advice=_advice(label, suggested),
        dataset=info.name,
        label=label,
        known=info.labels,
        suggestions=[suggested] if suggested else [],
    )


def _suggested(label: str, labels: Sequence[str]) -> str:
    """The label that is meant: by its position, as Keras has it, or by a similar name."""
    if label.isascii() and label.isdigit() and len(label) < 6 and int(label) < len(labels):
        return labels[int(label)]
    folded = {one.strip().casefold(): one for one in reversed(labels)}
    close = difflib.get_close_matches(label[:100].strip().casefold(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else ""


def _advice(label: str, suggested: str) -> Advice:
    if not suggested:
        return told("")
    meant = printable(suggested, 100)
    return rename(f"{POINTER}/{escaped(label)}", POINTER, escaped(suggested)).said(f"did you mean {meant!r}?")


def _listed(labels: Sequence[str]) -> str:
    shown = ", ".join(printable(label, _MOST_CHARACTERS) for label in labels[:MOST_LABELS])
    more = len(labels) - MOST_LABELS
    return f"{shown} and {more:,} more" if more > 0 else shown
