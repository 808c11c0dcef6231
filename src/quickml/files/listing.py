"""Looking through folders from which others remove things meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from glob import iglob
from pathlib import Path


def matching(folder: Path, pattern: str) -> Iterator[Path]:
    """What lies in a folder, by a pattern as of `Path.glob`.

    Nothing lies in a folder that is removed meanwhile. Before Python 3.13, `Path.glob` raises an error then.
    """
    for name in iglob(pattern, root_dir=folder, include_hidden=True):  # noqa: PTH207
        yield folder / name
