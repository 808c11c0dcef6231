"""Showing a run on a terminal: a progress bar, a table of layers, a summary with the learning curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from quickml import events
from quickml.cli.display.formatting import counted, numbers, size
from quickml.cli.display.sentences import compression, proof, sentence
from quickml.document.layers.layer import shown
from quickml.text import printable

_BARS = "▁▂▃▄▅▆▇█"


class TerminalDisplay:
    """Shows a run on a terminal with Rich."""

    def __init__(self, console: Console, waiting: str) -> None:
        self._console, self._waiting = console, waiting
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", style="dim"),
            TextColumn("{task.fields[metrics]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._task = self._progress.add_task("training", visible=False, total=None, rate="", metrics="")
        self._status = self._console.status(waiting)
        self._losses: list[float] = []
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
                self._console.print(layer_table(event.layers))
                self._say(event)
                self._status.update("compiling the training step …")
            case events.Progress() | events.EpochEnded():
                self._train(event)
            case events.Trained():
                self._trained = event
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
        style = {"warning": "yellow", "failed": "red"}.get(event.type, "green")
        lines = [text.strip()]
        if isinstance(event, events.Verified):
            lines = [proof(parity) for parity in event.parity]
        elif isinstance(event, events.Compiled):
            lines = text.strip().split("; ", 1)  # a skipped file and the reason get their own line
        self._console.print(Text.assemble((f"{name:<9}", f"bold {style}"), " ", lines[0]), soft_wrap=True)
        for line in lines[1:]:
            self._console.print(
                Text(f"{'':<9} {line}", style="dim" if event.type == "compiled" else ""), soft_wrap=True
            )

    def _wait(self, text: str) -> None:
        """Show what the run is waiting for, in place of the bar."""
        self._progress.stop()
        self._status.update(text)
        self._status.start()

    def _train(self, event: events.Progress | events.EpochEnded) -> None:
        self._status.stop()
        self._progress.start()
        metrics = numbers(dict(list(event.metrics.items())[:2]))
        description = f"epoch {event.epoch}/{event.epochs}"
        if isinstance(event, events.Progress):
            self._progress.update(
                self._task,
                total=event.steps * event.epochs,
                description=description,
                completed=event.steps * (event.epoch - 1) + event.step,
                rate=f"{event.samples_per_second:,.0f} samples/s",
                metrics=metrics,
                visible=True,
            )
            return
        self._losses[event.epoch - 1 :] = [event.metrics["loss"]]  # a retry repeats epochs
        task = self._progress.tasks[0]
        if task.total:
            self._progress.update(
                self._task,
                description=description,
                completed=task.total * event.epoch / event.epochs,
                metrics=metrics,
                visible=True,
            )

    def _summarise(self, event: events.Verified) -> None:
        table = Table.grid(padding=(0, 2))
        if self._trained:
            for name, value in self._trained.metrics.items():
                table.add_row(_text(f"test {name.replace('_', ' ')}"), Text(f"{value:.4f}", style="bold"))
        table.add_row(
            f"loss, {counted(len(self._losses), 'epoch')}", Text(sparkline(self._losses), style="cyan")
        )
        for file in event.files:
            taken = self._taken.get(file.name)
            table.add_row(
                _text(file.name), f"{taken.weights}: {compression(taken)}" if taken else size(file.size_bytes)
            )
        table.add_row("verified", f"{event.parity[0].samples} samples run through each file")
        if event.folder:
            table.add_row("result", Text(printable(event.folder), overflow="fold"))
        self._console.print(
            Panel(table, title=_text(self._name), title_align="left", expand=False, border_style="green")
        )


def layer_table(layers: Sequence[events.LayerRow]) -> Table:
    """Layers with shapes and parameters, and the total."""
    table = Table(header_style="bold", show_footer=True)
    table.add_column("layer", footer=counted(len(layers), "layer"))
    table.add_column("type")
    table.add_column("output shape")
    table.add_column("parameters", justify="right", footer=f"{sum(row.parameters for row in layers):,}")
    for row in layers:
        parameters = f"{row.parameters:,}" if row.parameters else ""
        table.add_row(_text(row.name), _text(row.layer), shown(row.output_shape), parameters)
    return table


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
