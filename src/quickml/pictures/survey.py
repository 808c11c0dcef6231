"""Look at all picture files before any is decoded: their digests, formats and sizes."""

from __future__ import annotations

import hashlib
import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from typing import TypeVar

from quickml.errors import PictureError, PicturesError
from quickml.pictures.layout import PictureFile
from quickml.pictures.sources import PictureSource
from quickml.pixels import Header, header

MAX_PIXELS = 64_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
EXPECTED = "JPEG, PNG, WebP or BMP"
SMALL = 128
"""Longest side of pictures that are used in their own size, if all have the same."""
DEFAULT_SIZE = (96, 96)
LARGE_BYTES = 64 << 20
SMALL_BYTES = 200_000
"""Files of this size take as long to be read as to be summed up."""
_AT_ONCE = 8
"""Pictures that a thread takes at once: taking one may last as long as looking at it."""

Progress = Callable[[str, int, int], None]
"""Is told what is done, how many pictures are done, and of how many."""
T = TypeVar("T")
R = TypeVar("R")

_HEIC = 'set the iPhone\'s camera to "Most Compatible"'
_CONVERT = "convert it"
_KINDS: tuple[tuple[int, tuple[bytes, ...], str, str], ...] = (
    (4, (b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypmif1", b"ftypmsf1"), "HEIC", _HEIC),
    (4, (b"ftypavif", b"ftypavis"), "AVIF", _CONVERT),
    (0, (b"GIF8",), "GIF", _CONVERT),
    (0, (b"II*\0", b"MM\0*"), "TIFF", _CONVERT),
    (0, (b"%PDF",), "PDF", _CONVERT),
    (0, (b"PK\3\4",), "a zip archive", ""),
)


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What is known of all files of a source."""

    sha256: str
    """Of the source."""
    sums: dict[str, str]
    """SHA-256 of each file, by its name."""
    headers: tuple[Header | None, ...]
    """Of each file; None for one that is no picture."""
    faults: dict[int, PicturesError]
    """What is wrong with files, by their place."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width that fit: that of all pictures if it is small and the same, or the default."""
        sizes = {(one.height, one.width) for one in self.headers if one}
        is_small = len(sizes) == 1 and all(8 <= side <= SMALL for side in next(iter(sizes)))
        return sizes.pop() if is_small else DEFAULT_SIZE

    @property
    def channels(self) -> int:
        """1 if all pictures are grey, otherwise 3."""
        return 1 if all(one.is_grey for one in self.headers if one) else 3

    @property
    def large(self) -> frozenset[str]:
        """Names of pictures that take much memory while they are decoded."""
        headers = zip(self.sums, self.headers, strict=True)
        return frozenset(name for name, one in headers if one and one.decoded_bytes > LARGE_BYTES)

    @property
    def formats(self) -> dict[str, int]:
        """Pictures of each format, the commonest first."""
        return dict(Counter(one.format for one in self.headers if one).most_common())


def survey(source: PictureSource, files: Sequence[PictureFile], progress: Progress) -> Survey:
    """Read all files.

    Raises:
        PicturesError: the source itself cannot be read.
    """

    read: list[int] = []

    def look(file: PictureFile) -> tuple[str, Header | PicturesError]:
        content = b""
        try:
            content = source.read(file.name)
            read.append(len(content))
            return hashlib.sha256(content).hexdigest(), checked(content, source.file, file.name)
        except PicturesError as error:
            return hashlib.sha256(content).hexdigest(), error

    start = [look(file) for file in files[:_AT_ONCE]]
    size_bytes = sum(read) / max(len(read), 1)
    # Threads that take Python's lock all the time are slower than one.
    rest = in_order(look, files[_AT_ONCE:], 1 if size_bytes < SMALL_BYTES else None)
    sums: dict[str, str] = {}
    headers: list[Header | None] = []
    faults: dict[int, PicturesError] = {}
    for place, (file, (sum_, found)) in enumerate(zip(files, chain(start, rest), strict=True)):
        sums[file.name] = sum_
        headers.append(found if isinstance(found, Header) else None)
        if isinstance(found, PicturesError):
            faults[place] = found
        progress("looked at", place + 1, len(files))
    return Survey(sha256=source.sha256(sums), sums=sums, headers=tuple(headers), faults=faults)


def checked(content: bytes, file: str, name: str) -> Header:
    """The header of a picture.

    Raises:
        PicturesError: the file is not a picture, has another format, or is too large.
    """
    try:
        return header(content, name, formats=FORMATS, max_pixels=MAX_PIXELS)
    except PictureError as error:
        found, hint = _found(content)
        if found is None:
            expected = EXPECTED if error.expected.startswith("a picture (") else error.expected
            raise PicturesError(file, expected, error.found, entry=name) from None
        raise PicturesError(file, EXPECTED, found, hint, entry=name) from None


def _found(content: bytes) -> tuple[str | None, str]:
    """What a file is that is no picture; None for a damaged picture; and what to do."""
    if not content:
        return "an empty file", "remove it, or copy it again"
    for at, starts, kind, hint in _KINDS:
        if content[at:].startswith(starts):
            return kind, hint
    start = content[:512].lstrip(b"\xef\xbb\xbf")
    if b"\0" not in start and all(byte >= 32 or byte in b"\t\n\r\f" for byte in start):
        return "a text", "remove it"
    return None, ""


def in_order(work: Callable[[T], R], items: Iterable[T], workers: int | None = None) -> Iterator[R]:
    """The results of work that is done on all cores, in the order of the items. Few of them wait."""
    count = workers or os.cpu_count() or 1
    waiting: deque[Future[list[R]]] = deque()
    pool = ThreadPoolExecutor(count, thread_name_prefix="pictures")
    left = iter(items)
    try:
        while some := list(islice(left, _AT_ONCE)):
            waiting.append(pool.submit(list, map(work, some)))
            if len(waiting) > 2 * count:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
