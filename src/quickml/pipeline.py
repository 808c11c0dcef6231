"""The stages in order: load, build, train, compile, verify, and one folder with everything in it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

from quickml import events, results
from quickml.datasets.data import Data
from quickml.document import Plan
from quickml.errors import DocumentError, QuickMLError
from quickml.model import TrainedModel
from quickml.training.checkpoint_policy import CheckpointPolicy

KERAS_FILE = "model.keras"


def run(
    plan: Plan,
    folder: Path | None = None,
    *,
    stop: Callable[[], bool] = lambda: False,
    keeping: CheckpointPolicy | None = None,
) -> Generator[events.Event, None, Path]:
    """Do all that a plan asks for, telling each step as it happens.

    Args:
        plan: a valid document.
        folder: appears when everything in it is written and verified, and not before; one of the
            plan's name and the time, in `runs/`, where left out.
        stop: polled a few times a second while training; once true, what was learned is kept.
        keeping: where training is kept while it lasts, and gone on with. Closing the generator while it
            trains keeps it too.

    Yields:
        `started`, `warning`s, `built`, `progress` and `epoch`s, `trained`, `compressed`s, `compiled`,
        `verified`.

    Returns:
        The folder.

    Raises:
        DatasetError, TrainingError, CompileError, VerificationError: and then no folder appears.
    """
    clock = _Clock()
    document = plan.document
    asked = folder or results.default_folder(document.name)
    with results.draft(asked, exact=folder is not None) as draft:
        yield events.Started(
            name=document.name,
            dataset=document.dataset.name,
            epochs=document.training.epochs,
            seed=document.training.seed,
        )
        for notice in plan.notices:
            yield events.Warned(pointer=notice.pointer, message=notice.message)
        data = _load(plan)
        clock.lap("load")
        trained = yield from _train(plan, data, draft.path, stop, keeping)
        clock.laps.update(trained.seconds)
        clock.restart()
        delivery = yield from _deliver(trained, data, draft.path, clock)
        _report(trained, data, delivery, draft.path, clock)
        place = draft.publish()
    yield events.Verified(
        parity=delivery.parity,
        folder=str(place).encode(errors="replace").decode(),  # a path may hold bytes that are no text
        files=delivery.files,
        seconds=clock.laps["verify"],
    )
    return place


def _load(plan: Plan) -> Data:
    from quickml import datasets
    from quickml.export.compile import check

    check(plan)
    return datasets.load(plan.document.dataset)


def _train(
    plan: Plan, data: Data, folder: Path, stop: Callable[[], bool], keeping: CheckpointPolicy | None
) -> Generator[events.Event, None, TrainedModel]:
    from quickml.training.train import train

    trained = yield from train(plan, data, keras_file=folder / KERAS_FILE, stop=stop, keeping=keeping)
    if not trained.history:
        yield events.Warned(pointer="/training", message="stopped before the first step: nothing was learned")
    return trained


@dataclass(frozen=True, kw_only=True)
class _Delivery:
    """What was made of the model, and how it was proven."""

    files: tuple[events.FileRow, ...]
    skipped: Mapping[str, str]
    compression: tuple[events.Compressed, ...]
    parity: tuple[events.Parity, ...]


def _deliver(
    trained: TrainedModel, data: Data, folder: Path, clock: _Clock
) -> Generator[events.Event, None, _Delivery]:
    """Compile, and verify what was compiled."""
    from quickml.export.compile import Compiler
    from quickml.export.coreml.package import NO_MLMODELC

    with tempfile.TemporaryDirectory(prefix=".scratch-", dir=folder) as scratch:
        keras_file = folder / KERAS_FILE
        compiler = Compiler(trained, data, keras_file=keras_file, folder=folder, scratch=Path(scratch))
        made = yield from compiler.files()
        paths = [path for one in made for path in one.paths]
        skipped: dict[str, str] = {}
        if compiler.core_ml:
            device = compiler.compiled_for_device()
            paths += [device] if device else []
            skipped = {} if device else {"mlmodelc": NO_MLMODELC}
        files = tuple(map(results.described, paths))
        yield events.Compiled(files=files, skipped=skipped, seconds=clock.lap("compile"))
        parity = tuple(one.verify() for one in made)
        clock.lap("verify")
    return _Delivery(files=files, skipped=skipped, compression=compiler.tried, parity=parity)


def _report(trained: TrainedModel, data: Data, delivery: _Delivery, folder: Path, clock: _Clock) -> None:
    """`spec.json`, `report.json` and `report.html`."""
    from quickml.report.record import record, write

    text = trained.plan.document.model_dump_json(indent=2, exclude_none=True)
    (folder / "spec.json").write_text(text + "\n", encoding="utf-8")
    summary = record(
        trained,
        data,
        parity=delivery.parity,
        compression=delivery.compression,
        files=(*delivery.files, results.described(folder / KERAS_FILE)),
        skipped=delivery.skipped,
        seconds=clock.finished(),
    )
    write(summary, trained, data, folder)


def warm() -> None:
    """Load all that a run needs, so that the next one begins at once."""
    from quickml import datasets
    from quickml.export import compile
    from quickml.export.coreml import library
    from quickml.report import record
    from quickml.training import stages

    library.coremltools()
    del datasets, compile, record, stages  # to have them in memory is all that was wanted


def failure(error: QuickMLError) -> events.Failed:
    """The event of a run that broke off."""
    problems = tuple(vars(problem) for problem in error.problems) if isinstance(error, DocumentError) else ()
    return events.Failed(error=type(error).__name__, message=str(error), problems=problems)


class _Clock:
    """Seconds per stage, wall-clock."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._began = self._last = time.perf_counter()

    def restart(self) -> None:
        self._last = time.perf_counter()

    def lap(self, stage: str) -> float:
        now = time.perf_counter()
        self.laps[stage] = now - self._last
        self._last = now
        return self.laps[stage]

    def finished(self) -> dict[str, float]:
        return {**self.laps, "total": time.perf_counter() - self._began}
