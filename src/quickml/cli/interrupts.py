"""Ctrl-C, once and twice."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import Self

_ENDINGS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that give up at once; a closed terminal sends SIGHUP."""


class Interrupts:
    """Ctrl-C once: `asked()` turns true. Twice, or a wish to terminate: KeyboardInterrupt.

    Python merges signals that arrive while TensorFlow computes, so they are counted as bytes in a pipe that
    its C handler writes. A destructor would swallow the exception and print it, so none is raised there:
    `asked` and `check` do so later. Once given up, further signals are left alone, for they would break off
    the tidying up.
    """

    def __init__(self) -> None:
        self._count = 0
        self._given_up = False

    def asked(self) -> bool:
        """Whether training is to stop."""
        self.check()
        return self._count > 0

    def check(self) -> None:
        """Raise KeyboardInterrupt where it could not be raised at once."""
        if self._given_up:
            raise KeyboardInterrupt

    def __enter__(self) -> Self:
        self._fds = (self._bytes, write_end) = os.pipe()
        for descriptor in self._fds:
            os.set_blocking(descriptor, False)
        self._before_fd = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        self._before = {sig: signal.signal(sig, self._handle) for sig in (signal.SIGINT, *_ENDINGS)}
        return self

    def __exit__(self, *_: object) -> None:
        for sig, handler in self._before.items():
            signal.signal(sig, handler)
        signal.set_wakeup_fd(self._before_fd)
        for descriptor in self._fds:
            os.close(descriptor)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        with suppress(BlockingIOError):
            self._count += sum(byte == signal.SIGINT for byte in os.read(self._bytes, 4096))
        if self._given_up:
            return
        if self._count > 1 or number in _ENDINGS:
            self._given_up = True
            if not _in_destructor(frame):
                raise KeyboardInterrupt
            return
        print("\nstopping: what was learned is kept (Ctrl-C again gives up)", file=sys.stderr, flush=True)


def _in_destructor(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_name == "__del__":
            return True
        frame = frame.f_back
    return False
