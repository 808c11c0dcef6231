"""Showing a run on a terminal: a progress bar, a table of layers, a summary with the learning curve."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Self

from rich.box import SIMPLE
from rich.console import Console
from rich.panel import Panel
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from quickml import events, results
from quickml.cli.display.formatting import counted, figure, numbers, size
from quickml.cli.display.output import wrapped
from quickml.cli.display.sentences import baseline, compression, proof, sentence
from quickml.document.layers.layer import shown
from quickml.text import printable

MEDIUM, WIDE = 80, 100
"""Widths of a terminal, in columns, from which more is shown."""
INDENT = 11
BORDERS = 13
"""Columns that the borders of the table of layers take."""
MOST_EPOCHS = 25
"""Maximum number of epochs with a line of their own. Longer trainings get a line every few epochs."""
_BARS = "▁▂▃▄▅▆▇█"


class TerminalDisplay:
    """Shows a run on a terminal with Rich."""

    def __init__(self, console: Console, waiting: str) -> None:
        self._console, self._waiting = console, waiting
        self._progress = Progress(*_columns(console.width), console=console, transient=True)
        self._task = self._progress.add_task("training", visible=False, total=None, rate="", metrics="")
        self._status = self._console.status(waiting)
        self._losses: list[float] = []
        self._epoch: events.EpochEnded | None = None
        self._is_said = True
        self._name = ""
        self._trained: events.Trained | None = None
        self._taken: dict[str, events.Compressed] = {}

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()
        self._progress.stop()

    def show(self, event: events.Event) -> None:
        """Show one event."""
        match event:
            case events.Started():
                self._name = event.name
                self._say(event)
            case events.Interrupted():
                self._say(event)
                self._wait(self._waiting)
            case events.Built():
                self._console.print(layer_table(event.layers, self._console.width))
                self._say(event)
                self._status.update("compiling the training step …")
            case events.Progress():
                self._train(event)
            case events.Batches() | events.Snapshot():
                pass
            case events.EpochEnded():
                self._end_epoch(event)
            case events.Trained():
                self._trained = event
                if self._epoch and not self._is_said:
                    self._say(self._epoch)
                self._say(event)
                self._wait("writing the Core ML files …")
            case events.Compressed():
                self._taken |= {event.file: event} if event.taken else {}
                self._say(event)
                self._status.update("testing compressed weights on the test samples …")
            case events.Compiled():
                self._say(event)
                self._status.update("comparing the files with the trained model …")
            case events.Verified():
                self._status.stop()
                self._say(event)
                self._summarise(event)
            case _:
                self._say(event)

    def _say(self, event: events.Event) -> None:
        name, _, text = sentence(event).partition(" ")
        style = {"warning": "yellow", "failed": "red", "epoch": "cyan"}.get(event.type, "green")
        several = event.parity if isinstance(event, events.Verified) else ()
        self._print(name, style, [proof(parity) for parity in several] or [text.strip()])

    def _print(self, name: str, style: str, lines: Sequence[str]) -> None:
        """Lines beside a name, broken between words. A terminal folds longer words, so they can be copied."""
        for line in lines:
            for part in wrapped(f"{name:<{INDENT - 1}} {line}", self._console.width, INDENT):
                text = Text(part)
                text.stylize(f"bold {style}", 0, len(name))
                self._console.print(text, soft_wrap=True)
                name = ""

    def _wait(self, text: str) -> None:
        """Show what the run is waiting for, in place of the bar."""
        self._progress.stop()
        self._status.update(text)
        self._status.start()

    def _train(self, event: events.Progress) -> None:
        self._status.stop()
        self._progress.start()
        self._progress.update(
            self._task,
            total=event.steps * event.epochs,
            description=f"epoch {event.epoch}/{event.epochs}",
            completed=event.steps * (event.epoch - 1) + event.step,
            rate=f"{event.samples_per_second:,.0f} samples/s",
            metrics=numbers(dict(list(event.metrics.items())[: 1 + (self._console.width >= MEDIUM)])),
            visible=True,
        )

    def _end_epoch(self, event: events.EpochEnded) -> None:
        """Print its line. Of many epochs, only some have one."""
        self._status.stop()
        self._progress.start()
        self._losses[event.epoch - 1 :] = [event.metrics["loss"]]  # a retry repeats epochs
        self._epoch = event
        task = self._progress.tasks[0]
        if task.total:
            self._progress.update(self._task, completed=task.total * event.epoch / event.epochs)
        every = math.ceil(event.epochs / MOST_EPOCHS)
        self._is_said = event.epoch % every == 0 or event.epoch == event.epochs
        if self._is_said:
            self._say(event)

    def _summarise(self, event: events.Verified) -> None:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column()
        for name, text in self._figures():
            table.add_row(_text(name), text)
        for file in event.files:
            taken = self._taken.get(file.name)
            table.add_row(
                _text(file.name), f"{taken.weights}: {compression(taken)}" if taken else size(file.size_bytes)
            )
        if event.folder:  # jobs of a server have none
            table.add_row(results.KERAS.name, "the same model for Keras")
            table.add_row(results.PAGE.name, "a page with learning curves, mistakes and verification")
        table.add_row("verified", f"{event.parity[0].samples} samples run through each file")
        self._console.print(
            Panel(table, title=_text(self._name), title_align="left", expand=False, border_style="green")
        )
        if event.folder:
            self._print("result", "green", [printable(event.folder)])

    def _figures(self) -> Iterator[tuple[str, Text]]:
        for name, value in self._trained.metrics.items() if self._trained else ():
            yield f"test {name.replace('_', ' ')}", Text(figure(value), style="bold")
        if self._trained and (row := self._trained.baseline):
            yield "baseline", Text(baseline(row), style="yellow" if row.is_no_better else "")
        if self._epoch:
            for name, value in self._epoch.metrics.items():
                if name.startswith("val_"):
                    shown_name = name.removeprefix("val_").replace("_", " ")
                    yield f"validation {shown_name}", Text(f"{figure(value)} in epoch {self._epoch.epoch}")
        if self._losses:
            curve = sparkline(self._losses, width=max(10, min(40, self._console.width - 30)))
            yield f"loss, {counted(len(self._losses), 'epoch')}", Text(curve, style="cyan")


def _columns(width: int) -> list[ProgressColumn]:
    """What fits beside the bar."""
    columns = [TextColumn("{task.description}"), BarColumn(bar_width=max(10, min(40, width - 80)))]
    if width >= MEDIUM:
        columns.append(MofNCompleteColumn())
    if width >= WIDE:
        columns.append(TextColumn("{task.fields[rate]}", style="dim"))
    return [*columns, TextColumn("{task.fields[metrics]}"), TimeRemainingColumn()]


def layer_table(layers: Sequence[events.LayerRow], width: int) -> Table:
    """Layers with shapes and parameters, and the total. Where there is no room, names end in `…`."""
    head = ("layer", "type", "output shape", "parameters")
    foot = (counted(len(layers), "layer"), "", "", f"{sum(row.parameters for row in layers):,}")
    rows = [
        (row.name, row.layer, shown(row.output_shape), f"{row.parameters:,}" if row.parameters else "")
        for row in layers
    ]
    widths = [max(map(len, column)) for column in zip(head, foot, *rows, strict=True)]
    table = titled_table(has_borders=sum(widths) + BORDERS <= width)
    table.show_footer = True
    for index, (title, last) in enumerate(zip(head, foot, strict=True)):
        table.add_column(
            title,
            footer=last,
            overflow="ellipsis",
            justify="right" if index == len(head) - 1 else "left",
            no_wrap=index > 0,  # so that Rich shortens the names
        )
    for row in rows:
        table.add_row(*map(_text, row))
    return table


def titled_table(*, has_borders: bool) -> Table:
    """A table for rows below titles; without borders it takes fewer columns."""
    if has_borders:
        return Table(header_style="bold")
    return Table(header_style="bold", box=SIMPLE, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))


def _text(text: str) -> Text:
    """Text from outside: neither control characters nor Rich's markup have an effect."""
    return Text(printable(text))


def sparkline(values: Sequence[float], width: int = 40) -> str:
    """A curve as one line of text, thinned to `width`; a gap where a value is not finite."""
    if len(values) > width:
        values = [values[round(i * (len(values) - 1) / (width - 1))] for i in range(width)]
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return ""
    low, high = min(finite), max(finite)
    span = (high - low) or 1.0
    return "".join(
        _BARS[round((value - low) / span * (len(_BARS) - 1))] if math.isfinite(value) else " "
        for value in values
    )
