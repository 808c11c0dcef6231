"""A process of its own: it does not outlive its server, leaves no core dumps, and gives way to others."""

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
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core of some gigabytes, with somebody's data in it
    faulthandler.enable()  # a crash in C++ says where, on stderr
    os.nice(_NICENESS)  # training takes all there is; the server has to answer meanwhile
    with suppress(OSError):  # Linux: when memory runs out, rather this process than the server
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, encoding="ascii")


def die_with_parent() -> None:
    """Have the kernel end this process with the thread that started it (Linux).

    Elsewhere, and where the parent died before this call, the end of the channel does it, see `end_group`.
    """
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def end_group() -> None:
    """End this process and all that it started, at once. It leads a group of its own."""
    os.killpg(0, signal.SIGKILL)
