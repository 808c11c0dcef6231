"""Class weights: how often the loss of a training sample counts, by its class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from quickml.document import Plan
from quickml.document.training import BALANCED
from quickml.errors import Notice

POINTER = "/training/class_weight"
MOST_SHOWN = 8
MOST_CHARACTERS = 30


def balanced(targets: NDArray[np.generic], labels: Sequence[str]) -> dict[str, float]:
    """The weights that give all classes the same part in the loss: n / (k * samples of the class).

    This is scikit-learn's `compute_class_weight("balanced")`: k is the number of classes that have samples.
    A class without samples gets 1.

    Args:
        targets: (n,) class indices of the training samples.
        labels: the classes in the order of their indices.
    """
    counts = np.bincount(targets.astype(np.int64), minlength=len(labels)).tolist()
    present = sum(count > 0 for count in counts)
    return {
        label: len(targets) / (present * count) if count else 1.0
        for label, count in zip(labels, counts, strict=True)
    }


def resolved(plan: Plan, targets: NDArray[np.generic]) -> Plan:
    """A plan with the weights of `balanced` written out, and a notice; any other plan as it is.

    Args:
        plan: the plan.
        targets: (n,) class indices of the training samples.
    """
    if plan.document.training.class_weight != BALANCED:
        return plan
    weights = balanced(targets, plan.info.labels)
    training = plan.document.training.model_copy(update={"class_weight": weights})
    document = plan.document.model_copy(update={"training": training})
    notice = Notice(pointer=POINTER, message=f"balanced: {_listed(weights)}")
    return replace(plan, document=document, notices=(*plan.notices, notice))


def weights_of(plan: Plan) -> NDArray[np.float32] | None:
    """(classes,) the weight of each class; None if all count the same."""
    weights = plan.document.training.class_weight
    if not isinstance(weights, Mapping):
        return None
    return np.array([weights.get(label, 1.0) for label in plan.info.labels], np.float32)


def _listed(weights: Mapping[str, float]) -> str:
    shown = [f"{label[:MOST_CHARACTERS]} {weight:.3g}" for label, weight in [*weights.items()][:MOST_SHOWN]]
    more = len(weights) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
