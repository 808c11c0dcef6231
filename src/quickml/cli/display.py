"""Ways to show the events of a run: as JSON, as plain lines; `terminal.py` has the one for people."""

from __future__ import annotations

import os
import time
from typing import Protocol, Self, TextIO

from quickml import events
from quickml.cli.words import counted, numbers, size

PROGRESS_EVERY_S = 10.0
"""Plain lines tell of progress inside an epoch this often."""


class Display(Protocol):
    """Shows events as they come; a context, so that it can tidy up behind itself."""

    def show(self, event: events.Event) -> None:
        """Show one event, at once."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class _Stream:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.flush()

    def _line(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()


class JsonDisplay(_Stream):
    """One event per line."""

    def show(self, event: events.Event) -> None:
        """Write it and flush."""
        self._line(event.to_json())


class LineDisplay(_Stream):
    """One plain line per event, for pipes and files; each starts with the event's name."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._last = time.monotonic()

    def show(self, event: events.Event) -> None:
        """Write it and flush; progress inside an epoch every ten seconds."""
        if isinstance(event, events.Progress):
            if time.monotonic() - self._last < PROGRESS_EVERY_S:
                return
            self._last = time.monotonic()
        if isinstance(event, events.EpochEnded):
            self._last = time.monotonic()
        self._line(sentence(event))


def display_on(stream: TextIO, *, as_json: bool, waiting: str) -> Display:
    """The display that suits a stream; on a terminal it says `waiting` until there is something to show."""
    if as_json:
        return JsonDisplay(stream)
    if stream.isatty() and os.environ.get("TERM") != "dumb":
        from rich.console import Console

        from quickml.cli.terminal import TerminalDisplay

        return TerminalDisplay(Console(file=stream), waiting)
    return LineDisplay(stream)


def sentence(event: events.Event) -> str:
    """An event in one line, its name first."""
    match event:
        case events.Started():
            text = f"{event.name}: {event.dataset}, {counted(event.epochs, 'epoch')}, seed {event.seed}"
        case events.Warned():
            text = f"{event.pointer or '/'}: {event.message}"
        case events.Built():
            text = (
                f"{counted(len(event.layers), 'layer')}, {counted(event.parameters, 'parameter')},"
                f" {event.train_samples:,} training and {event.test_samples:,} test samples,"
                f" {event.precision} ({event.seconds:.1f} s)"
            )
        case events.Progress():
            text = (
                f"epoch {event.epoch}/{event.epochs}, step {event.step}/{event.steps}"
                f"  {numbers(event.metrics)}  ({event.samples_per_second:,.0f} samples/s)"
            )
        case events.EpochEnded():
            return f"epoch {event.epoch}/{event.epochs}  {numbers(event.metrics)}  ({event.seconds:.1f} s)"
        case events.Trained():
            early = f", stopped early ({event.stopped.replace('_', ' ')})" if event.stopped else ""
            test = f"on test samples {numbers(event.metrics)}"
            text = f"{counted(event.epochs, 'epoch')}{early}; {test} ({event.seconds:.1f} s)"
        case events.Compressed():
            text = f"{event.file} {event.weights}: {compression(event)}"
        case events.Compiled():
            text = (
                f"{', '.join(f'{f.name} {size(f.size_bytes)}' for f in event.files)} ({event.seconds:.1f} s)"
            )
            text += "".join(f"; {name} skipped: {reason}" for name, reason in event.skipped.items())
        case events.Verified():
            text = f"{'; '.join(map(proof, event.parity))} ({event.seconds:.1f} s)"
            text += f" -> {event.folder}" if event.folder else ""  # on another machine it has none
        case events.Failed():
            text = event.message
        case events.Interrupted():
            text = f"attempt {event.attempt} broke off, the job waits for another one: {event.reason}"
        case events.Cancelled():
            text = "given up"
    return f"{event.type:<9} {text}"


def proof(parity: events.Parity) -> str:
    """What executing a file showed."""
    same = "" if parity.label_agreement is None else f", {parity.label_agreement:.1%} same labels"
    whose = {"decompressed": " from its weights decompressed", "translated": " from its Core ML file"}
    off = f"off by at most {parity.largest_difference:.1e}{whose.get(parity.reference, '')}"
    return f"{parity.file} on {parity.samples} samples: {off}{same}"


def compression(event: events.Compressed) -> str:
    """What smaller weights give and cost, and whether that is taken."""
    share = f"{event.size_bytes / event.float32_bytes:.0%} of float32"
    if event.label_agreement is None:
        cost = f"mean absolute error {event.mean_absolute_error:.4g} ({event.drop:+.1%})"
    else:
        change = 0.0 - event.drop  # never -0.00%
        cost = f"accuracy {event.accuracy:.2%} ({change:+.2%}), {event.label_agreement:.1%} same labels"
    return f"{size(event.size_bytes)}, {share}; {cost}{'' if event.taken else '; not taken'}"
