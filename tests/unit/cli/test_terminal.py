"""The display for people, where a job begins twice and its result lies elsewhere."""

import io
from typing import get_args

import pytest
from rich.console import Console

from quickml import events
from quickml.cli.display import sentences
from quickml.cli.display.display import LineDisplay, display_on
from quickml.cli.display.sentences import sentence
from quickml.cli.display.terminal import TerminalDisplay

STARTED = events.Started(name="iris", dataset="iris", epochs=3, seed=0)
BUILT = events.Built(
    layers=(events.LayerRow(name="dense", layer="Dense", output_shape=(3,), parameters=15),),
    parameters=15, trainable_parameters=15, memory_bytes=1, precision="float32",
    train_samples=120, validation_samples=0, test_samples=30, seconds=0.1,
)  # fmt: skip
TRAINED = events.Trained(epochs=3, stopped=None, metrics={"loss": 0.25}, seconds=1.0)
FILE = events.FileRow(name="model.mlmodel", size_bytes=1000, sha256="0" * 64)
COMPILED = events.Compiled(files=(FILE,), skipped={}, seconds=0.1)
PARITY = events.Parity(
    file="model.mlmodel", samples=256, held_out=30, largest_difference=1e-7, tolerance=1e-4, label_agreement=1.0, accuracy=1.0
)  # fmt: skip


def verified(folder=""):
    return events.Verified(parity=(PARITY,), folder=folder, files=(FILE,), seconds=0.1)


def epoch(number, loss):
    return events.EpochEnded(epoch=number, epochs=3, metrics={"loss": loss}, learning_rate=0.1, seconds=0.1)


def progress(number):
    return events.Progress(
        epoch=number, epochs=3, step=1, steps=8, samples_per_second=9.0, metrics={"loss": 1.0}
    )


def shown(*told):
    """What a terminal is sent, and what of it stays."""
    stream = io.StringIO()
    with TerminalDisplay(Console(file=stream, force_terminal=True, width=100), "waiting here") as display:
        for event in told:
            display.show(event)
    return stream.getvalue()


def test_a_job_that_begins_twice_is_shown_as_one_run():
    interrupted = events.Interrupted(attempt=1, reason="the server ended")
    first = [STARTED, BUILT, progress(1), epoch(1, 1.0), progress(2), epoch(2, 0.9), interrupted]
    second = [STARTED, BUILT, progress(2), epoch(2, 0.8), epoch(3, 0.5), TRAINED, COMPILED, verified()]
    text = shown(*first, *second)
    assert "attempt 1 ended early and will be retried: the server ended" in text
    assert "loss, 3 epochs" in text, "an epoch that was repeated counts once"
    assert text.count("waiting here") >= 2


@pytest.mark.parametrize(
    "broken", [[STARTED], [STARTED, BUILT], [STARTED, BUILT, progress(1)], [STARTED, BUILT, TRAINED], []]
)
def test_an_attempt_may_break_off_anywhere(broken):
    interrupted = events.Interrupted(attempt=1, reason="gone")
    whole = [STARTED, BUILT, progress(1), epoch(1, 1.0), TRAINED, COMPILED, verified()]
    text = shown(*broken, interrupted, *whole)
    assert "samples run through each file" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l"), "the cursor is there again"


def test_a_result_elsewhere_has_no_folder():
    whole = [STARTED, BUILT, epoch(1, 1.0), TRAINED, COMPILED]
    assert "result" not in shown(*whole, verified())
    assert "result" in shown(*whole, verified("runs/iris"))
    assert not sentence(verified()).rstrip().endswith("->")
    assert sentence(verified("runs/iris")).endswith("-> runs/iris")


def test_every_event_has_a_sentence():
    kinds = get_args(get_args(events.Event)[0])
    assert len(kinds) >= 12
    other = sentences._text.dispatch(object)
    assert [kind for kind in kinds if sentences._text.dispatch(kind) is other] == []


def test_a_pipe_gets_plain_lines():
    stream = io.StringIO()
    display = display_on(stream, as_json=False, waiting="")
    assert isinstance(display, LineDisplay)
    with display:
        display.show(events.Cancelled())
    assert stream.getvalue() == "cancelled the job was cancelled\n"


HOSTILE = "\x1b[31mred\x1b[0m [bold]markup[/bold]\x9b2J"


def test_names_from_outside_cannot_control_the_terminal():
    """Neither escape sequences nor Rich's markup."""
    started = STARTED.model_copy(update={"name": HOSTILE})
    built = BUILT.model_copy(
        update={"layers": [row.model_copy(update={"name": HOSTILE}) for row in BUILT.layers]}
    )
    trained = TRAINED.model_copy(update={"metrics": {HOSTILE: 1.0}})
    text = shown(started, built, epoch(1, 1.0), trained, COMPILED, verified(HOSTILE))
    assert "\x1b[31m" not in text
    assert "\x9b" not in text
    assert text.count("[bold]markup[/bold]") >= 4


def test_names_from_outside_cannot_control_a_pipe():
    stream = io.StringIO()
    with display_on(stream, as_json=False, waiting="") as display:
        display.show(STARTED.model_copy(update={"name": HOSTILE}))
        display.show(events.Failed(error="X", message=HOSTILE))
    assert "\x1b" not in stream.getvalue()
    assert "\x9b" not in stream.getvalue()
