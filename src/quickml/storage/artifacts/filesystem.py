"""Files in a folder: `<root>/9f/9f86d081...`, and the checksums of their parts in `<root>/checksums/`."""

from __future__ import annotations

import io
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from quickml.errors import ArtifactDamagedError, ArtifactError, ArtifactNotFoundError
from quickml.files.atomic import new_file, publish
from quickml.files.digest import PART_BYTES, Digest, digest
from quickml.files.durable import sync
from quickml.storage.addresses import artifact_stores, path_of
from quickml.storage.artifacts.file_reader import FileReader
from quickml.storage.artifacts.store import SWEEP_AGE_S, ArtifactReader, ArtifactStore, Stored, checked
from quickml.storage.database.engine import Database

_SHA256 = "[0-9a-f]" * 64
"""Matches the name of a stored file, and not what other programs put beside them."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@artifact_stores.opens("file")
def opened(address: str, database: Database) -> ArtifactStore:  # noqa: ARG001
    """The store at `file:///absolute/path`, which needs no database."""
    return FilesystemArtifactStore(path_of(address, "file://"))


class FilesystemArtifactStore:
    """The `ArtifactStore` in a folder.

    A file is written in `partial/` and renamed when it is complete. Its time of modification is the time when
    it was put last. Files of one part have no file in `checksums/`: the checksum of the part is that of the
    file. Larger files of older releases have none either: their checksums are made when they are first asked
    for, and kept.
    """

    def __init__(self, root: Path, clock: Callable[[], float] = time.time) -> None:
        self._root = root
        self._partial = root / "partial"
        self._clock = clock
        with self._translated(root):
            self._partial.mkdir(parents=True, exist_ok=True)

    @property
    def root(self) -> Path:
        """The folder."""
        return self._root

    def put(self, path: Path) -> Stored:
        """See `ArtifactStore`."""
        draft = self._draft()
        with self._translated(path), path.open("rb") as source, self._translated(self._root):
            self._partial.mkdir(parents=True, exist_ok=True)  # somebody may have removed it
            try:
                with draft.open("xb") as copy:
                    checksums = digest(source, copy_to=copy)
                draft.chmod(0o444)
                self._stamp(draft)
                stored = _stored(checksums.sha256, draft)  # once published, a sweep may move it for a moment
                self._keep(checksums)  # before the file itself: who finds the file finds its checksums
                self._publish(draft, self._path(checksums.sha256))
            finally:
                draft.unlink(missing_ok=True)
        return stored

    def adopt(self, path: Path, checksums: Digest) -> None:
        """Take over a file of the same file system whose checksums were just computed, without copying it."""
        with self._translated(path):
            path.chmod(0o444)
            self._stamp(path)
            self._keep(checksums)
            self._publish(path, self._path(checksums.sha256))

    def _publish(self, draft: Path, path: Path) -> None:
        if not path.parent.exists():
            path.parent.mkdir(exist_ok=True)
            sync(self._root)
        publish(draft, path)  # also over the same content: it then counts as new, and damage is repaired

    def stat(self, sha256: str) -> Stored:
        """See `ArtifactStore`."""
        with self._translated(self._root, sha256):
            return _stored(sha256, self._path(sha256))

    def open(self, sha256: str, start: int = 0, stop: int | None = None) -> ArtifactReader:
        """See `ArtifactStore`."""
        with self._translated(self._root, sha256):
            return FileReader(self._path(sha256), start, stop)

    @contextmanager
    def local_path(self, sha256: str) -> Iterator[Path]:
        """See `ArtifactStore`."""
        self.stat(sha256)
        yield self._path(sha256)

    def redirect_url(self, sha256: str, *, name: str, media_type: str, expires_s: int) -> None:  # noqa: ARG002
        """See `ArtifactStore`."""
        return

    def relative_path(self, sha256: str) -> str:
        """See `ArtifactStore`."""
        return self._path(sha256).relative_to(self._root).as_posix()

    def delete(self, sha256: str, *, is_needed: Callable[[], bool] = lambda: False) -> None:
        """See `ArtifactStore`. It is put aside before the last question: what is put after that stays."""
        path, aside, keeps = self._path(sha256), self._draft(), True
        if is_needed():
            return
        with self._translated(self._root):
            self._partial.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                path.replace(aside)
            try:
                keeps = is_needed()  # since a moment ago: what is aside may be what was just put
            finally:
                if keeps and aside.exists():
                    aside.replace(path)
            if not keeps:
                aside.unlink(missing_ok=True)
                self._checksums_path(sha256).unlink(missing_ok=True)

    def forget_copies(self, sha256: str | None = None) -> None:
        """See `ArtifactStore`. There are none."""

    def usage_bytes(self) -> int:
        """See `ArtifactStore`."""
        total = 0
        with self._translated(self._root):
            for path in self._paths():
                with suppress(FileNotFoundError):
                    total += path.stat().st_size
        return total

    def free_bytes(self) -> int:
        """See `ArtifactStore`."""
        with self._translated(self._root):
            return shutil.disk_usage(self._root).free

    # Checksums

    def checksums(self, sha256: str) -> Digest:
        """See `ArtifactStore`."""
        size_bytes = self.stat(sha256).size_bytes
        if size_bytes <= PART_BYTES:
            parts = (sha256,) if size_bytes else ()
        elif (kept := self._kept(sha256, size_bytes)) is not None:
            return kept
        else:
            return self._made(sha256)
        return Digest(sha256=sha256, size_bytes=size_bytes, part_size_bytes=PART_BYTES, parts=parts)

    def _keep(self, checksums: Digest) -> None:
        """Write them down. They are not synced: what a power cut damages is made again."""
        if checksums.size_bytes <= PART_BYTES:
            return
        path = self._checksums_path(checksums.sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        with new_file(path, temporary=self._draft(), durable=False) as stream:
            stream.write(json.dumps(vars(checksums)).encode())
        self._stamp(path)

    def _kept(self, sha256: str, size_bytes: int) -> Digest | None:
        """Those that were written down; None where there are none, or not for this file."""
        try:
            fields = json.loads(self._checksums_path(sha256).read_text())
            kept = Digest(**{**fields, "parts": tuple(map(checked, fields["parts"]))})
        except (OSError, ValueError, TypeError, KeyError, RecursionError, ArtifactNotFoundError):
            return None
        right = Digest(sha256=sha256, size_bytes=size_bytes, part_size_bytes=PART_BYTES, parts=kept.parts)
        return right if kept == right and len(kept.parts) == -(-size_bytes // PART_BYTES) else None

    def _made(self, sha256: str) -> Digest:
        with self._translated(self._root), io.BufferedReader(self.open(sha256), PART_BYTES) as stream:
            checksums = digest(stream)
            if checksums.sha256 != sha256:
                raise ArtifactDamagedError(sha256, found=f"content with sha256 {checksums.sha256}")
            with suppress(OSError):  # a full or read-only disk: they are made again
                self._keep(checksums)
        return checksums

    # Sweeping

    def sweep(self, keep: set[str], *, age_s: float = SWEEP_AGE_S) -> set[str]:
        """See `ArtifactStore`."""
        before = self._clock() - age_s
        with self._translated(self._root):
            for draft in self._partial.iterdir():
                with suppress(FileNotFoundError, IsADirectoryError, PermissionError):  # not ours
                    if _changed(draft) < before:
                        draft.unlink()
            removed = {
                path.name
                for path in self._paths()
                if path.name not in keep and self._remove_old(path, before)
            }
            for path in self._root.glob(f"checksums/*/{_SHA256}.json"):  # of interrupted sweeps too
                with suppress(FileNotFoundError):  # another sweep was faster
                    if not self._path(path.stem).exists() and _changed(path) < before:
                        path.unlink()
        return removed

    def _remove_old(self, path: Path, before: float) -> bool:
        """Remove a file unless it was put again. Checking first and removing then would miss that."""
        aside = self._draft()
        try:
            if _changed(path) >= before:
                return False
            path.replace(aside)
            if _changed(aside) >= before:
                aside.replace(path)
                return False
            aside.unlink()
        except FileNotFoundError:  # another sweep was faster
            return False
        return True

    def _path(self, sha256: str) -> Path:
        return self._root / checked(sha256)[:2] / sha256

    def _checksums_path(self, sha256: str) -> Path:
        return self._root / "checksums" / checked(sha256)[:2] / f"{sha256}.json"

    def _paths(self) -> Iterator[Path]:
        return self._root.glob(f"[0-9a-f][0-9a-f]/{_SHA256}")

    def _stamp(self, path: Path) -> None:
        os.utime(path, times=(self._clock(), self._clock()))

    def _draft(self) -> Path:
        return self._partial / secrets.token_hex(16)

    @contextmanager
    def _translated(self, path: Path, sha256: str | None = None) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if sha256 is not None:
                raise ArtifactNotFoundError(sha256) from None
            raise ArtifactError(f"{path}: expected a file to store, found none") from error
        except OSError as error:
            raise ArtifactError(f"{path}: the artifact store failed ({error.strerror})") from error


def _changed(path: Path) -> float:
    return path.stat().st_mtime


def _stored(sha256: str, path: Path) -> Stored:
    found = path.stat()
    stored_at = _EPOCH + timedelta(microseconds=found.st_mtime_ns // 1000)
    return Stored(sha256=sha256, size_bytes=found.st_size, stored_at=stored_at)
