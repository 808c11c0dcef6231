"""Packs a folder or a list of pictures into an archive to send it: only pictures, and the list."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from quickml.pictures.layout import layout
from quickml.pictures.sources import ListSource, opened
from quickml.pictures.survey import Progress
from quickml.sources.packer import Packer, packing

LIST = "pictures.csv"
"""What a list is called in an archive."""


def packed(
    path: Path, file: str, pin: str | None, progress: Progress, separator: str | None = None
) -> AbstractContextManager[Path]:
    """An archive of the pictures of a folder or a list, as long as the block lasts; nothing else is in it.

    Args:
        path: of the folder or the list.
        file: what messages call it.
        pin: the SHA-256 that the folder or the list has to have.
        progress: is told what is done.
        separator: see `layout`.

    Raises:
        PicturesError: it cannot be read, or there is nothing that can be learned from.
        InputError: see `packing`.
    """

    def write(packer: Packer) -> str:
        with opened(path, file) as source:
            names = sorted(one.name for one in layout(source, separator).files)
            if isinstance(source, ListSource):
                packer.put(LIST, path.read_bytes())
            for done, name in enumerate(names, 1):
                packer.put(name, source.read(name))
                progress("packed", done, len(names))
            return source.sha256({name: packer.sums[name] for name in names})

    return packing(file, pin, "pictures", write)
