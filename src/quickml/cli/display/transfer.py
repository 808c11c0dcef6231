"""Progress of a download or an upload: a bar on a terminal, plain lines elsewhere, nothing for programs."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from typing import Self, TextIO

from quickml.cli.display.formatting import size
from quickml.cli.display.output import say
from quickml.client import Progress, UploadProgress
from quickml.text import printable

AnyProgress = Progress | UploadProgress
LINE_EVERY_S = 10.0
BAR_EVERY_S = 0.1
WINDOW_S = 10.0
"""The rate is an average over this time."""
DOING = {
    "waiting": "waiting for another download of it",
    "checking": "checking what is on disk",
    "repairing": "replacing damaged parts",
    "reading": "computing its checksum",
    "done": "stored",
}


class TransferRate:
    """Bytes per second over the last `WINDOW_S`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._points: deque[tuple[float, int]] = deque()

    def add(self, fetched_bytes: int) -> None:
        """Add the total received so far; a smaller one than before begins another file."""
        now_s = self._clock()
        if self._points and fetched_bytes < self._points[-1][1]:
            self._points.clear()
        self._points.append((now_s, fetched_bytes))
        while len(self._points) > 2 and self._points[1][0] < now_s - WINDOW_S:
            self._points.popleft()

    @property
    def per_second(self) -> float:
        """0 until there are two totals."""
        if len(self._points) < 2:
            return 0.0
        (first_s, first), (last_s, last) = self._points[0], self._points[-1]
        return (last - first) / (last_s - first_s) if last_s > first_s else 0.0


class Transfer:
    """Shows the progress of transfers; this one shows nothing, for programs. A context manager."""

    def show(self, progress: AnyProgress) -> None:
        """Show the progress of a file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""


class LineTransfer(Transfer):
    """One plain line every `LINE_EVERY_S`, for pipes and files."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._rate, self._last_s = TransferRate(clock), clock()

    def show(self, progress: AnyProgress) -> None:
        """Write and flush a line, if it is time for one."""
        if self._clock() - self._last_s < LINE_EVERY_S:
            return
        self._last_s = self._clock()
        self._rate.add(progress.moved_bytes)
        say(f"{progress.name}  {sentence(progress, self._rate.per_second)}", to=self._stream)


class BarTransfer(Transfer):
    """A bar with Rich, for people."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bars

        self._bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[text]}", markup=False, style="dim"),
            console=Console(file=stream),
            transient=True,
        )
        self._task = self._bars.add_task("", text="", total=None)
        self._rate, self._last_s = TransferRate(), 0.0

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def show(self, progress: AnyProgress) -> None:
        """Update the bar, at most every `BAR_EVERY_S`."""
        if time.monotonic() - self._last_s < BAR_EVERY_S and progress.done_bytes < progress.size_bytes:
            return
        self._last_s = time.monotonic()
        self._rate.add(progress.moved_bytes)
        self._bars.update(
            self._task,
            description=printable(progress.name),
            total=progress.size_bytes,
            completed=progress.done_bytes,
            text=sentence(progress, self._rate.per_second),
        )


def transfer_on(stream: TextIO, *, as_json: bool) -> Transfer:
    """The right one for a stream."""
    if as_json:
        return Transfer()
    if stream.isatty() and os.environ.get("TERM") != "dumb":
        return BarTransfer(stream)
    return LineTransfer(stream)


def sentence(progress: AnyProgress, per_second: float) -> str:
    """Bytes, rate and time left, or what is done instead of moving bytes."""
    text = f"{size(progress.done_bytes)} of {size(progress.size_bytes)}"
    if progress.doing in DOING:
        return f"{text}, {DOING[progress.doing]}"
    if per_second > 0:
        left_s = (progress.size_bytes - progress.done_bytes) / per_second
        text += f", {size(round(per_second))}/s, {duration(left_s)} left"
    return text


def duration(seconds: float) -> str:
    """`41 s`, `3:05 min`, `2:10 h`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}:{rest:02} min"
    return f"{minutes // 60}:{minutes % 60:02} h"
