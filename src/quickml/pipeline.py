"""The stages of a run: load, build, train, compile, verify. All files appear in one result folder."""

from __future__ import annotations

import shlex
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from quickml import events, results
from quickml.answers import Flips
from quickml.datasets import REGISTERED, Catalog, Data, Dataset
from quickml.document import Plan
from quickml.errors import DocumentError, QuickMLError, ResultError, RoomError
from quickml.film import FrameSink
from quickml.model import TrainedModel
from quickml.training.checkpoint_policy import CheckpointPolicy
from quickml.training.device import device_for, use_gpu
from quickml.training.kept import KeptTraining, keep, load
from quickml.training.preload import library_loading

__all__ = ["KeptTraining", "check_room", "failure", "read_kept", "run", "use_gpu", "warm"]


def run(
    plan: Plan,
    folder: Path | None = None,
    *,
    stop: Callable[[], bool] = lambda: False,
    checkpoints: CheckpointPolicy | None = None,
    catalog: Catalog = REGISTERED,
    kept: KeptTraining | None = None,
    keep_in: Sequence[Path] = (),
    frames: FrameSink | None = None,
) -> Generator[events.Event, None, Path]:
    """Train the model of a plan, export it and verify the exported files; yield an event for each step.

    Args:
        plan: a valid document.
        folder: the result folder, which appears when everything in it is written and verified. Default: a
            folder in `runs/`, named after the document and the time.
        stop: polled several times a second, from the end of the first training steps on; once true, training
            ends and the run continues with the model trained so far.
        checkpoints: where checkpoints are written, and where training resumes from. Closing the generator
            during training writes one.
        catalog: loads the dataset that the document names.
        kept: a finished training of this plan, which is exported instead of training again.
        keep_in: folders for the trained model, should its result be impossible to write; the first one with
            room gets a file for `kept`. A note on the error says where it is.
        frames: receives the frames of the film while it is recorded. Its errors end the run.

    Yields:
        `started`, `warning`s, `built`, `progress`, `batches`, `snapshot`s and `epoch`s, `trained`,
        `compressed`s, `compiled`, `verified`.

    Returns:
        The result folder.

    Raises:
        RoomError: the disk of the result is full.
        DatasetError, TrainingError, CompileError, VerificationError: no folder appears.
    """
    clock = _Clock()
    asked = folder or results.default_folder(plan.document.name)
    disk_errors = partial(_disk_errors, plan, asked)
    with _keeping(asked.name, keep_in) as finished, results.draft(asked, exact=folder is not None) as draft:
        yield from _announce(plan)
        with _scratch(draft.path) as scratch:
            data = _load(plan, catalog, trains=kept is None)
            clock.lap("load")
            trained, save = yield from _train(
                plan, data, stop=stop, checkpoints=checkpoints, kept=kept, frames=frames
            )
            finished.append(trained)
            clock.laps.update(trained.seconds)
            clock.restart()
            with disk_errors():
                save(draft.path / results.KERAS.name)
                clock.lap("evaluate")
                exported = yield from _export(trained, data, draft.path, scratch, clock)
        with disk_errors():
            _report(trained, data, exported, draft.path, clock)
            published = draft.publish()
    yield events.Verified(
        parity=exported.parity,
        folder=str(published).encode(errors="replace").decode(),  # a path may hold bytes that are not text
        files=exported.files,
        seconds=clock.laps["verify"],
    )
    return published


def _announce(plan: Plan) -> Iterator[events.Event]:
    document = plan.document
    yield events.Started(
        name=document.name,
        dataset=document.dataset.name,
        epochs=document.training.epochs,
        seed=document.training.seed,
    )
    for notice in plan.notices:
        yield events.Warned(pointer=notice.pointer, message=notice.message)
    dataset = document.dataset
    if isinstance(dataset, Dataset) and not dataset.is_local():
        message = f"{dataset.name} is not on this machine yet; it is downloaded now, once"
        yield events.Warned(pointer="/dataset", message=message)


def _load(plan: Plan, catalog: Catalog, *, trains: bool) -> Data:
    from quickml.datasets.check import check as check_data
    from quickml.export.compile import check

    check(plan)
    if trains and plan.document.training.accelerator == "gpu":
        device_for("gpu")  # fails before data is loaded, which may take long
    data = catalog.load(plan.document.dataset)
    check_data(plan.info, data)  # the plan may be older than the dataset
    return data


def _train(
    plan: Plan,
    data: Data,
    *,
    stop: Callable[[], bool],
    checkpoints: CheckpointPolicy | None,
    kept: KeptTraining | None,
    frames: FrameSink | None,
) -> Generator[events.Event, None, tuple[TrainedModel, Callable[[Path], None]]]:
    from quickml.training.train import train

    return (yield from train(plan, data, stop=stop, checkpoints=checkpoints, kept=kept, frames=frames))


@contextmanager
def _keeping(name: str, places: Sequence[Path]) -> Iterator[list[TrainedModel]]:
    """Keep the trained model in this list if its result cannot be written, and say where in a note."""
    finished: list[TrainedModel] = []
    try:
        yield finished
    except (OSError, RoomError, ResultError) as error:
        if finished and places:
            path = keep(finished[0], name, places)
            error.add_note(
                f"the trained model is kept; export it with: quickml export {shlex.quote(str(path))}"
                if path
                else f"the trained model could not be kept in {', '.join(map(str, places))} either"
            )
        raise


