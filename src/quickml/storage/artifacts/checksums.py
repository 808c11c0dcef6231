"""Checking stored files against their checksums."""

from __future__ import annotations

import hashlib
import io

from quickml.errors import ArtifactDamagedError
from quickml.storage.artifacts.store import ArtifactStore


def check(store: ArtifactStore, sha256: str) -> None:
    """Read a stored file and check that its content is what was stored.

    Raises:
        ArtifactDamagedError: it is not.
        ArtifactError: it is lost, or cannot be read.
    """
    if _found(store, sha256) == sha256:
        return
    store.forget_copies(sha256)
    if (found := _found(store, sha256)) != sha256:
        raise ArtifactDamagedError(sha256, found=f"content with sha256 {found}")


def _found(store: ArtifactStore, sha256: str) -> str:
    with store.open(sha256) as reader:
        return hashlib.file_digest(reader, "sha256").hexdigest()


def check_parts(store: ArtifactStore, sha256: str, start: int, stop: int) -> None:
    """Check the parts that make up the bytes from `start` to `stop`, which must begin and end with a part.

    Raises:
        ArtifactDamagedError: one is not what was stored.
        ArtifactError: it is lost, or cannot be read.
    """
    checksums = store.checksums(sha256)
    size_bytes = checksums.part_size_bytes
    with io.BufferedReader(store.open(sha256, start, stop), size_bytes) as stream:
        for expected in checksums.parts[start // size_bytes : -(-stop // size_bytes)]:
            if hashlib.sha256(stream.read(size_bytes)).hexdigest() != expected:
                check(store, sha256)  # raises, unless it is the checksums that are damaged
                return
