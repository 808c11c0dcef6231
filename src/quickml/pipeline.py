"""The stages in order: load, build, train, compile, verify, and one folder with everything in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from pathlib import Path

from quickml import events, results
from quickml.errors import QuickMLError, SpecError
from quickml.spec import Plan


def run(
    plan: Plan, folder: Path | None = None, *, stop: Callable[[], bool] = lambda: False
) -> Generator[events.Event, None, Path]:
    """Do all that a plan asks for, telling each step as it happens.

    Args:
        plan: a valid document.
        folder: appears when everything in it is written and verified, and not before; one of the
            plan's name and the time, in `runs/`, where left out.
        stop: polled a few times a second while training; once true, what was learned is kept.

    Yields:
        `started`, `warning`s, `built`, `progress` and `epoch`s, `trained`, `compiled`, `verified`.

    Returns:
        The folder.

    Raises:
        DatasetError, TrainingError, CompileError, VerificationError: and then no folder appears.
    """
    clock = _Clock()
    spec = plan.spec
    asked = folder or results.default_folder(spec.name)
    with results.draft(asked, exact=folder is not None) as draft:
        yield events.Started(
            name=spec.name, dataset=spec.dataset.name, epochs=spec.training.epochs, seed=spec.training.seed
        )
        for notice in plan.notices:
            yield events.Warned(pointer=notice.pointer, message=notice.message)
        from quickml import datasets
        from quickml.coreml import package

        data = datasets.load(spec.dataset)
        clock.lap("load")
        from quickml.training.train import train

        trained = yield from train(plan, data, keras_file=draft.path / "model.keras", stop=stop)
        if not trained.history:
            yield events.Warned(
                pointer="/training", message="stopped before the first step: nothing was learned"
            )
        clock.laps.update(trained.seconds)
        clock.restart()
        files = [package.write(trained, kind, draft.path) for kind in spec.export.formats]
        skipped = {}
        device = package.compile_for_device(files[-1], draft.path)
        if device is None:
            skipped["mlmodelc"] = package.NO_MLMODELC
        rows = tuple(results.described(path) for path in (*files, *([device] if device else ())))
        yield events.Compiled(files=rows, skipped=skipped, seconds=clock.lap("compile"))

        from quickml.coreml.verify import verify
        from quickml.report.record import record, write

        parity = tuple(
            verify(path, trained.probe, spec.dataset.labels, spec.export.weights) for path in files
        )
        clock.lap("verify")
        (draft.path / "spec.json").write_text(
            spec.model_dump_json(indent=2, exclude_none=True) + "\n", encoding="utf-8"
        )
        keras_row = results.described(draft.path / "model.keras")
        summary = record(
            trained, data, parity=parity, files=(*rows, keras_row), skipped=skipped, seconds=clock.finished()
        )
        write(summary, trained, data, draft.path)
        place = draft.publish()
    shown = str(place).encode(errors="replace").decode()  # a path may hold bytes that are no text
    yield events.Verified(parity=parity, folder=shown, files=rows, seconds=clock.laps["verify"])
    return place


def failure(error: QuickMLError) -> events.Failed:
    """The event of a run that broke off."""
    problems = tuple(vars(problem) for problem in error.problems) if isinstance(error, SpecError) else ()
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
