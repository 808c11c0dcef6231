"""Packs a folder of recordings into an archive to send it: only its .csv files."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from quickml.recordings.files import files_of, source_of
from quickml.sources.packer import Packer, packing


def packed(path: Path, file: str, pin: str | None, *, are_labels: bool) -> AbstractContextManager[Path]:
    """An archive of the recordings in a folder, as long as the block lasts; nothing else is in it.

    Args:
        path: of the folder.
        file: what messages call it.
        pin: the SHA-256 that the folder has to have.
        are_labels: whether the folders in it are labels.

    Raises:
        DocumentError: it cannot be read, or there are no recordings.
        InputError: see `packing`.
    """

    def write(packer: Packer) -> str:
        with source_of(path, file) as source:
            for name in sorted(files_of(source, are_labels=are_labels).names):
                packer.put(name, path / name)
            return source.sha256(packer.sums)

    return packing(file, pin, "recordings", write)
