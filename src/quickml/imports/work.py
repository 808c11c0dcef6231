"""What a process that reads files is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quickml.imports.places import PictureFolders


@dataclass(frozen=True, kw_only=True)
class ImportWork:
    """What is asked for of which files."""

    asked: dict[str, Any]
    """`work`: `describe`, `profile` or `rows`; and what that needs."""
    paths: dict[str, Path]
    """The files, by SHA-256."""
    folders: PictureFolders
    progress: Callable[[str, int, int], None]

    @property
    def file(self) -> str:
        """What messages call the file."""
        return str(self.asked["file"])

    @property
    def query(self) -> dict[str, str]:
        """Options of the dataset in the query for a profile."""
        return dict(self.asked.get("options", {}))

    @property
    def only(self) -> tuple[str, Path]:
        """The file, where there is one, with its SHA-256."""
        (item,) = self.paths.items()
        return item
