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


def shown(*told, width=100):
    """What a terminal is sent, and what of it stays."""
    stream = io.StringIO()
    with TerminalDisplay(Console(file=stream, force_terminal=True, width=width), "waiting here") as display:
        for event in told:
            display.show(event)
    return stream.getvalue()


def lines(*told, width=100):
    """The lines that stay on a terminal, without colours: all but the bar and what is waited for."""
    console = Console(
        file=io.StringIO(), record=True, width=width, force_terminal=True, force_interactive=False
    )
    with TerminalDisplay(console, "waiting here") as display:
        for event in told:
            display.show(event)
    return console.export_text().splitlines()


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


def test_events_for_programs_are_not_shown_to_people():
    losses = events.Batches(first=1, every=1, losses=(0.5,))
    frame = events.Snapshot(frame=8, epoch=1, frames=2, size_bytes=700)
    stream = io.StringIO()
    with display_on(stream, as_json=False, waiting="") as display:
        display.show(losses)
        display.show(frame)
    assert stream.getvalue() == ""
    told = [STARTED, BUILT, progress(1), epoch(1, 1.0)]
    assert lines(*told[:3], losses, frame, told[3]) == lines(*told)


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


# Widths

ROWS = (
    ("normalization", "Normalization", (50, 1), 3), ("bidirectional", "Bidirectional", (50, 128), 33_792),
    ("global_average_pooling2d", "GlobalAveragePooling2D", (128,), 0), ("dense", "Dense", (10,), 1_290),
)  # fmt: skip
LONG = (
    STARTED,
    events.Warned(pointer="/model/layers/3/activation", message="ignored, because the layer that follows applies another one"),
    BUILT.model_copy(update={"layers": tuple(
        events.LayerRow(name=name, layer=layer, output_shape=shape, parameters=count) for name, layer, shape, count in ROWS
    )}),
    progress(1),
    *(
        events.EpochEnded(
            epoch=number, epochs=3, learning_rate=0.1, seconds=12.3,
            metrics={"loss": 0.5, "accuracy": 0.75, "val_loss": 0.625, "val_accuracy": 0.875 + number / 100},
        )
        for number in (1, 2, 3)
    ),
    TRAINED.model_copy(update={"metrics": {"loss": 0.25, "accuracy": 0.9}}),
    events.Compressed(
        file="model.mlpackage", weights="palettized-4", minimum_ios=16, size_bytes=1_200_000, float32_bytes=4_800_000,
        accuracy=0.9, mean_absolute_error=None, drop=0.001, label_agreement=0.99, flips=100, taken=True,
    ),
    COMPILED.model_copy(update={"files": (FILE, FILE.model_copy(update={"name": "model.mlpackage"}))}),
    verified("runs/iris-20261127T104931Z"),
)  # fmt: skip
WIDTHS = (60, 80, 100, 140)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal_and_no_word_is_broken(width):
    found = lines(*LONG, width=width)
    assert max(map(len, found)) <= width
    words = set(" ".join(found).replace("│", " ").split())
    for event in LONG:
        if not isinstance(event, events.Progress | events.Verified):
            assert set(sentence(event).split()) <= words, sentence(event)
    for kind in ("GlobalAveragePooling2D", "33,792", "(50,", "128)"):
        assert kind in words, "the table has it whole"


@pytest.mark.parametrize("width", WIDTHS)
def test_validation_figures_stay_with_their_epochs(width):
    text = " ".join(" ".join(lines(*LONG, width=width)).split())
    for number in (1, 2, 3):
        assert (
            f"{number}/3 loss 0.5000 accuracy 0.7500 val_loss 0.6250 val_accuracy {0.875 + number / 100:.4f} (12.3 s)"
            in text
        )
    assert "validation accuracy 0.9050 in epoch 3" in text


@pytest.mark.parametrize("width", WIDTHS)
def test_the_last_box_names_the_files_of_the_folder(width):
    def box(*told):
        text = "\n".join(lines(*told, width=width))
        return text[text.index("╭") :]

    for name in ("model.mlmodel", "model.keras", "report.html", "runs/iris-20261127T104931Z"):
        assert name in box(*LONG)
    assert "model.keras" not in box(*LONG[:-1], verified()), "a job of a server has no folder here"


def test_the_folder_can_be_copied_from_the_terminal():
    folder = "runs/a-network-with-a-long-name-20261127T104931Z/" + "x" * 30
    assert folder in [
        line.split()[-1] for line in lines(*LONG[:-1], verified(folder), width=60) if line.strip()
    ]


def test_of_many_epochs_some_have_a_line_and_the_last_always():
    def said(count, of):
        told = [
            events.EpochEnded(epoch=n, epochs=of, metrics={"loss": 1.0}, learning_rate=0.1, seconds=0.1)
            for n in range(1, count + 1)
        ]
        found = lines(STARTED, BUILT, progress(1), *told, TRAINED, COMPILED, verified())
        return [line.split()[1] for line in found if line.startswith("epoch ")]

    assert said(20, 20) == [f"{n}/20" for n in range(1, 21)]
    assert len(said(1000, 1000)) == 25
    assert said(1000, 1000)[-1] == "1000/1000"
    assert said(33, 1000) == ["33/1000"], "it stopped early"


def test_losses_without_bound_have_few_digits():
    found = lines(
        STARTED, BUILT, epoch(1, 1e40), epoch(2, float("nan")), epoch(3, 1e-30), TRAINED, COMPILED, verified()
    )
    assert "1.000e+40" in " ".join(found)
    assert max(map(len, found)) < 100


def test_a_format_that_nobody_asked_for_is_not_skipped():
    assert "skipped" not in sentence(COMPILED)
    asked = COMPILED.model_copy(update={"skipped": {"other": "needs a key"}})
    assert "other skipped: needs a key" in sentence(asked)


def compared(value, model, label="no", *, metric="accuracy", is_no_better=False):
    metric = "mean_absolute_error" if label is None else metric
    row = events.BaselineRow(metric=metric, label=label, value=value, model=model, is_no_better=is_no_better)
    return TRAINED.model_copy(update={"baseline": row})


@pytest.mark.parametrize(
    ("trained", "words"),
    [
        (compared(0.87, 0.931), "always the commonest class (no): 87.0%; the model: 93.1%"),
        (
            compared(0.87, 0.87, is_no_better=True),
            "always the commonest class (no): 87.0%; the model: 87.0%; the model is no better",
        ),
        (
            compared(0.5, 0.76, metric="mean_recall"),
            "always the commonest class (no): mean recall 50.0%; the model: 76.0%",
        ),
        (compared(61.2, 43.125, None), "always the mean: mean absolute error 61.2000; the model: 43.1250"),
        (
            compared(0.5, 0.6, "\x1b[2Jno"),
            "always the commonest class (\\u001b[2Jno): 50.0%; the model: 60.0%",
        ),
    ],
)
def test_a_summary_has_a_baseline_in_words(trained, words):
    said = lines(STARTED, BUILT, epoch(1, 1.0), trained, COMPILED, verified(), width=110)
    (line,) = (one for one in said if one.startswith("│ baseline"))
    assert words in line
    assert (words in sentence(trained)) == trained.baseline.is_no_better


def test_a_summary_of_an_older_server_has_no_baseline():
    assert not any("baseline" in line for line in lines(STARTED, BUILT, TRAINED, COMPILED, verified()))
