"""Signals that end a command in order, and a second time at once."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

_ENDINGS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


def counted_endings() -> Callable[[], int]:
    """From now on, how many signals have asked this process to end."""
    count = 0

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1

    for number in _ENDINGS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as by `nohup`
            signal.signal(number, handle)
    return lambda: count
