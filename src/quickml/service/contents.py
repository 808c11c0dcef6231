"""What the files of jobs contain: a stored file, or what is put together of pieces of stored files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from quickml.errors import ArtifactDamagedError, ArtifactError, ArtifactNotFoundError
from quickml.files.digest import PART_BYTES, Digest
from quickml.jobs.job import Artifact
from quickml.storage.artifacts.checksums import check, check_parts
from quickml.storage.artifacts.composed import ComposedReader, Composition, FilePiece, between
from quickml.storage.artifacts.store import ArtifactReader, ArtifactStore, Stored


class ArtifactContents:
    """The contents of the files of jobs. Thread-safe. Every method may raise `ArtifactError`."""

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store

    def stat(self, artifact: Artifact) -> Stored:
        """Size and time of a file.

        Raises:
            ArtifactNotFoundError: the stored file is lost.
            ArtifactDamagedError: it has another size; or one that the file is put together of is lost.
        """
        composition = _composition(artifact)
        if composition is None:
            stored = self._store.stat(artifact.sha256)
            _expect(artifact, stored.size_bytes)
            return stored
        with _whole(artifact):
            sources = {sha256: self._store.stat(sha256) for sha256 in composition.sources}
        for piece in composition.pieces:
            if isinstance(piece, FilePiece) and piece.stop > sources[piece.sha256].size_bytes:
                expected = f"at least {piece.stop} bytes"
                found = f"{sources[piece.sha256].size_bytes} bytes"
                raise ArtifactDamagedError(piece.sha256, expected=expected, found=found)
        _expect(artifact, composition.size_bytes)
        stored_at = max(source.stored_at for source in sources.values())
        return Stored(sha256=artifact.sha256, size_bytes=artifact.size_bytes, stored_at=stored_at)

    def open(self, artifact: Artifact, start: int = 0, stop: int | None = None) -> ArtifactReader:
        """Open the bytes of a file from `start` up to, not including, `stop`."""
        if (composition := _composition(artifact)) is None:
            return self._store.open(artifact.sha256, start, stop)
        pieces = between(composition.pieces, start, artifact.size_bytes if stop is None else stop)
        with _whole(artifact):
            return ComposedReader(self._store.open, tuple(pieces))

    def checksums(self, artifact: Artifact) -> Digest:
        """The checksums of a file and of its parts."""
        if (composition := _composition(artifact)) is None:
            return self._store.checksums(artifact.sha256)
        return Digest(
            sha256=artifact.sha256,
            size_bytes=artifact.size_bytes,
            part_size_bytes=PART_BYTES,
            parts=composition.parts,
        )

    def check(self, artifact: Artifact) -> None:
        """Read all that a file needs, and check that it is what was stored.

        Raises:
            ArtifactDamagedError: it is not.
        """
        if (composition := _composition(artifact)) is None:
            check(self._store, artifact.sha256)
            return
        with suppress(ArtifactError):  # said below, with the piece that is to blame
            if self._found(artifact) == artifact.sha256:
                return
        with _whole(artifact):
            for sha256 in composition.sources:
                check(self._store, sha256)  # raises, unless only a copy on this machine was damaged
        if (found := self._found(artifact)) != artifact.sha256:
            raise ArtifactDamagedError(artifact.sha256, found=f"content with sha256 {found}")

    def _found(self, artifact: Artifact) -> str:
        with _whole(artifact), self.open(artifact) as reader:
            return hashlib.file_digest(reader, "sha256").hexdigest()

    def check_parts(self, artifact: Artifact, start: int, stop: int) -> None:
        """Check whole parts of a file, or of what they are put together of; see `checksums.check_parts`."""
        if (composition := _composition(artifact)) is None:
            check_parts(self._store, artifact.sha256, start, stop)
            return
        parts = {
            (piece.sha256, part)
            for piece in between(composition.pieces, start, stop)
            if isinstance(piece, FilePiece)
            for part in range(piece.start // PART_BYTES, -(-piece.stop // PART_BYTES))
        }  # of many small pieces, each part once
        with _whole(artifact):
            for sha256, part in sorted(parts):
                stop = min((part + 1) * PART_BYTES, self._store.stat(sha256).size_bytes)
                check_parts(self._store, sha256, part * PART_BYTES, stop)

    def relative_path(self, artifact: Artifact) -> str | None:
        """See `ArtifactStore.relative_path`; None of a file that is not stored itself."""
        return None if artifact.composition else self._store.relative_path(artifact.sha256)

    def redirect_url(self, artifact: Artifact, expires_s: int) -> str | None:
        """See `ArtifactStore.redirect_url`; None of a file that is not stored itself."""
        if artifact.composition:
            return None
        return self._store.redirect_url(
            artifact.sha256, name=artifact.name, media_type=artifact.media_type, expires_s=expires_s
        )


def _composition(artifact: Artifact) -> Composition | None:
    return None if artifact.composition is None else Composition.from_json(artifact.composition)


def _expect(artifact: Artifact, size_bytes: int) -> None:
    if size_bytes != artifact.size_bytes:
        expected, found = f"{artifact.size_bytes} bytes", f"{size_bytes} bytes"
        raise ArtifactDamagedError(artifact.sha256, expected=expected, found=found)


@contextmanager
def _whole(artifact: Artifact) -> Iterator[None]:
    """A file of which a piece is lost is damaged, not lost."""
    try:
        yield
    except ArtifactNotFoundError as error:
        if artifact.composition is None:
            raise
        raise ArtifactDamagedError(
            artifact.sha256,
            expected=f"the stored files that {artifact.name} is put together of",
            found=f"no file {error.sha256}",
        ) from None
