"""An event, and what a file is, as sentences."""

from __future__ import annotations

from quickml import events
from quickml.cli.display.words import counted, numbers, size


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
