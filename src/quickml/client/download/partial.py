"""A file that grows beside its place, and is found again by the next process."""

from __future__ import annotations

import errno
import io
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from quickml.errors import ResultError
from quickml.files import atomic

PIECE_BYTES = 4 << 20
"""Files are read in pieces of this size, some milliseconds each."""
_FULL = frozenset(getattr(errno, name) for name in ("ENOSPC", "EFBIG", "EDQUOT") if hasattr(errno, name))
_STRONG = re.compile(r'"[!#-~]{1,256}"')
"""An ETag that may be asked with for the rest of a file (RFC 9110, section 13.1.5)."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a file is to hold."""

    name: str
    """What the server calls it: with slashes inside a package."""
    sha256: str
    size_bytes: int


class Part:
    """`.NAME.part`, and `.NAME.part.json`, which says of which content it is the beginning.

    What is written is in the hands of the system at once, so that a killed process loses none of it.
    """

    def __init__(self, place: Path, content: Content) -> None:
        self._place, self._content = place, content
        self._path = place.with_name(f".{place.name}.part")
        self._note = place.with_name(f".{place.name}.part.json")
        self._file: io.FileIO | None = None
        self.size_bytes = 0
        self.etag: str | None = None
        """The server's name for the content, to be asked for the rest of it."""

    def open(self) -> None:
        """Find what an earlier process has left, or begin."""
        with disk(self._place):
            self._leave_other()
            file = io.FileIO(self._path, "r+", opener=_opened)
            self.size_bytes = os.fstat(file.fileno()).st_size
            self._file = file
            if not self._is_known():
                self.restart()

    def _leave_other(self) -> None:
        """Leave a file alone of which this is a second name: its process was killed while it published."""
        with suppress(FileNotFoundError):
            if self._path.lstat().st_nlink > 1:
                self._path.unlink()

    def _is_known(self) -> bool:
        """Whether the part is the beginning of this content, and as long as it was known to be."""
        try:
            note = json.loads(self._note.read_bytes())
            known_bytes = int(note["known_bytes"])
            self.etag = _strong(note["etag"])
            same = (note["sha256"], note["size_bytes"]) == (self._content.sha256, self._content.size_bytes)
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return False
        return same and known_bytes <= self.size_bytes <= self._content.size_bytes

    def restart(self) -> None:
        """Throw away what there is."""
        with disk(self._place):
            self._stream.truncate(0)
            self.size_bytes, self.etag = 0, None
            self._write_note(known_bytes=0)

    def name(self, etag: str | None) -> None:
        """Keep the server's name for the content, if it is one to ask with."""
        if _strong(etag) != self.etag:
            self.etag = _strong(etag)
            with disk(self._place):
                self._write_note(known_bytes=0)

    def write(self, content: bytes, at: int | None = None) -> None:
        """Write at the end, or over what is there.

        Raises:
            ResultError: the disk refuses, or is full; what fitted in is kept.
        """
        with disk(self._place, "what has come is kept, and the same download goes on from there"):
            self._stream.seek(self.size_bytes if at is None else at)
            left = memoryview(content)
            while left:
                count = self._stream.write(left)
                left = left[count:]
                self.size_bytes = max(self.size_bytes, self._stream.tell())

    def pieces(self, piece_bytes: int = PIECE_BYTES) -> Iterator[bytes]:
        """All that is there, from the beginning."""
        for at in range(0, self.size_bytes, piece_bytes):
            with disk(self._place):
                self._stream.seek(at)
                piece = self._read(min(piece_bytes, self.size_bytes - at))
            yield piece

    def _read(self, count: int) -> bytes:
        found = b""
        while len(found) < count and (more := self._stream.read(count - len(found))):
            found += more
        return found

    def keep(self) -> None:
        """Wait until it is on disk, and note how much that is."""
        with disk(self._place):
            os.fsync(self._stream.fileno())
            self._write_note(known_bytes=self.size_bytes)

    def publish(self) -> None:
        """Give it its name, once it is on disk. Nothing is written over.

        Raises:
            ResultError: something has the name, or the disk refuses.
        """
        with disk(self._place):
            self._stream.close()
            try:
                atomic.publish(self._path, self._place, exclusive=True)
            except FileExistsError:
                raise taken(self._place) from None
        self.discard()

    def discard(self) -> None:
        """Leave nothing behind."""
        self._close()
        with disk(self._place):
            for path in (self._path, self._note, self._draft_note):
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Leave it to the next process, if there is anything in it."""
        if self._file is None or self._file.closed:
            return
        if self.size_bytes:
            self._close()
        else:
            self.discard()

    def _close(self) -> None:
        if self._file is not None:
            with suppress(OSError):  # what cannot be written now was told before
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
            "sha256": self._content.sha256,
            "size_bytes": self._content.size_bytes,
            "etag": self.etag,
            "known_bytes": known_bytes,
        }
        with atomic.new_file(self._note, temporary=self._draft_note, durable=False) as stream:
            stream.write(json.dumps(note).encode())


def _strong(etag: object) -> str | None:
    return etag if isinstance(etag, str) and _STRONG.fullmatch(etag) else None


def _opened(path: str, _: int) -> int:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return os.open(path, flags, 0o666)


def taken(place: Path) -> ResultError:
    """Something else is where a download was to be put."""
    return ResultError(f"{place}: expected nothing, or the same file; found another one")


@contextmanager
def disk(place: Path, when_full: str = "") -> Iterator[None]:
    """Errors of the disk as ours."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            hint = f"; {when_full}" if when_full else ""
            raise ResultError(f"{place}: the disk is full ({error.strerror}){hint}") from error
        raise ResultError(f"{place}: the file cannot be written ({error.strerror})") from error
