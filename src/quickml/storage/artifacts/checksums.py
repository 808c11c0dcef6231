"""Making checksums of files and of their parts, and checking stored files against them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

from quickml.errors import ArtifactDamagedError
from quickml.storage.artifacts.store import PART_BYTES, ArtifactStore, Checksums


def hash_file(
    stream: BinaryIO | io.BufferedIOBase, write: Callable[[bytes], object] | None = None
) -> Checksums:
    """Read a stream to its end, one part at a time.

    Args:
        stream: must return as many bytes as asked for, unless it ends.
        write: called with each part.

    Raises:
        OSError: from the stream or from `write`.
    """
    whole, size_bytes, parts = hashlib.sha256(), 0, list[Future[str]]()
    # The whole and the parts are hashed at the same time: hashlib does not hold Python's lock.
    with ThreadPoolExecutor(1, thread_name_prefix="checksums") as thread:
        while part := stream.read(PART_BYTES):
            parts.append(thread.submit(_hash, part))
            whole.update(part)
            size_bytes += len(part)
            if write is not None:
                write(part)
            parts[-1].result()  # at most one part is in memory
    return Checksums(
        sha256=whole.hexdigest(),
        size_bytes=size_bytes,
        part_size_bytes=PART_BYTES,
        parts=tuple(part.result() for part in parts),
    )


def check(store: ArtifactStore, sha256: str) -> None:
    """Read a stored file and check that its content is what was stored.

    Raises:
        ArtifactDamagedError: it is not.
        ArtifactError: it is lost, or cannot be read.
    """
    digest = hashlib.sha256()
    with io.BufferedReader(store.open(sha256), PART_BYTES) as stream:
        while chunk := stream.read(PART_BYTES):
            digest.update(chunk)
    if digest.hexdigest() != sha256:
        raise ArtifactDamagedError(sha256, found=f"content with sha256 {digest.hexdigest()}")


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
            if _hash(stream.read(size_bytes)) != expected:
                check(store, sha256)  # raises, unless it is the checksums that are damaged
                return


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
