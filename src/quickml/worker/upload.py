"""Storing a result folder as artifacts: its files, those in its packages, and files composed of others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from quickml import results
from quickml.errors import CoreMLFileError
from quickml.events import FileRow
from quickml.export.coreml.archive import contents
from quickml.files.digest import digest
from quickml.jobs.job import MEMBER, VARIANT, Artifact
from quickml.storage.artifacts.composed import Composition
from quickml.storage.artifacts.store import ArtifactStore
from quickml.worker.composing import Composer

BYTES, ZIP = "application/octet-stream", "application/zip"
MEMBER_TYPES = {".json": "application/json", ".mil": "text/plain; charset=utf-8"}
"""Media types of files inside a package, by their suffix; all others are sent as bytes."""
PARALLEL = 8
"""Number of files that are stored concurrently: most of the time is spent waiting for the storage."""


def upload(folder: Path, files: Iterable[FileRow], job_id: str, store: ArtifactStore) -> list[Artifact]:
    """Store a result folder: every file, and the files inside every package; all are on disk on return.

    What can be put together of other files is not stored itself; see `composing`.
    Variants are stored under their own names, without the name of their folder.

    Args:
        folder: the result.
        files: what was compiled, as the event `verified` lists it.
        job_id: the job that the artifacts belong to.
        store: where they go.

    Raises:
        ArtifactError: the store refuses.
        CoreMLFileError: a package holds something that is no portable file, such as a link.
    """
    rows: list[FileRow | results.ResultFile] = [*files, *results.ALWAYS]
    whole = [
        _File(path=folder / row.name, name=row.name, kind=row.kind, media_type=row.media_type)
        for row in sorted(rows, key=lambda row: row.name)
        if (folder / row.name).is_file()
    ]
    variants = folder / results.VARIANTS
    if variants.is_dir():
        whole += [
            _File(path=path, name=path.name, kind=VARIANT, media_type=ZIP if path.suffix == ".zip" else BYTES)
            for path in sorted(variants.iterdir())
            if path.is_file()
        ]
    inside = [
        _File(path=path, name=name, kind=MEMBER, media_type=MEMBER_TYPES.get(path.suffix, BYTES))
        for name, path in [*_members(folder), *_members(variants)]
    ]
    storing: dict[Path, Future[Artifact]] = {}

    def artifact(path: Path) -> Artifact | None:
        return storing[path].result() if path in storing else None

    composer = Composer(artifact)
    with ThreadPoolExecutor(PARALLEL, thread_name_prefix="upload") as pool:
        for file in sorted([*whole, *inside], key=lambda file: (file.media_type == ZIP, file.kind == MEMBER)):
            storing[file.path] = pool.submit(_stored, file, composer, job_id, store)  # after all it waits for
        return [storing[file.path].result() for file in [*whole, *inside]]


@dataclass(frozen=True, kw_only=True)
class _File:
    path: Path
    name: str
    kind: str
    media_type: str


def _members(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files of all packages, each with its name: `model.mlpackage/Manifest.json`."""
    for package in sorted(folder.iterdir()) if folder.is_dir() else ():
        if package.is_dir() and package.name != results.VARIANTS:
            for path in contents(package):
                if not path.is_dir():
                    yield _name(path.relative_to(folder)), path


def _name(path: Path) -> str:
    """Check a name that becomes a URL, and a path on disks of any operating system."""
    name = path.as_posix()
    if not name.isprintable() or set(name) & set('\\:*?"<>|'):
        raise CoreMLFileError(f"{path.parts[0]}: expected plain names of files, found {name!r:.200}")
    return name


def _stored(file: _File, composer: Composer, job_id: str, store: ArtifactStore) -> Artifact:
    composition = None
    if (pieces := composer.pieces(file.path)) is None:
        stored = store.put(file.path)
        size_bytes, sha256 = stored.size_bytes, stored.sha256
    else:
        with file.path.open("rb") as stream:
            checksums = digest(stream)
        size_bytes, sha256 = checksums.size_bytes, checksums.sha256
        composition = Composition(pieces=tuple(pieces), parts=checksums.parts).to_json()
    return Artifact(
        job_id=job_id,
        name=file.name,
        kind=file.kind,
        size_bytes=size_bytes,
        sha256=sha256,
        media_type=file.media_type,
        composition=composition,
    )
