"""A stored file in parts, each with a sha256, for whoever has it damaged and wants to know where."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from quickml.errors import ArtifactError
from quickml.storage.artifacts.store import ArtifactStore

PART_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A file, part by part."""

    sha256: str
    """Of the whole."""
    size_bytes: int
    part_size_bytes: int
    """Of every part but the last, which is what is left."""
    parts: tuple[str, ...]
    """The sha256 of each; none of an empty file."""


def parts_of(store: ArtifactStore, sha256: str) -> Parts:
    """Read a file, one part at a time.

    Raises:
        ArtifactNotFoundError: there is none of this content.
        ArtifactError: it cannot be read, or has another content by now.
    """
    whole, size_bytes, parts = hashlib.sha256(), 0, []
    try:
        with store.open(sha256) as stream:
            while part := stream.read(PART_BYTES):
                whole.update(part)
                size_bytes += len(part)
                parts.append(hashlib.sha256(part).hexdigest())
    except OSError as error:
        raise ArtifactError(f"{sha256}: the stored file cannot be read ({error.strerror})") from error
    if whole.hexdigest() != sha256:
        raise ArtifactError(f"{sha256}: expected a stored file of this content, found {whole.hexdigest()}")
    return Parts(sha256=sha256, size_bytes=size_bytes, part_size_bytes=PART_BYTES, parts=tuple(parts))
