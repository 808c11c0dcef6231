"""Opens a table of any format: what a file is follows from its first bytes, whatever it is called."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from quickml.errors import TableError
from quickml.tables.arrow.extra import imported, is_installed
from quickml.tables.dialect import Asked, Dialect, dialect
from quickml.tables.records import Records
from quickml.tables.rows import Rows
from quickml.tables.text import MAX_BYTES, Encoding, TextFile, opened, refuse_large, source

LARGE_BYTES = 64 << 20
"""Size from which on a CSV file is read with pyarrow, if that is installed."""
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*(?:[\"}]|$)")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a file is to be read, as far as a document says it."""

    asked: Asked = field(default_factory=Asked)
    encoding: Encoding | None = None
    sheet: str | None = None
    """Of a workbook."""
    dialect: Dialect | None = None
    """Of a file that was read before."""
    may_be_fast: bool = False
    """Whether pyarrow is to read a large CSV file; without it, all of the file decides about the encoding."""


@contextmanager
def opened_rows(path: Path, file: str, how: Reading | None = None) -> Iterator[Rows]:
    """Open a table.

    Args:
        path: of the file.
        file: what messages call it.
        how: it is to be read.

    Raises:
        TableError: it cannot be read, or its beginning is damaged.
    """
    how = how or Reading()
    with opened(path, file) as stream:
        start = stream.read(64)
        if start.startswith(b"PK\x03\x04"):
            from quickml.tables.sheets import SheetRows

            yield SheetRows(stream, file, how.asked, how.sheet, how.dialect)
            return
        if how.sheet is not None:
            found, hint = "a file without sheets", 'leave "sheet" out'
            raise TableError(file, "an Excel workbook (.xlsx), because a sheet is named", found, hint)
        if start.startswith((b"PAR1", b"PARE")):
            imported(file, "a Parquet file")
            from quickml.tables.arrow.parquet import ParquetRows

            yield ParquetRows(stream, file, how.asked, how.dialect)
        elif _JSON.match(start):
            from quickml.tables.json_lines import JsonLines

            refuse_large(stream, file, MAX_BYTES, "take fewer lines, or save them as Parquet")
            yield JsonLines(stream, file, how.asked, how.dialect)
        else:
            is_large = how.may_be_fast and stream.seek(0, os.SEEK_END) > LARGE_BYTES and is_installed()
            text = source(stream, file, how.encoding, is_hasty=is_large)
            written = how.dialect or dialect(text.sample, is_whole=text.is_whole, asked=how.asked)
            rows = _records(text, written, how.asked.names)
            rows.is_large = is_large
            yield rows


def _records(text: TextFile, written: Dialect, names: frozenset[str]) -> Records:
    try:
        return Records(text, written, names)
    except TableError:  # more of the file than the sample is decoded for its header
        if text.is_certain:
            raise
    return Records(text.certain(), written, names)
