"""SHA-256 of files, and of streams while they are copied, as a whole and in parts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PART_BYTES = 1 << 20
"""Size of a part: small enough to fetch again when it is damaged."""


@dataclass(frozen=True, kw_only=True)
class Digest:
    """Checksums of some content, as lowercase hexadecimal SHA-256."""

    sha256: str
    """Of the whole."""
    size_bytes: int
    part_size_bytes: int
    """Of every part but the last, which holds the rest."""
    parts: tuple[str, ...]
    """Of each part in order; empty for empty content."""


def digest(source: BinaryIO, *, copy_to: BinaryIO | None = None, part_bytes: int = PART_BYTES) -> Digest:
    """Read a stream to its end, one part in memory at a time; with `copy_to`, write it there too.

    Parts are hashed in a thread beside the whole, since hashing takes longer than reading and writing.

    Raises:
        OSError: the disk refuses.
    """
    whole, size_bytes, parts = hashlib.sha256(), 0, []
    with ThreadPoolExecutor(1, thread_name_prefix="digest") as thread:
        while part := source.read(part_bytes):
            hashing = thread.submit(_hash, part) if len(part) == part_bytes else None
            whole.update(part)
            size_bytes += len(part)
            if copy_to is not None:
                copy_to.write(part)
            parts.append(hashing.result() if hashing else _hash(part))  # small files start no thread
    return Digest(
        sha256=whole.hexdigest(), size_bytes=size_bytes, part_size_bytes=part_bytes, parts=tuple(parts)
    )


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, as lowercase hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sum_of(sums: Mapping[str, str]) -> str:
    """SHA-256 of lines such as `sha256sum` writes, sorted by name."""
    whole = hashlib.sha256()
    for name in sorted(sums):
        shown, mark = name, ""
        if any(
            sign in name for sign in "\\\n\r"
        ):  # as `sha256sum` does, so that no name looks like two lines
            shown = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
            mark = "\\"
        whole.update(f"{mark}{sums[name]}  {shown}\n".encode(errors="surrogateescape"))
    return whole.hexdigest()