def _disk_errors(plan: Plan, folder: Path) -> AbstractContextManager[None]:
    from quickml.export.compile import room_bytes

    return results.disk_errors(folder, room_bytes(plan))


def check_room(plan: Plan, folder: Path | None) -> None:
    """Check before training that there is room for the result.

    Raises:
        RoomError: there is not.
    """
    with library_loading():
        from quickml.export.compile import room_bytes

    results.check_room(folder or results.default_folder(plan.document.name), room_bytes(plan))


def read_kept(path: Path) -> KeptTraining:
    """Read the trained model that a run kept.

    Raises:
        CheckpointError: the file cannot be read, or is something else.
    """
    return load(path)


@dataclass(frozen=True, kw_only=True)
class _Exported:
    """The exported files, and how they compare with the trained model."""

    files: tuple[events.FileRow, ...]
    skipped: Mapping[str, str]
    compression: tuple[events.Compressed, ...]
    flips: tuple[Flips, ...]
    variants: tuple[tuple[str, events.FileRow], ...]
    """The form of the weights, and the file."""
    parity: tuple[events.Parity, ...]


def _export(
    trained: TrainedModel, data: Data, folder: Path, scratch: Path, clock: _Clock
) -> Generator[events.Event, None, _Exported]:
    """Write the files that the document asks for, then verify them."""
    from quickml.export import compile as compiling
    from quickml.export.compilation import Compilation

    run = Compilation(
        trained=trained,
        data=data,
        keras_file=folder / results.KERAS.name,
        folder=folder,
        variants=folder / results.VARIANTS,
        scratch=scratch,
    )
    outputs, skipped = (yield from compiling.write(run)), compiling.skipped(trained.plan)
    files = tuple(
        results.described(path, kind=output.format.kind, media_type=output.format.media_type)
        for output in outputs
        for path in output.paths
    )
    yield events.Compiled(files=files, skipped=skipped, seconds=clock.lap("compile"))
    parity = compiling.verify(outputs, run)
    clock.lap("verify")
    chosen = run.core_ml.values()
    return _Exported(
        files=files,
        skipped=skipped,
        compression=tuple(row for candidate in chosen for row in candidate.tried),
        flips=tuple(row for candidate in chosen for row in candidate.flips),
        variants=tuple(
            (form, results.described(path, kind="variant"))
            for candidate in chosen
            for form, path in candidate.variants.items()
            if path.parent == run.variants  # those of a format that is not delivered are not kept
        ),
        parity=parity,
    )


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A folder for temporary files, which libraries use too: no other disk needs room for them."""
    with tempfile.TemporaryDirectory(prefix=".scratch-", dir=folder) as scratch:
        before, tempfile.tempdir = tempfile.tempdir, scratch
        try:
            yield Path(scratch)
        finally:
            tempfile.tempdir = before


def _report(trained: TrainedModel, data: Data, exported: _Exported, folder: Path, clock: _Clock) -> None:
    """`spec.json`, `answers.bin`, `film.bin`, `report.json` and `report.html`."""
    from quickml.answers.write import to_bytes
    from quickml.report.record import record, write

    info = trained.plan.info
    answers = to_bytes(
        data.y_test,
        trained.predictions,
        info.labels,
        exported.flips,
        targets=info.target_names,
        task=info.task,
    )
    (folder / results.ANSWERS.name).write_bytes(answers)
    others = [results.KERAS, results.ANSWERS]
    if trained.film:
        (folder / results.FILM.name).write_bytes(trained.film)
        others.append(results.FILM)
    text = trained.plan.document.model_dump_json(indent=2, exclude_none=True)
    (folder / results.DOCUMENT.name).write_text(text + "\n", encoding="utf-8")
    summary = record(
        trained,
        data,
        parity=exported.parity,
        compression=exported.compression,
        flips=exported.flips,
        variants=exported.variants,
        files=(*exported.files, *(_row(folder, one) for one in others)),
        skipped=exported.skipped,
        seconds=clock.finished(),
    )
    write(summary, trained, data, folder)


def _row(folder: Path, file: results.ResultFile) -> events.FileRow:
    return results.described(folder / file.name, kind=file.kind, media_type=file.media_type)


def warm() -> None:
    """Import everything that a run needs, so that the next run starts without delay."""
    with library_loading():
        from quickml.datasets import check
        from quickml.export import compile
        from quickml.export.coreml import library
        from quickml.report import record

        library.coremltools()
    from quickml.training import stages

    del check, compile, record, stages  # imported only for the side effect


def failure(error: QuickMLError) -> events.Failed:
    """The event for a run that failed with this error."""
    problems = tuple(vars(problem) for problem in error.problems) if isinstance(error, DocumentError) else ()
    message = "\n".join([str(error), *getattr(error, "__notes__", ())])
    return events.Failed(error=type(error).__name__, message=message, problems=problems)


class _Clock:
    """Wall-clock seconds per stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._began = self._last = time.perf_counter()

    def restart(self) -> None:
        self._last = time.perf_counter()

    def lap(self, stage: str) -> float:
        now = time.perf_counter()
        seconds, self._last = now - self._last, now
        self.laps[stage] = self.laps.get(stage, 0.0) + seconds
        return seconds

    def finished(self) -> dict[str, float]:
        return {**self.laps, "total": time.perf_counter() - self._began}
