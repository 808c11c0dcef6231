"""Settings of a worker's process: it ends with its server, dumps no core, and runs at a lower priority."""

from __future__ import annotations

import faulthandler
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_NICENESS = 5
_OOM_SCORE = "500"


def harden_process() -> None:
    """Prepare this process, before anything heavy is loaded."""
    die_with_parent()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would be gigabytes, and hold users' data
    faulthandler.enable()  # prints a traceback on a crash in C++
    os.nice(_NICENESS)  # training uses every core; the server has to answer meanwhile
    with suppress(OSError):  # Linux kills this process before the server when memory runs out
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, encoding="ascii")


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends (Linux).

    Elsewhere, and where the parent died before this call, the end of the channel does it, see `end_group`.
    """
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def end_group() -> None:
    """End this process and all that it started, at once. It leads a group of its own."""
    os.killpg(0, signal.SIGKILL)
