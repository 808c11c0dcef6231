"""How many pictures are done: a line on a terminal that changes, a plain line now and then elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

from quickml.cli.display.output import changing, note

QUIET_S = 1.0
"""What is done sooner is not worth a line."""
LINE_EVERY_S, CHANGE_EVERY_S = 10.0, 0.1


class PictureProgress:
    """Shows progress on standard error."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._what, self._began, self._last = "", 0.0, 0.0

    def show(self, what: str, done: int, total: int) -> None:
        """Show how many pictures are done; see `LocalPictures`."""
        now = self._clock()
        if what != self._what:
            self._what, self._began, self._last = what, now, now
        is_terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        if done == total:
            changing("")
        elif now - self._began >= QUIET_S and now - self._last >= (
            CHANGE_EVERY_S if is_terminal else LINE_EVERY_S
        ):
            self._last = now
            (changing if is_terminal else note)(f"{what} {done:,} of {total:,} pictures")
