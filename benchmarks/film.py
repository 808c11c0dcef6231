"""What recording a film may cost, how large films may be, and how fast delivered files answer.

    python benchmarks/film.py iris      # 100 epochs, ten times: half a minute
    python benchmarks/film.py spirals   # 200 epochs, ten times: half a minute
    python benchmarks/film.py mnist     # 12 epochs: three to ten minutes
    python benchmarks/film.py all       # these, and the parts of `pencil.py`, which can be named too

Prints one line per promise, as `service.py` does. A training is run several times in this process, with and
without its film by turns. `--epochs` shortens MNIST; the size of its film is then no promise.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pencil
from against_reference import promise
from quickml.datasets import Data, load
from quickml.document import Plan, read
from quickml.film import Film
from quickml.model import TrainedModel
from quickml.training.train import train
from service import Parts, note, parser_of, run

ROOT = Path(__file__).resolve().parent.parent
SHARE, LEAST_S = 0.05, 0.15
"""Recording may take this share of the rest of the training, or this time if that is more."""
RECORDING = ("__init__", "start", "took", "finish", "finish_restored", "news")
"""The methods of a recorder that a training calls."""


class Stopwatch:
    """Seconds that recorders take."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def measured(*arguments: Any) -> Any:
            began = time.perf_counter()
            try:
                return method(*arguments)
            finally:
                self.seconds += time.perf_counter() - began

        return measured


@contextmanager
def watched() -> Iterator[Stopwatch]:
    """Measure recorders meanwhile."""
    from quickml.training.film.recorder import Recorder

    stopwatch, originals = Stopwatch(), {name: getattr(Recorder, name) for name in RECORDING}
    try:
        for name, method in originals.items():
            setattr(Recorder, name, stopwatch.timed(method))
        yield stopwatch
    finally:
        for name, method in originals.items():
            setattr(Recorder, name, method)


@contextmanager
def without_film() -> Iterator[None]:
    """Record nothing meanwhile."""
    from quickml.training.stages import Stages

    def nobody(*_: object) -> Iterator[None]:
        yield from ()

    original, Stages._recorder = Stages._recorder, nobody  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        Stages._recorder = original  # type: ignore[method-assign]


def trained(plan: Plan, data: Data) -> TrainedModel:
    work = train(plan, data)
    while True:
        try:
            next(work)
        except StopIteration as end:
            model: TrainedModel = end.value[0]
            return model


def recording(name: str, plan: Plan, data: Data, runs: int) -> tuple[float, float, TrainedModel]:
    """Medians of the seconds of recording and of the rest of the training, and the last trained model."""
    spent, rest = [], []
    for _ in range(runs):
        with watched() as stopwatch:
            model = trained(plan, data)
        spent.append(stopwatch.seconds)
        rest.append(model.seconds["train"] - stopwatch.seconds)
    note(f"{name}: recording {statistics.median(spent):.3f} s, rest {statistics.median(rest):.3f} s")
    return statistics.median(spent), statistics.median(rest), model


def compared(name: str, plan: Plan, data: Data, pairs: int) -> None:
    """Whole trainings with and without film by turns: also what recording costs between its calls."""
    with_film, without = [], []
    for _ in range(pairs):
        with_film.append(trained(plan, data).seconds["train"])
        with without_film():
            without.append(trained(plan, data).seconds["train"])
    ratios = [mine / theirs for mine, theirs in zip(with_film, without, strict=True)]
    times = f"{statistics.median(with_film):.3f} s, without {statistics.median(without):.3f} s"
    note(f"{name}, by turns: with film {times}, median ratio {statistics.median(ratios):.3f}")


def promised(name: str, spent: float, rest: float) -> None:
    if spent > SHARE * rest:
        promise(f"{name}: seconds of recording", spent, at_most=LEAST_S)
    else:
        promise(f"{name}: recording, share of the rest", spent / rest, at_most=SHARE)


def sized(name: str, model: TrainedModel, at_most_kb: float) -> None:
    frames = len(Film.read(model.film).frames)
    promise(f"{name}: film of {frames} frames, KB", len(model.film) / 1000, at_most=at_most_kb)


def short(name: str, document: str, asked: argparse.Namespace, at_most_kb: float) -> None:
    plan = read((ROOT / document).read_bytes())
    data = load(plan.document.dataset)
    trained(plan, data)  # the first training in a process is slower
    spent, rest, model = recording(name, plan, data, asked.runs)
    compared(name, plan, data, asked.runs)
    promised(name, spent, rest)
    sized(name, model, at_most_kb)


def iris(asked: argparse.Namespace) -> None:
    short("iris", "iris_spec.json", asked, 50)


def spirals(asked: argparse.Namespace) -> None:
    short("spirals", "examples/spirals.json", asked, 400)


def mnist(asked: argparse.Namespace) -> None:
    plan = read((ROOT / "mnist_cnn.json").read_bytes())
    data = load(plan.document.dataset)
    compared("mnist, one epoch", of_epochs(plan, 1), data, 1)
    plan = of_epochs(plan, asked.epochs or plan.document.training.epochs)
    spent, rest, model = recording("mnist", plan, data, 1)
    promised("mnist", spent, rest)
    if asked.epochs:
        note(f"mnist: film of {asked.epochs} epochs, {len(model.film) / 1000:.0f} KB")
    else:
        sized("mnist", model, 350)


def of_epochs(plan: Plan, epochs: int) -> Plan:
    training = plan.document.training.model_copy(update={"epochs": epochs})
    return replace(plan, document=plan.document.model_copy(update={"training": training}))


PARTS: Parts = {"iris": iris, "spirals": spirals, "mnist": mnist, **pencil.PARTS}


def main() -> None:
    parser = parser_of(__doc__, PARTS)
    parser.add_argument("--runs", type=int, default=10, help="trainings of iris and spirals")
    parser.add_argument("--epochs", type=int, help="of MNIST, instead of 12")
    run(parser, PARTS)


if __name__ == "__main__":
    main()
