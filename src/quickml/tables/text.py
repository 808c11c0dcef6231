"""The text of a file: which encoding it is in, and its lines, with the SHA-256 of its bytes."""

from __future__ import annotations

import codecs
import hashlib
import io
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from quickml.errors import TableError
from quickml.tables.arrow.extra import INSTALL, is_installed

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_BYTES = 512 << 20
"""Size of the largest file without pyarrow."""
MAX_LARGE_BYTES = 2 << 30
"""Size of the largest file with pyarrow."""
SAMPLE_BYTES = 1 << 18
"""Bytes at the beginning of a file that delimiter, header and decimal sign are found in."""
BLOCK_BYTES = 1 << 20

Encoding = Literal["utf-8", "utf-16", "cp1252"]
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_NOT_OF_WINDOWS = frozenset(b"\x81\x8d\x8f\x90\x9d")
"""Bytes that cp1252 does not have."""
_FOREIGN = _NOT_OF_WINDOWS | frozenset(b"\xfe\xff")
"""The same, and two that hardly any text in it contains, but damaged files do."""
_ASCII = bytes(range(128))
_AS_WINDOWS = 'save the file as UTF-8, or write "encoding": "cp1252" if Windows wrote it'


@dataclass(frozen=True, kw_only=True)
class TextFile:
    """An open file whose encoding is known."""

    stream: BinaryIO
    name: str
    """What messages call it."""
    codec: str
    """The codec of Python for what follows the byte order mark."""
    mark_bytes: int
    """Length of the byte order mark."""
    sample: str
    """The beginning of the text. What cannot be decoded is replaced."""
    is_whole: bool
    """Whether the sample is all of the text."""
    is_certain: bool = True
    """Whether more than the sample was looked at to find the encoding."""

    @property
    def encoding(self) -> Encoding:
        """The encoding, as a document names it."""
        if self.codec == "cp1252":
            return "cp1252"
        return "utf-8" if self.codec == "utf-8" else "utf-16"

    def certain(self) -> TextFile:
        """The same with the encoding that all of the file has."""
        return self if self.is_certain else replace(self, codec=_guessed(self.stream), is_certain=True)

    def lines(self) -> tuple[Iterator[str], Any]:
        """The lines, which all end with a line feed whatever the file has, and the running digest."""
        digest = hashlib.sha256()
        self.stream.seek(0)
        digest.update(self.stream.read(self.mark_bytes))
        text = io.TextIOWrapper(
            io.BufferedReader(_Hashed(self.stream, digest), BLOCK_BYTES), self.codec, newline=None
        )
        text._CHUNK_SIZE = BLOCK_BYTES  # type: ignore[attr-defined]  # decoding 8 KiB at a time takes longer
        return text, digest


class _Hashed(io.RawIOBase):
    """A stream that hashes what is read from it. Closing it leaves the stream open."""

    def __init__(self, stream: BinaryIO, digest: Any) -> None:
        self._stream, self._digest = stream, digest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        count: int = self._stream.readinto(buffer)  # type: ignore[attr-defined]
        self._digest.update(memoryview(buffer)[:count])
        return count


