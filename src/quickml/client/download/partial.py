"""A partial file beside its final path, from which the next process can resume."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from quickml.client.download.disk import PIECE_BYTES, ExpectedFile, disk_errors, name_taken
from quickml.files import atomic

_STRONG_ETAG = re.compile(r'"[!#-~]{1,256}"')
"""An ETag that `If-Range` may carry (RFC 9110, section 13.1.5)."""


class PartialFile:
    """`.NAME.part`, and a note `.NAME.part.json` about which file it is the beginning of.

    Writes are unbuffered: what was written survives when the process is killed.
    """

    def __init__(self, path: Path, expected: ExpectedFile) -> None:
        self._target, self._expected = path, expected
        self._path = path.with_name(f".{path.name}.part")
        self._note = path.with_name(f".{path.name}.part.json")
        self._file: io.FileIO | None = None
        self.size_bytes = 0
        self.etag: str | None = None
        """The server's ETag of the file, for `If-Range`."""

    @property
    def is_whole(self) -> bool:
        """Whether it has the size of the file."""
        return self.size_bytes == self._expected.size_bytes

    @property
    def missing_bytes(self) -> int:
        """How many bytes are missing at its end."""
        return self._expected.size_bytes - self.size_bytes

    def open(self) -> None:
        """Open what an earlier process has left, or a new file."""
        with disk_errors(self._target):
            self._unlink_other()
            file = io.FileIO(self._path, "r+", opener=_open)
            self.size_bytes = os.fstat(file.fileno()).st_size
            self._file = file
            if not self._matches_note():
                self.restart()

    def _unlink_other(self) -> None:
        """Remove a second name of a published file, left by a process that was killed while it published."""
        with suppress(FileNotFoundError):
            if self._path.lstat().st_nlink > 1:
                self._path.unlink()

    def _matches_note(self) -> bool:
        """Whether this is the beginning of the expected file, and no shorter than when it was last synced."""
        expected = self._expected
        try:
            note = json.loads(self._note.read_bytes())
            known_bytes = int(note["known_bytes"])
            self.etag = _strong(note["etag"])
            same = (note["sha256"], note["size_bytes"]) == (expected.sha256, expected.size_bytes)
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return False
        return same and known_bytes <= self.size_bytes <= expected.size_bytes

    def restart(self) -> None:
        """Discard the content."""
        with disk_errors(self._target):
            self._stream.truncate(0)
            self.size_bytes, self.etag = 0, None
            self._write_note(known_bytes=0)

    def set_etag(self, etag: str | None) -> None:
        """Remember the server's ETag, if it is a strong one."""
        if _strong(etag) != self.etag:
            self.etag = _strong(etag)
            with disk_errors(self._target):
                self._write_note(known_bytes=0)

    def write(self, content: bytes, at: int | None = None) -> None:
        """Append, or overwrite what is `at` a position.

        Raises:
            ResultError: the disk refuses, or is full; what fitted is kept.
        """
        with disk_errors(self._target, "what was received is kept, and the same download resumes from there"):
            self._stream.seek(self.size_bytes if at is None else at)
            rest = memoryview(content)
            while rest:
                count = self._stream.write(rest)
                rest = rest[count:]
                self.size_bytes = max(self.size_bytes, self._stream.tell())

    def pieces(self, piece_bytes: int = PIECE_BYTES) -> Iterator[bytes]:
        """The content from its beginning."""
        with disk_errors(self._target), open(self._stream.fileno(), "rb", closefd=False) as stream:
            stream.seek(0)
            while piece := stream.read(piece_bytes):
                yield piece

    def sync(self) -> None:
        """Flush the content to disk, and note its size."""
        with disk_errors(self._target):
            os.fsync(self._stream.fileno())
            self._write_note(known_bytes=self.size_bytes)

    def publish(self) -> None:
        """Flush the content to disk and give it its name. Nothing is overwritten.

        Raises:
            ResultError: the name is taken, or the disk refuses.
        """
        with disk_errors(self._target):
            self._stream.close()
            try:
                atomic.publish(self._path, self._target, exclusive=True)
            except FileExistsError:
                raise name_taken(self._target) from None
        self.discard()

    def discard(self) -> None:
        """Remove the file and its note."""
        self._close()
        with disk_errors(self._target):
            for path in (self._path, self._note, self._draft_note):
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; leave it to the next process unless it is empty."""
        if self._file is None or self._file.closed:
            return
        if self.size_bytes:
            self._close()
        else:
            self.discard()

    def _close(self) -> None:
        if self._file is not None:
            with suppress(OSError):  # a failed write has been reported before
                self._file.close()

    @property
    def _stream(self) -> io.FileIO:
        assert self._file is not None, "opened before"
        return self._file

    @property
    def _draft_note(self) -> Path:
        return self._note.with_name(f"{self._note.name}.new")

    def _write_note(self, *, known_bytes: int) -> None:
        note = {
            "sha256": self._expected.sha256,
            "size_bytes": self._expected.size_bytes,
            "etag": self.etag,
            "known_bytes": known_bytes,
        }
        with atomic.new_file(self._note, temporary=self._draft_note, durable=False) as stream:
            stream.write(json.dumps(note).encode())


def _strong(etag: object) -> str | None:
    return etag if isinstance(etag, str) and _STRONG_ETAG.fullmatch(etag) else None


def _open(path: str, _: int) -> int:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return os.open(path, flags, 0o666)
