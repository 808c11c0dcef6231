"""Processes that decode pictures. Threads would wait for Python's lock, for a fifth of the time."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from queue import SimpleQueue
from typing import Any

from quickml.errors import DatasetError
from quickml.pixels.decoder import READY, Order, Task
from quickml.pixels.reading import Seen

COMMAND = (sys.executable, "-P", "-m", "quickml.pixels.decoder")
MOST = 16
"""Processes at once. Each takes some 50 MB."""
_STOPPED = (OSError, EOFError, pickle.UnpicklingError)


class Decoder:
    """The side of the process that asks. Used by one thread at a time."""

    def __init__(self, order: Order) -> None:
        """Start a process.

        Raises:
            OSError: it cannot be started.
        """
        self._process = subprocess.Popen(  # noqa: S603  # our own module
            COMMAND,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # threads that have nothing to do
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the process that asks
        )
        with suppress(OSError):
            self._send(order)

    def is_ready(self) -> bool:
        """Wait until it can decode; False if it ends instead."""
        try:
            return bool(self._answer() == READY)
        except _STOPPED:
            return False

    def decode(self, tasks: Sequence[Task]) -> list[Seen]:
        """Have files read and decoded.

        Raises:
            DatasetError: the process has ended.
        """
        try:
            self._send(list(tasks))
            answer: list[Seen] = self._answer()
        except _STOPPED:
            code = self._process.wait()
            found = f"that one ended with {code}"
            hint = "is there enough memory?"
            raise DatasetError(
                f"pictures: expected processes that decode them, found {found}; {hint}"
            ) from None
        return answer

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with suppress(OSError):
                stream.close()
        self._process.wait()

    def _send(self, content: object) -> None:
        assert self._process.stdin is not None
        pickle.dump(content, self._process.stdin)
        self._process.stdin.flush()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return pickle.load(self._process.stdout)  # noqa: S301  # our own process


class Decoders:
    """Several of them, for as many threads."""

    def __init__(self, all_: Sequence[Decoder]) -> None:
        self._free: SimpleQueue[Decoder] = SimpleQueue()
        self.count = len(all_)
        for one in all_:
            self._free.put(one)

    def decode(self, tasks: Sequence[Task]) -> list[Seen]:
        """See `Decoder`."""
        one = self._free.get()
        try:
            return one.decode(tasks)
        finally:
            self._free.put(one)


@contextmanager
def started(order: Order) -> Iterator[Decoders | None]:
    """Processes on all cores; None if there can be none here."""
    with ExitStack() as stack:
        all_ = []
        with suppress(OSError):
            for _ in range(min(os.cpu_count() or 1, MOST)):
                all_.append(Decoder(order))
                stack.callback(all_[-1].end)
        ready = [one for one in all_ if one.is_ready()]
        yield Decoders(ready) if ready else None
