"""A result folder as artifacts: every file as it is, every package as a zip and as the files in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from quickml.errors import CoreMLFileError
from quickml.export.coreml.archive import contents, zipped
from quickml.jobs.job import MEMBER, Artifact
from quickml.storage.artifacts.store import ArtifactStore

KINDS = {
    "model.mlmodel": ("mlmodel", "application/octet-stream"),
    "model.mlpackage.zip": ("mlpackage", "application/zip"),
    "model.mlmodelc.zip": ("mlmodelc", "application/zip"),
    "model.aimodel.zip": ("aimodel", "application/zip"),
    "model.updatable.mlmodel": ("updatable", "application/octet-stream"),
    "model.onnx": ("onnx", "application/octet-stream"),
    "model.keras": ("keras", "application/octet-stream"),
    "report.html": ("report", "text/html; charset=utf-8"),
    "report.json": ("report", "application/json"),
    "spec.json": ("spec", "application/json"),
}
"""What a file is, and as what it is sent. Anything else is named by its ending."""
BYTES = "application/octet-stream"
MEMBER_TYPES = {".json": "application/json", ".mil": "text/plain; charset=utf-8"}
"""As what a file in a package is sent, by its ending; all others as bytes."""


def upload(folder: Path, job_id: str, store: ArtifactStore) -> list[Artifact]:
    """Store all that a result folder holds; each is whole and on disk when this returns.

    Raises:
        ArtifactError: the store refuses.
        CoreMLFileError: a package holds something that is no file for everybody, such as a link.
    """
    named = [*((path.name, path) for path in list(_files(folder))), *_members(folder)]
    return [_stored(name, path, job_id, store) for name, path in named]


def _files(folder: Path) -> Iterator[Path]:
    """Packages have their zip beside them; what only macOS makes gets one here."""
    for path in sorted(folder.iterdir()):
        if path.is_file():
            yield path
        elif not path.with_name(f"{path.name}.zip").exists():
            yield zipped(path)


def _members(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files of all packages, each with its name: `model.mlpackage/Manifest.json`."""
    for package in sorted(folder.iterdir()):
        if package.is_dir():
            for path in contents(package):
                if not path.is_dir():
                    yield _name(path.relative_to(folder)), path


def _name(path: Path) -> str:
    """A name that becomes an address, and a path on somebody's phone or disk, of whatever system."""
    name = path.as_posix()
    if not name.isprintable() or set(name) & set('\\:*?"<>|'):
        raise CoreMLFileError(f"{path.parts[0]}: expected plain names of files, found {name!r:.200}")
    return name


def _stored(name: str, path: Path, job_id: str, store: ArtifactStore) -> Artifact:
    kind, media_type = _kind(name, path.suffix)
    stored = store.put(path)
    return Artifact(
        job_id=job_id,
        name=name,
        kind=kind,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        media_type=media_type,
    )


def _kind(name: str, ending: str) -> tuple[str, str]:
    if "/" in name:
        return MEMBER, MEMBER_TYPES.get(ending, BYTES)
    return KINDS.get(name, (ending.lstrip("."), BYTES))
