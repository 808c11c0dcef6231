"""Packs a folder of IDX files into an archive to send it: only those that are learned from."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from quickml.arrays.sources import idx_files
from quickml.files.digest import sum_of
from quickml.sources.packer import Packer, packing


def packed(path: Path, file: str, pin: str | None) -> AbstractContextManager[Path]:
    """An archive of the IDX files of a folder, as long as the block lasts; nothing else is in it.

    Args:
        path: of the folder.
        file: what messages call it.
        pin: the SHA-256 that the folder has to have.

    Raises:
        ArraysError: there are none.
        InputError: see `packing`.
    """

    def write(packer: Packer) -> str:
        for name in sorted(idx_files(path, file).values()):
            packer.put(name, path / name)
        return sum_of(packer.sums)

    return packing(file, pin, "arrays", write)
