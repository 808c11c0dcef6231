"""Reads the rows of a large CSV file, if it is as regular as programs write them."""

from __future__ import annotations

import codecs
import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

import numpy as np
import pyarrow as pa

from quickml.tables.arrow.batches import Batch, Filling, UnusualError
from quickml.tables.arrow.cells import ArrowCells
from quickml.tables.arrow.parser import Parser
from quickml.tables.records import Records

Content = bytes | bytearray

BLOCK_BYTES = 4 << 20
THREADS = 2
_END_OF_FILE = (b"\x1a", b"\x1a\n", b"\x1a\r\n", b"\x1a\r")
_MARK = codecs.BOM_UTF8
_QUOTE = ord('"')


def fill_large(
    rows: Records, columns: Mapping[str, ArrowCells], *, has_quotes: bool
) -> tuple[int, list[str]] | None:
    """Add all rows to columns.

    Args:
        rows: of the file, whose header was read. Afterwards, they have the SHA-256 and what was passed over.
        columns: by name.
        has_quotes: whether texts may be within quotation marks, and have line ends in them.

    Returns:
        The number of rows and the cells of the last one; None if the file has something unusual, and columns
        and rows are of no use any more.
    """
    if rows.has_trailing_delimiter or rows.dialect.has_blanks:
        return None
    filling = Filling(rows, columns)
    try:
        pieces = _Pieces(rows, has_quotes=has_quotes)
        for batch in _in_order(pieces, Parser(rows, columns, has_quotes=has_quotes).parsed):
            filling.add(batch)
    except (UnusualError, pa.ArrowException, OSError, UnicodeError):
        return None
    if rows.empty_rows and has_quotes:
        return None
    if rows.empty_rows:
        blank = _blank_lines(rows)
        rows.blank_lines, rows.empty_rows = rows.blank_lines + blank, rows.empty_rows - blank
    rows.sha256 = pieces.digest.hexdigest()
    return filling.count, filling.last


def _in_order(pieces: Iterable[memoryview], work: Callable[[memoryview], Batch]) -> Iterator[Batch]:
    """Work on pieces in several threads, on few enough that memory stays small."""
    waiting: deque[Future[Batch]] = deque()
    with ThreadPoolExecutor(THREADS, thread_name_prefix="table") as pool:
        for piece in pieces:
            waiting.append(pool.submit(work, piece))
            if len(waiting) > THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _blank_lines(rows: Records) -> int:
    """How many lines below the header have nothing, not even delimiters."""
    lines, _ = rows.source.lines()
    return sum(line == "\n" for line in islice(lines, rows.lines_above, None))


