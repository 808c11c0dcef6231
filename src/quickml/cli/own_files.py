"""Files that a document names, uploaded before the document is submitted."""

from __future__ import annotations

import json
from collections.abc import Callable
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

    Folders of pictures are packed: only pictures are sent, as they are.

    A file that is not on this machine is left to the server, which may have it. So is a document that cannot
    be read: the server says what is wrong with it.

    Raises:
        InputError: a file cannot be read, or is another one than the document says.
        PicturesError: a folder of pictures cannot be learned from.
        ServiceError: the server refuses it, or cannot be reached.
    """
    try:
        parsed = json.loads(document)
    except (ValueError, RecursionError):
        return document
    dataset = parsed.get("dataset") if isinstance(parsed, dict) else None
    if not isinstance(dataset, dict) or not any(isinstance(dataset.get(key), str) for key in FILES):
        return document
    for key, pin in FILES.items():
        name = dataset.get(key)
        if not isinstance(name, str):
            continue
        path = folder / name
        if dataset.get("name") == "pictures" and _is_loose(path):
            dataset[pin] = _packed(path, name, dataset.get(pin), client, progress)
        elif _is_file(path):
            found = client.upload(path, name=path.name, progress=progress).sha256
            _check(path, pin, dataset.get(pin), found)
            dataset[pin] = found
    return json.dumps(parsed, ensure_ascii=False, indent=2).encode(errors="surrogatepass")


def _is_loose(path: Path) -> bool:
    """Whether pictures are in a folder, or in files that a list names: these are packed to be sent."""
    try:
        return path.is_dir() or (path.suffix.lower() in (".csv", ".tsv") and path.is_file())
    except (OSError, ValueError):
        return False


def _packed(
    path: Path, name: str, pin: Any, client: Client, progress: Callable[[UploadProgress], None]
) -> str:
    """Upload pictures as an archive. Returns its SHA-256."""
    from quickml.pictures.packing import packed

    known = pin if isinstance(pin, str) else None
    with packed(path, name, known, PictureProgress().show) as archive:
        called = f"{path.resolve().stem}.zip"
        return client.upload(archive, name=called, progress=progress).sha256


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
