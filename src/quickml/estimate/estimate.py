"""The estimate of a plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from quickml.document.plan import Plan
from quickml.estimate.files import FileEstimate, files
from quickml.estimate.memory import memory_bytes
from quickml.estimate.seconds import Past, Seconds, seconds
from quickml.estimate.work import TrainingWork


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What training a document will need."""

    seconds: Seconds
    memory_bytes: int
    """Resident memory of the process at its peak."""
    files: tuple[FileEstimate, ...]

    def to_json(self) -> dict[str, Any]:
        """As the API and `quickml validate --json` have it; see `api.validation.EstimateMessage`."""
        return {
            "seconds": _rounded(self.seconds.total),
            "low_seconds": _rounded(self.seconds.low),
            "high_seconds": _rounded(self.seconds.high),
            "training_seconds": _rounded(self.seconds.training),
            "based_on": self.seconds.based_on,
            "memory_bytes": self.memory_bytes,
            "files": [vars(file) for file in self.files],
        }


def _rounded(seconds: float) -> float:
    """To three digits: more of them would mean nothing."""
    return float(f"{seconds:.3g}")


def estimate(plan: Plan, past: Past | None = None, *, max_s: float | None = None) -> Estimate:
    """Estimate what a plan needs.

    Args:
        plan: a valid document.
        past: trainings that have run on the machine that will train.
        max_s: the machine's limit of the duration of a training; the document may have a lower one.
    """
    training = plan.document.training
    rule = training.early_stopping
    limits = [limit for limit in (max_s, training.max_seconds) if limit is not None]
    found = seconds(
        TrainingWork.of(plan),
        past or Past(),
        least_epochs=min(training.epochs, rule.patience + 1) if rule else training.epochs,
        max_s=min(limits, default=None),
    )
    if training.accelerator == "gpu" and not past:
        found = replace(found, low=found.other)  # how much faster a GPU is, is not known yet
    return Estimate(seconds=found, memory_bytes=memory_bytes(plan), files=tuple(files(plan)))