class _Pieces:
    """The rows of a file in pieces, as UTF-8. Notes what only the reader of small files can judge.

    Raises:
        UnusualError: there is such a thing.
    """

    def __init__(self, rows: Records, *, has_quotes: bool) -> None:
        self._source, self._has_quotes, self._above = rows.source, has_quotes, rows.lines_above
        self._quotes = _Quotes(rows.dialect.delimiter)
        self._decoder = codecs.getincrementaldecoder(self._source.codec)()
        self._is_over = False
        self.digest = hashlib.sha256()
        self._end = b"\n" if "\n" in rows.source.sample else b"\r"

    def __iter__(self) -> Iterator[memoryview]:
        rest, checked = self._first(), 0
        while not self._is_over:
            content = self._read(rest)
            self._check(content, checked)
            place = len(content) if self._is_over else self._last_end(content)
            rest = bytes(content[place:])
            checked = len(rest)
            if place:
                yield memoryview(content)[:place]
        if not self._quotes.are_closed():
            raise UnusualError("an open quotation mark")

    def _check(self, content: Content, start: int) -> None:
        """Check a text from a place on."""
        if content.find(b"\0", start) >= 0 or _has_mark(content, start) or content.endswith(_END_OF_FILE):
            raise UnusualError("a character that no text has")
        if not self._has_quotes and content.find(b'"', start) >= 0:
            raise UnusualError("quotation marks, which the beginning does not have")
        if self._has_quotes and not self._quotes.are_regular(bytes(content[start:])):
            raise UnusualError("quotation marks within a text")

    def _last_end(self, content: Content) -> int:
        """Where the last whole row ends: outside of quotation marks."""
        place = content.rfind(self._end) + 1
        while self._has_quotes and place and content.count(b'"', 0, place) % 2:
            place = content.rfind(self._end, 0, place - 1) + 1
        return place

    def _first(self) -> bytes:
        """The beginning of the first row, and what was read behind it."""
        self._source.stream.seek(0)
        self.digest.update(self._source.stream.read(self._source.mark_bytes))
        content: Content = b""
        place = None
        while place is None:
            content = self._read(bytes(content))
            place = _after(content, self._above, is_last=self._is_over)
            if self._is_over:
                break
        return bytes(content[place or 0 :])

    def _read(self, before: bytes) -> Content:
        """A text and the next block of the file behind it, as UTF-8; notes whether the file is at its end."""
        stream = self._source.stream
        if self._source.codec != "utf-8":
            raw = stream.read(BLOCK_BYTES)
            self.digest.update(raw)
            self._is_over = not raw
            return before + self._decoder.decode(raw, not raw).encode()
        content = bytearray(len(before) + BLOCK_BYTES)  # copied less often than bytes
        content[: len(before)] = before
        with memoryview(content)[len(before) :] as free:
            count = stream.readinto(free)  # type: ignore[attr-defined]
            self.digest.update(free[:count])
        del content[len(before) + count :]
        self._is_over = not count
        return content


def _has_mark(content: Content, start: int) -> bool:
    """Whether a byte order mark ends behind a place. Its first byte alone is found ten times as fast."""
    first = content.find(_MARK[:1], max(start - 2, 0))
    return first >= 0 and content.find(_MARK, first) >= 0


def _after(content: Content, count: int, *, is_last: bool) -> int | None:
    """Where the line begins that has so many above; None if this is not known yet."""
    place = 0
    for _ in range(count):
        ends = [found for found in (content.find(b"\n", place), content.find(b"\r", place)) if found >= 0]
        if not ends:
            return None
        end = min(ends)
        if content[end : end + 1] == b"\r":  # it may be the first half of a line end
            if end + 1 == len(content) and not is_last:
                return None
            end += content[end + 1 : end + 2] == b"\n"
        place = end + 1
    return place


class _Quotes:
    """Whether quotation marks are where the reader of small files wants them, and pyarrow does not look.

    A text within quotes ends before a delimiter or a line end. So an odd number of them stands in a row
    between two other characters only in a mistake, or in a text without quotes; and an even number after a
    delimiter and before another character only in a mistake, or in a text that has a delimiter there.
    """

    def __init__(self, delimiter: str) -> None:
        self._is_end = np.zeros(256, np.bool_)
        self._is_end[[ord(delimiter), ord("\n"), ord("\r")]] = True
        self._before = b"\n"
        self._count = 0

    def are_closed(self) -> bool:
        """Whether each has another one, after the last byte."""
        return self.are_regular(b"\n") and self._count % 2 == 0

    def are_regular(self, block: bytes) -> bool:
        """Take the next bytes; those at the end are kept until it is known what follows."""
        content = self._before + block
        kept = content.rstrip(b'"')
        if len(kept) <= 1:
            self._before = content
            return True
        self._before = content[len(kept) - 1 :]
        data = np.frombuffer(kept, np.uint8)
        (places,) = np.nonzero(data == _QUOTE)
        self._count += len(places)
        if not len(places):
            return True
        gaps = np.diff(places) > 1
        first = places[np.r_[True, gaps]]
        last = places[np.r_[gaps, True]]
        is_inner = ~self._is_end[data[last + 1]]
        are_odd = (last - first) % 2 == 0
        after_end = self._is_end[data[first - 1]]
        return not (is_inner & (are_odd != after_end)).any()
