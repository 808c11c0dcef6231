"""The statuses of a job, and the stages of a run."""

from enum import StrEnum


class Status(StrEnum):
    """The status of a job."""

    QUEUED = "queued"
    BUILDING = "building"
    TRAINING = "training"
    COMPILING = "compiling"
    VERIFYING = "verifying"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


RUNNING = frozenset({Status.BUILDING, Status.TRAINING, Status.COMPILING, Status.VERIFYING})
TERMINAL = frozenset({Status.READY, Status.FAILED, Status.CANCELLED})


class Stage(StrEnum):
    """A stage of the pipeline, as metrics name it."""

    BUILD = "build"
    TRAIN = "train"
    COMPILE = "compile"
    VERIFY = "verify"
