"""What each event says about its job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from quickml.events.status import TERMINAL, Stage, Status


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What an event says about its job."""

    stage: Stage | None = None
    """The stage it is reported in; None where it may come in any."""
    status: Status | None = None
    """Status of the job after it; None leaves the status as it is."""

    @property
    def is_last(self) -> bool:
        """Whether it is the last event of its job."""
        return self.status in TERMINAL

    @property
    def ends_stage(self) -> bool:
        """Whether it ends its stage; its `seconds` are then those of the stage."""
        return self.stage is not None and self.status is not None


MEANINGS: Mapping[str, Meaning] = {
    "started": Meaning(stage=Stage.BUILD),
    "warning": Meaning(),
    "built": Meaning(stage=Stage.BUILD, status=Status.TRAINING),
    "progress": Meaning(stage=Stage.TRAIN),
    "batches": Meaning(stage=Stage.TRAIN),
    "snapshot": Meaning(stage=Stage.TRAIN),
    "epoch": Meaning(stage=Stage.TRAIN),
    "trained": Meaning(stage=Stage.TRAIN, status=Status.COMPILING),
    "compressed": Meaning(stage=Stage.COMPILE),
    "compiled": Meaning(stage=Stage.COMPILE, status=Status.VERIFYING),
    "verified": Meaning(stage=Stage.VERIFY, status=Status.READY),
    "failed": Meaning(status=Status.FAILED),
    "interrupted": Meaning(status=Status.QUEUED),
    "cancelled": Meaning(status=Status.CANCELLED),
}
"""The meaning of each event, by its `type`. A job is `building` from the moment a worker takes it.

A new event is a class in `events/__init__.py`, a member of `Event` there, a row here, and a sentence in
`cli/display/sentences.py`.
"""


def meaning(type_: str) -> Meaning:
    """The meaning of an event of this type; a type that only a newer QuickML knows changes nothing."""
    return MEANINGS.get(type_, Meaning())
