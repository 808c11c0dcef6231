"""Why an attempt ended: whether the job is to blame, and what its owner reads."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path, PurePath

from quickml.errors import (
    ArtifactError,
    CompileError,
    CopiesError,
    DatasetError,
    DocumentError,
    EventsLostError,
    ResultError,
    RoomError,
    StoredPlanError,
    StoreError,
    TrainingError,
    VerificationError,
)

FINAL = (DocumentError, DatasetError, TrainingError, CompileError, VerificationError)
"""Errors that another attempt at the same document would meet again."""
FAULTS = (StoreError, EventsLostError, ArtifactError, ResultError, RoomError, StoredPlanError, OSError)
"""Errors of the server's database, file storage and disks, and plans that this release cannot read."""
DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO})
"""What another error may be caused by without being the job's fault."""
_PARTS = {
    CopiesError: "disk",
    StoreError: "database",
    EventsLostError: "database",
    ArtifactError: "file storage",
}
_FULL = os.strerror(errno.ENOSPC)
MAX_REASON = 2000
"""Characters of a reason that are kept."""


def is_fault_of_the_server(error: Exception) -> bool:
    """Whether no job is to blame for an error."""
    if isinstance(error, FAULTS):
        return True
    cause = error.__cause__
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in DISK_ERRORS:
            return True
        cause = cause.__cause__
    return False


def is_of_this_machine(error: Exception) -> bool:
    """Whether another machine may do what this one, with its disk and its release, cannot."""
    return isinstance(error, CopiesError) or not isinstance(
        error, StoreError | EventsLostError | ArtifactError
    )


def of_server(error: Exception) -> str:
    """The reason for an error of the server. It says what failed, and not where on this machine."""
    if isinstance(error, StoredPlanError):
        return "a worker cannot read the plan of this job: it has another release, or the plan is damaged"
    part = next((part for kind, part in _PARTS.items() if isinstance(error, kind)), "disk")
    cause = error if isinstance(error, OSError) else error.__cause__
    detail = cause.strerror if isinstance(cause, OSError) else _FULL if isinstance(error, RoomError) else None
    return f"the {part} of the server failed" + (f" ({detail})" if detail else "")


def without_paths(text: str, *folders: Path) -> str:
    """A message in which files of this machine have only their names."""
    package = Path(__file__).parents[1]
    for folder in _longest_first({*folders, package, Path(sys.prefix), Path.home()}):
        text = re.sub(rf"{re.escape(folder)}(?![^/\s:'\"])[^\s:'\"]*", _name, text)
    return text[:MAX_REASON]


def _longest_first(folders: Iterable[Path]) -> list[str]:
    return sorted((str(folder) for folder in folders if folder != folder.parent), key=len, reverse=True)


def _name(path: re.Match[str]) -> str:
    return PurePath(path.group()).name
