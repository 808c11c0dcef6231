"""How long the last runs in `runs/` took, from their reports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from quickml.estimate import Measured, PastByDevice, TrainingWork

MOST = 20
MAX_BYTES = 2 << 20
"""A larger report is not read: a document must be checked at once."""
CUT_SHORT = ("asked", "max_seconds")


def past_runs(folder: Path = Path("runs")) -> PastByDevice:
    """The newest runs whose reports say how much work they were; unreadable ones are left out."""
    found = [one for path in _newest(folder) if (one := _measured(path)) is not None]
    return PastByDevice(found[:MOST])


def _newest(folder: Path) -> list[Path]:
    dated: list[tuple[float, Path]] = []
    with suppress(OSError):
        for path in folder.iterdir():
            with suppress(OSError):
                about = (path / "report.json").stat()
                if about.st_size <= MAX_BYTES:
                    dated.append((about.st_mtime, path / "report.json"))
    return [path for _, path in sorted(dated, reverse=True)][: 2 * MOST]


def _measured(path: Path) -> tuple[str, Measured] | None:
    try:
        report = json.loads(path.read_bytes())
        if report["training"]["stopped"] in CUT_SHORT:
            return None
        accelerator = str(report["training"].get("accelerator", "cpu"))
        work, seconds = TrainingWork.from_json(report["work"]), list(_seconds(report["seconds"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if work is None or len(seconds) != 2:
        return None
    return accelerator, Measured(work=work, training_s=seconds[0], other_s=max(0.0, seconds[1] - seconds[0]))


def _seconds(laps: dict[str, Any]) -> Iterator[float]:
    for name in ("train", "total"):
        if 0 <= (value := float(laps[name])) < 1e9:
            yield value
