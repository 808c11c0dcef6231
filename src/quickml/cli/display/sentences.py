"""Events as lines of text."""

from __future__ import annotations

from functools import singledispatch

from quickml import events
from quickml.cli.display.formatting import counted, figure, numbers, size
from quickml.errors import Notice
from quickml.text import printable


def sentence(event: events.Event) -> str:
    """An event on one line, its type first. Names and messages may come from another machine."""
    if isinstance(event, events.EpochEnded):
        return printable(_text(event))
    return printable(f"{event.type:<9} {_text(event)}")


@singledispatch
def _text(event: events.Event) -> str:
    """What happened; one function per event."""
    raise NotImplementedError(event.type)


@_text.register
def _(event: events.Started) -> str:
    return f"{event.name}: {event.dataset}, {counted(event.epochs, 'epoch')}, seed {event.seed}"


@_text.register
def _(event: events.Warned) -> str:
    return str(Notice(pointer=event.pointer, message=event.message))


@_text.register
def _(event: events.Built) -> str:
    samples = f"{event.train_samples:,} training and {event.test_samples:,} test samples"
    size_of_model = f"{counted(len(event.layers), 'layer')}, {counted(event.parameters, 'parameter')}"
    device = "" if event.accelerator == "cpu" else f" on {event.device or 'a GPU'}"
    return f"{size_of_model}, {samples}, {event.precision}{device} ({event.seconds:.1f} s)"


@_text.register
def _(event: events.Progress) -> str:
    position = f"epoch {event.epoch}/{event.epochs}, step {event.step}/{event.steps}"
    return f"{position}  {numbers(event.metrics)}  ({event.samples_per_second:,.0f} samples/s)"


@_text.register
def _(event: events.Batches) -> str:
    last = event.first + event.every * len(event.losses) - 1
    return f"steps {event.first:,} to {last:,}, loss {figure(event.losses[-1])}"


@_text.register
def _(event: events.Snapshot) -> str:
    film = f"{counted(event.frames, 'frame')}, {size(event.size_bytes)}"
    return f"epoch {event.epoch}, step {event.frame:,}; film so far {film}"


@_text.register
def _(event: events.EpochEnded) -> str:
    return f"epoch {event.epoch}/{event.epochs}  {numbers(event.metrics)}  ({event.seconds:.1f} s)"


@_text.register
def _(event: events.Trained) -> str:
    early = f", stopped early ({event.stopped.replace('_', ' ')})" if event.stopped else ""
    test = f"on test samples {numbers(event.metrics)}"
    compared = f"; {baseline(event.baseline)}" if event.baseline and event.baseline.is_no_better else ""
    return f"{counted(event.epochs, 'epoch')}{early}; {test} ({event.seconds:.1f} s){compared}"


@_text.register
def _(event: events.Compressed) -> str:
    return f"{event.file} {event.weights}: {compression(event)}"


@_text.register
def _(event: events.Compiled) -> str:
    files = ", ".join(f"{file.name} {size(file.size_bytes)}" for file in event.files)
    skipped = "".join(f"; {name} skipped: {reason}" for name, reason in event.skipped.items())
    return f"{files} ({event.seconds:.1f} s){skipped}"


@_text.register
def _(event: events.Verified) -> str:
    folder = f" -> {event.folder}" if event.folder else ""  # jobs of a server have none
    return f"{'; '.join(map(proof, event.parity))} ({event.seconds:.1f} s){folder}"


@_text.register
def _(event: events.Failed) -> str:
    return event.message


@_text.register
def _(event: events.Interrupted) -> str:
    return f"attempt {event.attempt} ended early and will be retried: {event.reason}"


@_text.register
def _(_event: events.Cancelled) -> str:
    return "the job was cancelled"


def proof(parity: events.Parity) -> str:
    """The comparison of an exported file with the trained model."""
    same = "" if parity.label_agreement is None else f", {parity.label_agreement:.1%} same labels"
    references = {"decompressed": " from its decompressed weights", "translated": " from the Core ML file"}
    difference = f"largest difference {parity.largest_difference:.1e}{references.get(parity.reference, '')}"
    return printable(f"{parity.file} on {parity.samples} samples: {difference}{same}")


def baseline(row: events.BaselineRow) -> str:
    """What a model has to be better than: `always the commonest class (no): 87.0%; the model: 93.1%`."""
    if row.label is None:
        value, model = f"mean absolute error {figure(row.value)}", figure(row.model)
        answer = "always the mean"
    elif row.metric == "label_accuracy":
        value, model = f"{row.value:.1%} of the labels right", f"{row.model:.1%}"
        answer = f"always the same labels ({printable(row.label, 40)})"
    else:
        kind = "mean recall " if row.metric == "mean_recall" else ""
        value, model = f"{kind}{row.value:.1%}", f"{row.model:.1%}"
        answer = f"always the commonest class ({printable(row.label, 40)})"
    verdict = "; the model is no better" if row.is_no_better else ""
    return printable(f"{answer}: {value}; the model: {model}{verdict}")


def compression(event: events.Compressed) -> str:
    """The size and accuracy of a file with compressed weights, and whether it is used."""
    share = f"{event.size_bytes / event.float32_bytes:.0%} of float32"
    if event.label_agreement is None:
        cost = f"mean absolute error {event.mean_absolute_error:.4g} ({event.drop:+.1%})"
    else:
        change = 0.0 - event.drop  # never -0.00%
        same = f"{event.label_agreement:.1%} same labels"
        flips = "" if event.flips is None else f", {event.flips:,} changed"
        cost = f"accuracy {event.accuracy:.2%} ({change:+.2%}), {same}{flips}"
    return f"{size(event.size_bytes)}, {share}; {cost}{'' if event.taken else '; not used'}"
