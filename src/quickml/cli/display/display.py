"""Showing the events of a run as JSON or as plain lines; `terminal.py` has bars and tables."""

from __future__ import annotations

import os
import time
from typing import Protocol, Self, TextIO

from quickml import events
from quickml.cli.display.output import say, say_json
from quickml.cli.display.sentences import sentence

PROGRESS_EVERY_S = 10.0
"""How often plain lines report progress within an epoch."""

SILENT = (events.Batches, events.Snapshot)
"""Events for programs, which people need not read."""


class Display(Protocol):
    """Shows events as they arrive. A context manager, which restores the terminal at its end."""

    def show(self, event: events.Event) -> None:
        """Show one event immediately."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class _Stream:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.flush()


class JsonDisplay(_Stream):
    """One JSON event per line."""

    def show(self, event: events.Event) -> None:
        """Write it and flush."""
        say_json(event.to_json(), to=self._stream)


class LineDisplay(_Stream):
    """One plain line per event, for pipes and files; each starts with the event's type."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._last = time.monotonic()

    def show(self, event: events.Event) -> None:
        """Write it and flush; progress within an epoch at most every `PROGRESS_EVERY_S`, and no `SILENT`."""
        if isinstance(event, SILENT):
            return
        if isinstance(event, events.Progress):
            if time.monotonic() - self._last < PROGRESS_EVERY_S:
                return
            self._last = time.monotonic()
        if isinstance(event, events.EpochEnded):
            self._last = time.monotonic()
        say(sentence(event), to=self._stream)


def display_on(stream: TextIO, *, as_json: bool, waiting: str) -> Display:
    """The display that suits a stream. On a terminal it shows `waiting` until the first event."""
    if as_json:
        return JsonDisplay(stream)
    if stream.isatty() and os.environ.get("TERM") != "dumb":
        from rich.console import Console

        from quickml.cli.display.terminal import TerminalDisplay

        return TerminalDisplay(Console(file=stream), waiting)
    return LineDisplay(stream)
