"""Waiting for storage that fails: a full disk, a database or a volume that is gone for a while."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TypeVar

from quickml.errors import ArtifactError, CopiesError, StoreError

T = TypeVar("T")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
"""Between two tries; each pause is twice as long as the one before."""


class Patience:
    """Repeats calls of the database and the artifact store that fail. For one thread.

    A call may be repeated although it has succeeded, if its answer was lost. All calls of an attempt allow
    that: what is stored already is skipped, or refused by the fence.
    """

    def __init__(self, patience_s: float) -> None:
        """Repeat each call for up to `patience_s` seconds."""
        self._patience_s = patience_s
        self.waited_s = 0.0
        """How long all calls together took after their first failure. Any thread may read it."""
        self.waits_for = ""
        """The error of the call that waits; empty if none does. Any thread may read it."""

    def __call__(self, call: Callable[[], T], *, at_wait: Callable[[Exception], None] | None = None) -> T:
        """What the call returns, as soon as it succeeds. If it fails twice, `at_wait` is told of it, once.

        Raises:
            StoreError, ArtifactError: the last of them, when patience is at an end.
            CopiesError: at once, since another machine may have the room that this one lacks.
        """
        try:
            return call()
        except CopiesError:
            raise
        except (StoreError, ArtifactError) as error:
            self.waits_for = str(error)
            _log(f"waiting for up to {self._patience_s:g} s: {error}")
        try:
            return self._repeated(call, at_wait)
        finally:
            self.waits_for = ""

    def _repeated(self, call: Callable[[], T], at_wait: Callable[[Exception], None] | None) -> T:
        began, before_s, pause_s = time.monotonic(), self.waited_s, FIRST_PAUSE_S
        while True:
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            try:
                return call()
            except (StoreError, ArtifactError) as error:
                if isinstance(error, CopiesError) or time.monotonic() - began > self._patience_s:
                    raise
                if at_wait is not None:
                    at_wait(error)
                    at_wait = None
            finally:
                self.waited_s = before_s + time.monotonic() - began


def _log(line: str) -> None:
    """Into the worker's output, of which the server logs the last lines when something goes wrong."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
