"""Which training samples are set aside to validate the model after each epoch."""

from __future__ import annotations

import numpy as np

from quickml.datasets.split import Array as Samples
from quickml.datasets.split import split
from quickml.document import Plan


def set_aside(plan: Plan, targets: Samples) -> tuple[Samples, Samples]:
    """Indices, int32, of the training and of the validation samples.

    The validation samples are those of the dataset, or a fraction: stratified, or of samples in the order of
    time the last ones.
    """
    info, training = plan.info, plan.document.training
    count = info.validation or round(len(targets) * training.validation_fraction)
    if info.validation or info.is_ordered:
        order = np.arange(len(targets), dtype=np.int32)
        return order[: len(order) - count], order[len(order) - count :]
    learn, check = split(targets, count, training.seed)
    return learn.astype(np.int32), check.astype(np.int32)
