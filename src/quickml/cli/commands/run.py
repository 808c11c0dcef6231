"""`quickml run` and `quickml export`."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from quickml import pipeline
from quickml.cli.display.display import display_on
from quickml.cli.document_file import files_beside, read_plan
from quickml.cli.interrupts import Interrupts
from quickml.datasets import Catalog
from quickml.document import Plan, understand
from quickml.errors import QuickMLError


def run_spec(path: Path, *, out: Path | None, epochs: int | None, seed: int | None, as_json: bool) -> None:
    """Run a document and show its events.

    Raises:
        QuickMLError: the run failed.
    """
    files = files_beside(path)
    _show(
        lambda: (_overridden(read_plan(path, files), files, epochs, seed), None), files, out, as_json=as_json
    )


def export_kept(path: Path, *, out: Path | None, as_json: bool) -> None:
    """Export a trained model that an earlier run kept, and show the events.

    Raises:
        CheckpointError: the file is something else.
        QuickMLError: the export failed.
    """

    def read() -> tuple[Plan, pipeline.KeptTraining]:
        kept = pipeline.read_kept(path)
        return kept.plan, kept

    _show(read, files_beside(path), out, as_json=as_json)


def _show(
    read: Callable[[], tuple[Plan, pipeline.KeptTraining | None]],
    files: Catalog,
    out: Path | None,
    *,
    as_json: bool,
) -> None:
    with _own_stdout() as stream:
        display = display_on(stream, as_json=as_json, waiting="loading TensorFlow and the data …")
        try:
            plan, kept = read()
            pipeline.check_room(plan, out)
            if plan.document.training.accelerator == "cpu":  # TensorFlow, loaded later, would take its memory
                os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
            with (
                Interrupts() as interrupts,
                display,
                closing(
                    pipeline.run(
                        plan, out, stop=interrupts.asked, catalog=files, kept=kept, keep_in=_places(out)
                    )
                ) as reported,
            ):
                for event in reported:
                    interrupts.check()
                    display.show(event)
        except QuickMLError as error:
            if as_json:
                display.show(pipeline.failure(error))
            raise


def _places(out: Path | None) -> list[Path]:
    """Where a trained model is kept if its result cannot be written: beside it, or else on another disk."""
    folders = [(out or Path("runs", "result")).parent, Path(), Path("~")]
    places = [folder.expanduser() for folder in folders]
    with suppress(OSError):  # no folder for temporary files has room
        places.append(Path(tempfile.gettempdir()))
    return list(dict.fromkeys(places))


def _overridden(plan: Plan, files: Catalog, epochs: int | None, seed: int | None) -> Plan:
    changes = {key: value for key, value in (("epochs", epochs), ("seed", seed)) if value is not None}
    if not changes:
        return plan
    document = plan.document.model_dump(mode="json", exclude_none=True)
    document["training"].update(changes)
    return replace(understand(document, files), notices=plan.notices)


@contextmanager
def _own_stdout() -> Iterator[TextIO]:
    """A handle of standard output for us alone; everything else that is printed goes to standard error.

    TensorFlow and coremltools write to file descriptor 1 directly, and one such line would break `--json`.
    """
    sys.stdout.flush()
    own = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace", buffering=1)
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        yield own
    finally:
        sys.stdout.flush()
        os.dup2(saved, 1)
        os.close(saved)
        with suppress(BrokenPipeError):
            own.close()
