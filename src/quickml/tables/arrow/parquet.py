"""The rows of a Parquet file. Values become texts, which are read as if they were the cells of a CSV file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import FileIO
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from quickml.errors import TableError
from quickml.tables.arrow.batches import Filling, UnusualError, batch_of
from quickml.tables.arrow.cells import ArrowCells
from quickml.tables.dialect import SAMPLE_ROWS, Asked, Dialect, dialect_of_values
from quickml.tables.rows import MAX_COLUMNS, MAX_FIELD, MAX_ROWS, Rows, Where
from quickml.tables.totals import total
from quickml.tables.types import quoted, shown

BATCH_ROWS = 1 << 15
MAX_UNPACKED_BYTES = 16 << 30
"""Size of all values, as the file states it."""
_THRIFT_BYTES = 64 << 20
"""Memory of a text or a list in the metadata."""


class ParquetRows(Rows):
    """The rows of a Parquet file."""

    format = "parquet"

    def __init__(self, stream: FileIO, name: str, asked: Asked, known: Dialect | None = None) -> None:
        self._stream, self._unread = stream, asked.unread
        where = Where(file=name, unit="row")
        super().__init__(where, known or dialect_of_values([], asked), asked.names)
        stream.seek(0)
        if stream.read(4) == b"PARE":
            raise self._damaged("an encrypted one")
        with self._translated():
            stream.seek(0)
            self._file = parquet.ParquetFile(
                stream, thrift_string_size_limit=_THRIFT_BYTES, thrift_container_size_limit=_THRIFT_BYTES
            )
            self._schema = self._file.schema_arrow
        self._check_size(self._file.metadata)
        self.names = self._named([field.name.strip() for field in self._schema], None)
        self._check_types()
        if known is None:
            sample = ((line, row) for row, line in islice(self._all(), SAMPLE_ROWS))
            self.dialect = dialect_of_values(list(sample), asked)

    def batches(self) -> Iterator[Any]:
        """All rows in batches of texts, without nulls."""
        with self._translated():
            for batch in self._file.iter_batches(BATCH_ROWS, use_threads=False):
                yield pa.RecordBatch.from_arrays(
                    list(map(_texts, batch.columns)), list(map(str, range(batch.num_columns)))
                )

    def finish(self) -> None:
        """Note the SHA-256, after the last row."""
        self.sha256 = self._digest()

    def _all(self) -> Iterator[tuple[list[str], int]]:
        line = 0
        for batch in self.batches():
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                line += 1
                self._has_long = self._has_long or any(len(cell) > MAX_FIELD for cell in row)
                yield list(row), line

    def _digest(self) -> str:
        self._stream.seek(0)
        return hashlib.file_digest(self._stream, "sha256").hexdigest()

    def _ragged(self, row: Sequence[str], line: int) -> TableError:
        return self.fault(f"{len(self.names)} values", f"{len(row)}", line=line)

    def unnamed(self, line: int | None, number: int) -> TableError:
        """The error for a column without a name."""
        return self.fault("a name for each column", "none", "name it", line=line, column=number)

    def _check_size(self, about: Any) -> None:
        unpacked = sum(about.row_group(number).total_byte_size for number in range(about.num_row_groups))
        for expected, found, most in (
            ("columns", about.num_columns, MAX_COLUMNS),
            ("rows", about.num_rows, MAX_ROWS),
            ("bytes of values", unpacked, MAX_UNPACKED_BYTES),
        ):
            if not 0 <= found <= most:
                raise self.fault(f"at most {most:,} {expected}", f"{found:,}", "take fewer rows or columns")
        if not about.num_rows or not about.num_columns:
            raise self.fault("a table with rows", "none")

    def _check_types(self) -> None:
        for field in self._schema:
            kind = field.type
            if not _is_readable(kind) and field.name.strip() not in self._unread:
                ignored = f'"columns": {{{quoted(field.name.strip())}: "ignore"}}'
                hint = "write each of its values into a column of its own, or leave it out: "
                hint += f"{ignored} in a document, --column NAME=ignore on a command line"
                found = shown(f"a column of {kind}", 100)
                raise self.fault("columns of numbers, texts, dates, or true and false", found, hint,
                                 column=field.name.strip())  # fmt: skip

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except MemoryError:
            raise
        except (pa.ArrowException, OSError, ValueError, OverflowError, UnicodeDecodeError) as error:
            lines = str(error).splitlines() or [type(error).__name__]
            found = "an encrypted one" if "encrypt" in lines[0].lower() else f"a damaged one ({lines[0]})"
            raise self._damaged(found) from None

    def _damaged(self, found: str) -> TableError:
        hint = "write it again, or save the table as CSV"
        return self.fault("a Parquet file that can be read", shown(found, 160)[1:-1], hint)


_TYPES = pa.types
_READ = (
    _TYPES.is_integer, _TYPES.is_floating, _TYPES.is_decimal, _TYPES.is_boolean, _TYPES.is_string,
    _TYPES.is_large_string, _TYPES.is_string_view, _TYPES.is_date, _TYPES.is_timestamp, _TYPES.is_time,
    _TYPES.is_null,
)  # fmt: skip


def _is_readable(kind: Any) -> bool:
    """Whether values of a type become texts."""
    kind = kind.value_type if _TYPES.is_dictionary(kind) else kind
    return any(is_it(kind) for is_it in _READ)


def _texts(values: Any) -> Any:
    """The texts of values; empty for none, and for those that the document leaves out."""
    if not _is_readable(values.type):
        return pa.repeat("", len(values))
    if _TYPES.is_dictionary(values.type):
        values = values.dictionary_decode()
    if not _TYPES.is_string(values.type):
        values = values.cast(pa.string())
    texts = pc.fill_null(values, "") if values.null_count else values
    texts.validate(full=True)  # UTF-8
    content = texts.buffers()[2]
    if content is not None and (
        b"\0" in memoryview(content).tobytes() or b"\xef\xbb\xbf" in memoryview(content).tobytes()
    ):
        raise ValueError("a text has a character that no text has")
    return texts


def filled_parquet(
    rows: Any, columns: Callable[[type[ArrowCells]], dict[str, ArrowCells]]
) -> tuple[dict[str, ArrowCells], int]:
    """See `filling.filled`."""
    cells = columns(ArrowCells)
    filling = Filling(rows, cells)
    try:
        for batch in rows.batches():
            filling.add(batch_of(batch.columns, rows.names, cells))
    except UnusualError as error:
        raise rows.fault("a table that can be read", str(error), "correct it") from None
    count, last = filling.count, filling.last
    if not count:
        raise rows.fault("a table with rows", "none")
    if column := total(rows.names, cells, last, count):
        cell = shown(last[rows.names.index(column)])
        raise rows.fault("a row like the others", cell, "remove the last row", column=column)
    rows.finish()
    return cells, count
