"""Handling Ctrl-C: during training, the first stops it early; the second, or one before, cancels the run."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from types import CodeType, FrameType
from typing import Self

from quickml.cli.display.output import note

_ENDINGS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that cancel at once; closing a terminal sends SIGHUP."""
_REPEAT_S = 0.3
_CAN_REPEAT = hasattr(signal, "setitimer")  # not on Windows


class Interrupts:
    """After the first Ctrl-C `asked()` is true. A second one, or SIGTERM, raises KeyboardInterrupt.

    Training calls `asked` when it has learned something. Until then there is nothing to keep, and the first
    Ctrl-C raises KeyboardInterrupt, too.

    Python merges signals that arrive while TensorFlow computes, so they are counted as bytes in a pipe that
    its C handler writes. An exception raised in a destructor would be printed and dropped, so `asked` and
    `check` raise it later. A library that is being imported may drop it, or raise another one in its place,
    so it is repeated while the import continues, and raised at the end of the block. Otherwise, once the run
    is cancelled, further signals are ignored: they would interrupt the clean-up.
    """

    def __init__(self) -> None:
        self._count = 0
        self._is_worth_keeping = self._is_cancelled = False

    def asked(self) -> bool:
        """Whether training is to stop; from the first call on, there is a model to keep."""
        self._is_worth_keeping = True
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
        signals = (signal.SIGINT, *_ENDINGS, *([signal.SIGALRM] if _CAN_REPEAT else []))
        self._before = {sig: signal.signal(sig, self._handle) for sig in signals}
        return self

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if _CAN_REPEAT:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for sig, handler in self._before.items():
            signal.signal(sig, handler)
        signal.set_wakeup_fd(self._before_fd)
        for descriptor in self._fds:
            os.close(descriptor)
        if error is not None:
            self.check()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        with suppress(BlockingIOError):
            self._count += sum(byte == signal.SIGINT for byte in os.read(self._bytes, 4096))
        if self._is_cancelled:
            if _in_import(frame):
                raise KeyboardInterrupt
            return
        if self._count > 1 or not self._is_worth_keeping or number in _ENDINGS:
            self._is_cancelled = True
            if _CAN_REPEAT:
                signal.setitimer(signal.ITIMER_REAL, _REPEAT_S, _REPEAT_S)
            if not _in_destructor(frame):
                raise KeyboardInterrupt
            return
        note("", "stopping: exporting the model trained so far (Ctrl-C again cancels)")


def _in_destructor(frame: FrameType | None) -> bool:
    return any(code.co_name == "__del__" for code in _stack(frame))


def _in_import(frame: FrameType | None) -> bool:
    return any(code.co_filename == "<frozen importlib._bootstrap>" for code in _stack(frame))


def _stack(frame: FrameType | None) -> Iterator[CodeType]:
    while frame is not None:
        yield frame.f_code
        frame = frame.f_back
