"""Read zip archives of strangers: everything is checked first, nothing is ever unpacked to a disk.

Format: PKWARE's APPNOTE.TXT 6.3.10. Python's `zipfile` reads more than is safe here: it believes declared
sizes, reads entries that overlap, and keeps a directory of any length in memory.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NoReturn

from quickml.errors import PicturesError, SourceError

MAX_ENTRIES = 250_000
MAX_UNPACKED_BYTES = 20 << 30
MAX_RATIO = 200
"""Unpacked bytes for each byte in the archive. Zeros reach 1,028."""
FREE_BYTES = 1 << 20
"""Small entries may have any ratio: a white picture has a high one."""
MAX_DIRECTORY_BYTES = 256 << 20
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_CHUNK_BYTES = 1 << 20
_ZIP64, _UTF8, _ENCRYPTED = 1, 1 << 11, 1 | 1 << 6
_ARCHIVES = re.compile(r"\.(zip|tar|tgz|tbz2|txz|gz|bz2|xz|zst|7z|rar|tm|jar)$", re.IGNORECASE)
_DRIVE = re.compile(r"^[A-Za-z]:")
MANY = ("pictures", "recordings")
"""What people put into archives as many files, of which they can leave some out."""
_AGAIN = "pack the folder again"


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveEntry:
    """A file in an archive."""

    name: str
    method: int
    crc: int
    packed_bytes: int
    size_bytes: int
    offset: int
    """Of its local header."""
    raw_name: bytes
    end: int
    """Where the next entry, or the directory, begins."""


class ZipArchive:
    """A zip archive whose directory was checked. Reading is safe from several threads."""

    def __init__(
        self, path: Path, file: str, *, holds: str = "pictures", error: type[SourceError] = PicturesError
    ) -> None:
        """Open and check an archive.

        Args:
            path: of the archive.
            file: what messages call it.
            holds: what it should have; archives in the archive are refused if that is in `MANY`.
            error: is raised.

        Raises:
            SourceError: it cannot be read, or is not harmless.
        """
        self.file, self._lock, self._holds, self._error = file, threading.Lock(), holds, error
        try:
            self.stream = path.open("rb")
            """Of the archive."""
        except OSError as caught:
            reason = (caught.strerror or "an error").lower()
            raise error(file, "a zip file to read", reason) from None
        try:
            self.folders: set[str] = set()
            """Those that have an entry of their own."""
            self.entries = {entry.name: entry for entry in self._checked()}
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self.stream.close()

    def read(self, name: str, most_bytes: int) -> bytes:
        """The content of a file; not more than the directory says is ever unpacked.

        Raises:
            SourceError: it is longer than `most_bytes`, or not what the directory says.
        """
        size_bytes = self.entries[name].size_bytes
        if size_bytes > most_bytes:
            self._refuse(name, f"at most {most_bytes >> 20} MiB", f"{size_bytes >> 20:,} MiB")
        return b"".join(self.chunks(name))

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content of a file in parts of at most 1 MiB. Only the end tells whether it is intact.

        Raises:
            SourceError: it is not what the directory says.
        """
        entry, refuse = self.entries[name], partial(self._refuse, name)
        at, crc, left = self.start(name), 0, entry.size_bytes
        unpacker = None if entry.method == 0 else zlib.decompressobj(-15)
        end = at + entry.packed_bytes
        while left >= 0 and not (unpacker.eof if unpacker else at == end):
            packed = unpacker.unconsumed_tail if unpacker and unpacker.unconsumed_tail else b""
            if not packed:
                packed = self._at(at, min(_CHUNK_BYTES, end - at))
                at += len(packed)
            try:
                part = unpacker.decompress(packed, _CHUNK_BYTES) if unpacker else packed
            except zlib.error:
                refuse("an intact file", "damaged data")
            if not packed and not part:
                refuse("an intact file", "one that ends early")
            crc, left = zlib.crc32(part, crc), left - len(part)
            if left >= 0:
                yield part
        if left:
            refuse(f"{entry.size_bytes:,} bytes, as the archive's directory says", "another number")
        if crc != entry.crc:
            refuse("an intact file", "one whose checksum is another")

    def start(self, name: str) -> int:
        """Where in the archive the data of a file begins.

        Raises:
            SourceError: the file is not where the directory says.
        """
        entry, refuse = self.entries[name], partial(self._refuse, name)
        head = self._at(entry.offset, _LOCAL.size)
        if len(head) < _LOCAL.size or not head.startswith(b"PK\3\4"):
            refuse("the entry where the archive's directory says", "something else")
        *_, name_length, extra_length = _LOCAL.unpack(head)
        start: int = entry.offset + _LOCAL.size
        if self._at(start, name_length) != entry.raw_name:
            refuse("the name that the archive's directory has", "another one")
        start += name_length + extra_length
        if start + entry.packed_bytes > entry.end:
            refuse("entries one after the other", "one that overlaps the next", _AGAIN)
        return start

    def _at(self, offset: int, length: int) -> bytes:
        with self._lock:
            self.stream.seek(offset)
            return self.stream.read(length)

    def _refuse(self, name: str | None, expected: str, found: str, hint: str = "") -> NoReturn:
        raise self._error(self.file, expected, found, hint, entry=name)

    def _checked(self) -> Iterator[ArchiveEntry]:
        """All files in the order of the archive, after everything about them was checked."""
        directory, start = self._directory()
        entries, total = list(self._listed(directory)), 0
        ordered = sorted(entries, key=lambda entry: entry.offset)
        ends = [entry.offset for entry in ordered[1:]] + [start]
        names: set[str] = set()
        for entry, end in zip(ordered, ends[: len(ordered)], strict=True):
            refuse = partial(self._refuse, entry.name)
            if entry.offset + _LOCAL.size + len(entry.raw_name) + entry.packed_bytes > end:
                refuse("entries one after the other", "one that overlaps the next", _AGAIN)
            if entry.name in names:
                refuse("a name once", "an entry of the same name before", _AGAIN)
            names.add(entry.name)
            total += entry.size_bytes
            if total > MAX_UNPACKED_BYTES:
                refuse(f"at most {MAX_UNPACKED_BYTES >> 30} GiB in all", "more")
            if entry.size_bytes > max(FREE_BYTES, MAX_RATIO * entry.packed_bytes):
                found = f"{entry.size_bytes:,} from {entry.packed_bytes:,}"
                hint = "leave it out" if self._holds in MANY else "save it without compression"
                refuse(f"at most {MAX_RATIO} bytes from each byte of the archive", found, hint)
            if entry.name.endswith("/"):
                self.folders.add(entry.name.rstrip("/"))
            else:
                yield replace(entry, end=end)
        self._check_folders(names)

    def _check_folders(self, names: set[str]) -> None:
        files = {name for name in names if not name.endswith("/")}
        for name in names:
            parts = name.rstrip("/").split("/")
            for depth in range(1, len(parts) + name.endswith("/")):
                if "/".join(parts[:depth]) in files:
                    self._refuse(name, "a file or a folder of a name", "both")

    def _directory(self) -> tuple[bytes, int]:
        """The central directory, and where it begins."""
        size = os.fstat(self.stream.fileno()).st_size
        tail = self._at(max(0, size - _END.size - 0xFFFF), _END.size + 0xFFFF)
        at = tail.rfind(b"PK\5\6")
        if at < 0 or len(tail) - at < _END.size:
            self._refuse(None, "a zip file", "none, or one that ends early", "copy or download it again")
        _, disk, first, here, count, length, start, _ = _END.unpack_from(tail, at)
        end = size - len(tail) + at
        locator = self._at(end - _LOCATOR.size, _LOCATOR.size) if end >= _LOCATOR.size else b""
        if locator.startswith(b"PK\6\7"):
            end = _LOCATOR.unpack(locator)[2]
            record = self._at(end, _END64.size)
            if len(record) < _END64.size or not record.startswith(b"PK\6\6"):
                self._refuse(None, "a zip file", "one whose end is damaged")
            *_, disk, first, here, count, length, start = _END64.unpack(record)
        if disk or first or here != count:
            self._refuse(None, "a zip file in one part", "one of several parts")
        if count > MAX_ENTRIES:
            self._refuse(None, f"at most {MAX_ENTRIES:,} entries", f"{count:,}")
        if length > MAX_DIRECTORY_BYTES or start + length != end:
            self._refuse(None, "a zip file", "one whose directory is not where its end says")
        directory = self._at(start, length)
        self._count = count
        return directory, start

    def _listed(self, directory: bytes) -> Iterator[ArchiveEntry]:
        at = found = 0
        while at < len(directory):
            found += 1
            if (
                found > self._count
                or len(directory) - at < _ENTRY.size
                or directory[at : at + 4] != b"PK\1\2"
            ):
                break
            values = _ENTRY.unpack_from(directory, at)
            start = at + _ENTRY.size
            middle = start + values[10]
            raw, extra = directory[start:middle], directory[middle : middle + values[11]]
            at = middle + values[11] + values[12]
            yield self._entry(values, raw, extra)
        if found != self._count or at != len(directory):
            self._refuse(None, f"{self._count:,} entries, as its end says", "another number")

    def _entry(self, values: tuple[int, ...], raw: bytes, extra: bytes) -> ArchiveEntry:
        _, made, _, flags, method, _, _, crc, packed, size, *_ = values
        offset = values[-1]
        name = _decoded(raw, is_utf8=bool(flags & _UTF8)).replace("\\", "/")
        refuse = partial(self._refuse, name)
        parts = name.rstrip("/").split("/")
        if not raw or name.startswith("/") or _DRIVE.match(name) or "\0" in name:
            found = "an absolute path" if raw and "\0" not in name else "no name"
            refuse("a path within the archive", found, _AGAIN)
        if any(part in ("", ".", "..") for part in parts):
            refuse("a path within the archive", "one that leaves it, or has an empty part", _AGAIN)
        if flags & _ENCRYPTED:
            refuse("a file without a password", "an encrypted one", "pack it without")
        mode = values[-2] >> 16 if made >> 8 == 3 else 0  # 3: made on Unix
        if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            found = "a link" if stat.S_ISLNK(mode) else "a special file"
            refuse("files and folders", found, "leave it out, or pack the file itself")
        if self._holds in MANY and _ARCHIVES.search(name):
            refuse(self._holds, "an archive in the archive", "unpack it, and pack all in one")
        if method not in (0, 8):
            refuse("stored or deflated files", f"the compression method {method}", "pack it as a plain zip")
        size, packed, offset = _wide(extra, [size, packed, offset]) or refuse(
            "an intact directory", "one without the sizes of a large file"
        )
        return ArchiveEntry(
            name=name, method=method, crc=crc, packed_bytes=packed, size_bytes=size, offset=offset,
            raw_name=raw, end=0,
        )  # fmt: skip


def _decoded(raw: bytes, *, is_utf8: bool) -> str:
    """A name. macOS and many others write UTF-8 without saying so."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode(errors="replace") if is_utf8 else raw.decode("cp437")


def _wide(extra: bytes, values: list[int]) -> list[int] | None:
    """Numbers of which those that do not fit in 32 bits are in the field of zip64; None if one is missing."""
    wide: list[int] = []
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == _ZIP64:
            wide = list(struct.unpack_from(f"<{min(length, len(extra) - 4) // 8}Q", extra, 4))
        extra = extra[4 + length :]
    needed = [value == 0xFFFFFFFF for value in values]
    if sum(needed) > len(wide):
        return None
    rest = iter(wide)
    return [next(rest) if need else value for need, value in zip(needed, values, strict=True)]
