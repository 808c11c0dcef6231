"""Files that a document names, uploaded before the document is submitted."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from quickml.cli.display.pictures import PictureProgress
from quickml.client import Client, UploadProgress
from quickml.errors import InputError

FILES = {
    "file": "sha256",
    "test_file": "test_sha256",
    "validation_file": "validation_sha256",
    "targets_file": "targets_sha256",
}
"""Keys of a dataset that name files, and those that say what is in them."""


def with_uploaded_files(
    document: bytes, folder: Path, client: Client, progress: Callable[[UploadProgress], None]
) -> bytes:
    """Upload the files of a document that the server does not have, and pin them in the document.

    Folders are packed: only what is learned from is sent, as it is. Labels that lie beside an IDX file are
    uploaded and named in the document.

    A file that is not on this machine is left to the server, which may have it. So is a document that cannot
    be read: the server says what is wrong with it.

    Raises:
        InputError: a file cannot be read, or is another one than the document says.
        DocumentError, SourceError: a folder cannot be learned from.
        ServiceError: the server refuses it, or cannot be reached.
    """
    try:
        parsed = json.loads(document)
    except (ValueError, RecursionError):
        return document
    dataset = parsed.get("dataset") if isinstance(parsed, dict) else None
    if not isinstance(dataset, dict) or not any(isinstance(dataset.get(key), str) for key in FILES):
        return document
    _name_labels(dataset, folder)
    for key, pin in FILES.items():
        name = dataset.get(key)
        if not isinstance(name, str):
            continue
        path = folder / name
        if (archive := _archive(path, name, dataset, pin)) is not None:
            with archive as packed:
                called = f"{path.resolve().stem}.zip"
                dataset[pin] = client.upload(packed, name=called, progress=progress).sha256
        elif _is_file(path):
            found = client.upload(path, name=path.name, progress=progress).sha256
            _check(path, pin, dataset.get(pin), found)
            dataset[pin] = found
    return json.dumps(parsed, ensure_ascii=False, indent=2).encode(errors="surrogatepass")


def _is_loose(path: Path) -> bool:
    """Whether pictures are in a folder, or in files that a list names: these are packed to be sent."""
    return _is_folder(path) or (path.suffix.lower() in (".csv", ".tsv") and _is_file(path))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _archive(path: Path, name: str, dataset: dict[str, Any], pin: str) -> AbstractContextManager[Path] | None:
    """An archive of what is sent packed: the files of a folder, or of a list. None for others."""
    known = dataset.get(pin)
    known = known if isinstance(known, str) else None
    kind = dataset.get("name")
    if kind == "pictures" and _is_loose(path):
        from quickml.pictures.packing import packed

        separator = dataset.get("separator")
        separator = separator if isinstance(separator, str) and separator else None
        return packed(path, name, known, PictureProgress().show, separator)
    if kind == "recordings" and _is_folder(path):
        from quickml.recordings import packing as of_recordings

        return of_recordings.packed(path, name, known, are_labels=dataset.get("target") is None)
    if kind == "arrays" and _is_folder(path):
        from quickml.arrays import packing as of_arrays

        return of_arrays.packed(path, name, known)
    return None


def _name_labels(dataset: dict[str, Any], folder: Path) -> None:
    """Write into a document which labels belong to an IDX file: a server looks at nothing beside it."""
    name = dataset.get("file")
    if (
        dataset.get("name") != "arrays"
        or dataset.get("targets_file") is not None
        or not isinstance(name, str)
    ):
        return
    if _is_file(folder / name):
        from quickml.arrays.sources import labels_beside

        with suppress(OSError):  # reading it says why
            if (labels := labels_beside(folder / name, name)) is not None:
                dataset["targets_file"] = labels


def _check(path: Path, pin: str, known: Any, found: str) -> None:
    if isinstance(known, str) and known.lower() != found:
        raise InputError(
            f"/dataset/{pin}: expected {known:.80}, found {found} in {path}: the file is another than the"
            " document was written for"
        )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
