"""What is in recordings: sensors, classes and rate; and a document that learns from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from quickml.api.profiles import RecordingsClass, RecordingsProfile, TableColumn
from quickml.datasets.files import RecordingsReference
from quickml.errors import DocumentError, Notice, Problem
from quickml.recordings.aim import are_classes
from quickml.recordings.collect import Recorded, collect
from quickml.recordings.columns import is_session, is_time
from quickml.recordings.files import is_folder, single
from quickml.recordings.prepare import PreparedRecordings, prepared
from quickml.recordings.problems import option
from quickml.recordings.propose import document
from quickml.tables.cells import Cells
from quickml.tables.profile import of_numbers
from quickml.tables.propose import likeliest
from quickml.tables.types import is_numeric, typed

_TARGETS = ("activity", "gesture", "movement", "motion", "event", "state", "status", "phase", "condition",
            "aktivitaet", "aktivität", "bewegung", "zustand", "actividad", "estado")  # fmt: skip
"""Names that a column with classes of recordings often has, besides those of tables."""


def profile(
    path: Path, file: str, target: str | None = None, options: Mapping[str, Any] | None = None
) -> RecordingsProfile:
    """Read recordings, and propose a document for them.

    Args:
        path: of the file, the folder or the archive.
        file: what the document calls it.
        target: the column to predict; the likeliest one, or the names of the folders, if left out.
        options: others of the dataset, as a document has them, such as `steps` and `columns`.

    Raises:
        DocumentError: the files cannot be read.
    """
    given: dict[str, Any] = {"target": target, **(options or {})}
    told: tuple[Notice, ...] = ()
    if not is_folder(path) and given["target"] is None:
        given["target"] = _target(path, file, given)
    if given["target"] is not None and given.get("ahead") is None and not is_folder(path):
        cells = _cells(path, file, given)
        if cells is not None and is_numeric(cells) and not are_classes(cells):
            given["ahead"] = 1
            message = "the target is a number, which is predicted one step ahead; write how many you need"
            told = (Notice(pointer="/dataset/ahead", message=message),)
    reference = RecordingsReference(file=file, **given)
    recorded = collect(path, reference)
    try:
        found: PreparedRecordings | None = prepared(recorded, reference)
        problems: tuple[Problem, ...] = ()
    except DocumentError as error:
        found, problems = None, error.problems
    return _profile(recorded, found, told, problems)


def _profile(
    recorded: Recorded,
    found: PreparedRecordings | None,
    told: tuple[Notice, ...],
    problems: tuple[Problem, ...],
) -> RecordingsProfile:
    return RecordingsProfile(
        file=recorded.file,
        sha256=recorded.sha256,
        rows=recorded.rows,
        recordings=len(recorded.sessions),
        target=recorded.roles.target if found else None,
        task=found.info.task if found else None,
        rate=found.info.rate if found else "",
        steps=found.window.steps if found else None,
        stride=found.window.stride if found else None,
        sensors=tuple(_sensors(recorded)),
        classes=_classes(found) if found else (),
        windows=sum(found.info.sizes) if found else 0,
        notices=(*told, *found.notices) if found else told,
        problems=problems,
        document=document(found) if found else None,
    )


def _classes(found: PreparedRecordings) -> tuple[RecordingsClass, ...]:
    return tuple(RecordingsClass(label=label, windows=count) for label, count in found.windows)


def _sensors(recorded: Recorded) -> Iterator[TableColumn]:
    for name, values in recorded.numbers.items():
        missing = int(np.isnan(values).sum())
        content = of_numbers(values) if missing < len(values) else {}
        yield TableColumn(name=name, type="number", missing=missing, **content)
    for name, reason in recorded.left_out.items():
        yield TableColumn(name=name, type="ignore", reason=reason, missing=0)


def _target(path: Path, file: str, given: Mapping[str, Any]) -> str:
    """The column of a single file that somebody may want to predict.

    Raises:
        DocumentError: there is none with classes.
    """
    table = single(path, RecordingsReference(file=file, **given)).table
    types = {
        name: typed(cells, name, table.dialect)
        for name, cells in table.columns.items()
        if not is_session(name) and not is_time(name)
    }
    named = [name for name in types if name.casefold() in _TARGETS]
    classes = [
        name
        for name in [*named, *likeliest(types)]
        if types[name].type == "category"
        or (is_numeric(table.columns[name]) and are_classes(table.columns[name]))
    ]
    if not classes:
        listed = ", ".join(map(repr, table.names[:12]))
        found = f"no column of classes among {listed}"
        raise DocumentError([option("target", "a column to predict", found, hint="name it with --target")])
    return classes[0]


def _cells(path: Path, file: str, given: Mapping[str, Any]) -> Cells | None:
    table = single(path, RecordingsReference(file=file, **given)).table
    return table.columns.get(str(given["target"]))