def opened(path: Path, name: str) -> io.FileIO:
    """Open a regular file of at most `MAX_BYTES`, or `MAX_LARGE_BYTES` with pyarrow.

    Raises:
        TableError: there is no such file, it cannot be read, or it is too large or empty.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for its writer
            raise TableError(name, "a file", "a folder" if path.is_dir() else "something else")
        stream = path.open("rb", buffering=0)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise TableError(name, "a CSV file to read", f"none ({reason})") from None
    except ValueError:
        raise TableError(name, "the path of a CSV file", "a character that no path contains") from None
    most, hint = MAX_BYTES, f"{INSTALL}, or take fewer rows or columns"
    if is_installed():
        most, hint = MAX_LARGE_BYTES, "take fewer rows or columns"
    try:
        refuse_large(stream, name, most, hint)
    except TableError:
        stream.close()
        raise
    return stream


def refuse_large(stream: BinaryIO, name: str, most_bytes: int, hint: str) -> None:
    """Refuse an empty file, or one that is larger.

    Raises:
        TableError: it is.
    """
    size_bytes = os.fstat(stream.fileno()).st_size
    if not size_bytes:
        raise TableError(name, "a table with a header and rows", "an empty file")
    if size_bytes > most_bytes:
        expected, found = f"at most {most_bytes >> 20:,} MiB", f"{size_bytes >> 20:,} MiB"
        raise TableError(name, expected, found, hint)


def source(stream: BinaryIO, name: str, encoding: Encoding | None, *, is_hasty: bool = False) -> TextFile:
    """Find out the encoding of a file, or take the one that is given.

    Args:
        stream: the file.
        name: what messages call it.
        encoding: if known.
        is_hasty: whether UTF-8 is believed that the beginning of a file is in.

    Raises:
        TableError: the encoding cannot be told.
    """
    stream.seek(0)
    start = stream.read(4)
    if start in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
        raise TableError(name, "text in UTF-8", "UTF-32", "save the file as UTF-8", line=1)
    _refuse_binary(name, start)
    for mark, codec in _MARKS.items():
        if start.startswith(mark):
            if encoding is not None and not codec.startswith(encoding):
                hint = f'write "encoding": "{codec[:6].rstrip("-")}", or leave it out'
                raise TableError(name, f"text in {encoding}", f"a byte order mark of {codec}", hint, line=1)
            return _source(stream, name, codec, len(mark))
    if encoding is None and is_hasty and _begins_as_utf8(stream):
        return replace(_source(stream, name, "utf-8"), is_certain=False)
    return _source(stream, name, "utf-16-le" if encoding == "utf-16" else encoding or _guessed(stream))


def _begins_as_utf8(stream: BinaryIO) -> bool:
    stream.seek(0)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(stream.read(SAMPLE_BYTES))
    except UnicodeDecodeError:
        return False
    return True


def _source(stream: BinaryIO, name: str, codec: str, mark_bytes: int = 0) -> TextFile:
    stream.seek(mark_bytes)
    content = stream.read(SAMPLE_BYTES)
    is_whole = len(content) < SAMPLE_BYTES
    sample = codecs.getincrementaldecoder(codec)("replace").decode(content, is_whole)
    return TextFile(
        stream=stream, name=name, codec=codec, mark_bytes=mark_bytes, sample=sample, is_whole=is_whole
    )


_BINARY = {
    b"\xd0\xcf\x11\xe0": (
        "an Excel workbook that is old or has a password",
        "save it as .xlsx, or the sheet as CSV",
    ),
    b"\x1f\x8b": ("a file compressed with gzip", "unpack it"),
    b"%PDF": ("a PDF file", "save the table as CSV"),
    b"[{": ("a JSON file of one list", "write each object of it in a line of its own"),
    b"<!DO": ("a web page", "save the table as CSV"),
    b"<htm": ("a web page", "save the table as CSV"),
    b"<?xm": ("an XML file", "save the table as CSV"),
    b"\x89PNG": ("a picture", "name a folder that has a folder of pictures for each class"),
    b"\xff\xd8\xff": ("a picture", "name a folder that has a folder of pictures for each class"),
}


def _refuse_binary(name: str, start: bytes) -> None:
    for sign, (what, hint) in _BINARY.items():
        if start.startswith(sign):
            raise TableError(name, "a CSV file", what, hint)


def _guessed(stream: BinaryIO) -> str:
    """UTF-8 if all of the file is; cp1252 if its other bytes are letters and signs that Windows writes."""
    decoder, is_utf8, has_letters = codecs.getincrementaldecoder("utf-8")(), True, False
    stream.seek(0)
    while is_utf8 and (block := stream.read(BLOCK_BYTES)):
        try:
            has_letters = not decoder.decode(block).isascii() or has_letters
        except UnicodeDecodeError as error:
            is_utf8 = False
            has_letters = has_letters or not error.object[: error.start].isascii()
    with suppress(UnicodeDecodeError):
        decoder.decode(b"", final=True)
        if is_utf8:
            return "utf-8"
    others = _others(stream)
    is_cut = is_utf8 and others == {0xC3}  # the first half of a letter at the end
    if has_letters or is_cut or not _FOREIGN.isdisjoint(others):
        return "utf-8"  # and the line that is not
    return "cp1252"


def _others(stream: BinaryIO) -> set[int]:
    """The different bytes of a file that are not of ASCII."""
    found = set[int]()
    stream.seek(0)
    while block := stream.read(BLOCK_BYTES):
        found.update(block.translate(None, _ASCII))
    return found


def undecodable(found: TextFile, delimiter: str = ",") -> TableError:
    """The error for a file that is not in its encoding: where the first wrong byte is."""
    decoder = codecs.getincrementaldecoder(found.codec)()
    found.stream.seek(found.mark_bytes)
    line, rest, wrong = 1, "", b""
    is_last = False
    while not is_last:
        block = found.stream.read(BLOCK_BYTES)
        is_last = not block
        try:
            text = decoder.decode(block, is_last)
        except UnicodeDecodeError as error:
            text, wrong = error.object[: error.start].decode(found.codec), error.object[error.start :][:1]
            is_last = True
        text, rest = rest + text, ""
        if text.endswith("\r") and not is_last:  # the other half of the line end may follow
            text, rest = text[:-1], "\r"
        parts = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        line, rest = line + len(parts) - 1, parts[-1] + rest
    byte = f"the byte 0x{wrong.hex()}" if wrong else "its end in the middle of a character"
    may_be_windows = found.encoding == "utf-8" and _NOT_OF_WINDOWS.isdisjoint(_others(found.stream))
    hint = _AS_WINDOWS if may_be_windows else "save the file as UTF-8"
    expected = f"text in {found.encoding.upper() if found.codec != 'cp1252' else 'cp1252'}"
    return TableError(found.name, expected, byte, hint, line=line, column=rest.count(delimiter) + 1)
