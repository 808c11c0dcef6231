"""A result folder as artifacts: every file as it is, every package as a zip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from quickml.artifacts.store import ArtifactStore
from quickml.coreml.archive import zipped
from quickml.jobs.job import Artifact

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


def deliver(folder: Path, job_id: str, store: ArtifactStore) -> list[Artifact]:
    """Store all that a result folder holds; each is whole and on disk when this returns.

    Raises:
        ArtifactError: the store refuses.
    """
    return [_stored(path, job_id, store) for path in list(_files(folder))]


def _files(folder: Path) -> Iterator[Path]:
    """Packages have their zip beside them; what only macOS makes gets one here."""
    for path in sorted(folder.iterdir()):
        if path.is_file():
            yield path
        elif not path.with_name(f"{path.name}.zip").exists():
            yield zipped(path)


def _stored(path: Path, job_id: str, store: ArtifactStore) -> Artifact:
    kind, media_type = KINDS.get(path.name, (path.suffix.lstrip("."), "application/octet-stream"))
    sha256, size_bytes = store.put(path)
    return Artifact(
        job_id=job_id, name=path.name, kind=kind, size_bytes=size_bytes, sha256=sha256, media_type=media_type
    )
