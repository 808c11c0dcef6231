"""Handling Ctrl-C: the first stops training early, the second cancels the run."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from types import FrameType
from typing import Self

from quickml.cli.display.output import note

_ENDINGS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that cancel at once; closing a terminal sends SIGHUP."""


class Interrupts:
    """After the first Ctrl-C `asked()` is true. A second one, or SIGTERM, raises KeyboardInterrupt.

    Python merges signals that arrive while TensorFlow computes, so they are counted as bytes in a pipe that
    its C handler writes. An exception raised in a destructor would be printed and dropped, so `asked` and
    `check` raise it later. Once the run is cancelled, further signals are ignored: they would interrupt the
    clean-up.
    """

    def __init__(self) -> None:
        self._count = 0
        self._is_cancelled = False

    def asked(self) -> bool:
        """Whether training is to stop."""
        self.check()
        return self._count > 0

    def check(self) -> None:
        """Raise KeyboardInterrupt if the run was cancelled where it could not be raised."""
        if self._is_cancelled:
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
        if self._is_cancelled:
            return
        if self._count > 1 or number in _ENDINGS:
            self._is_cancelled = True
            if not _in_destructor(frame):
                raise KeyboardInterrupt
            return
        note("", "stopping: exporting the model trained so far (Ctrl-C again cancels)")


def _in_destructor(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_name == "__del__":
            return True
        frame = frame.f_back
    return False
