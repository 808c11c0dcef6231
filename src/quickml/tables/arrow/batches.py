"""Batches of rows: checked and typed in several threads, then added to the columns in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from quickml.tables.arrow.cells import ArrowCells, PreparedTexts
from quickml.tables.rows import MAX_FIELD, MAX_ROWS, Rows


class UnusualError(Exception):
    """The file has something that only the reader of small files knows how to read, or to refuse."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Some rows."""

    rows: int
    empty_rows: int
    """Rows that are passed over because all of their cells are empty."""
    blank_lines: int
    columns: Mapping[str, PreparedTexts]
    last: Sequence[str]
    """The cells of the last row; empty instead of numbers."""
    as_texts: Callable[[], Batch] | None = None
    """Makes the same batch with all cells as texts, if they are not."""


def batch_of(
    arrays: Sequence[Any], names: Sequence[str], columns: Mapping[str, ArrowCells], *, blank_lines: int = 0
) -> Batch:
    """Check and type some rows; changes nothing, so that several threads can do it.

    Args:
        arrays: `pyarrow.StringArray` for each name, without nulls.
        names: of all columns.
        columns: those to which the batch will be added.
        blank_lines: how many were passed over.

    Raises:
        UnusualError: see there.
    """
    total = len(arrays[0])
    arrays = [_checked(texts) for texts in _without_empty(arrays)]
    if b"#" in _content(arrays[0]) and _has_comment(arrays):
        raise UnusualError("a comment")
    return Batch(
        rows=len(arrays[0]),
        empty_rows=total - len(arrays[0]),
        blank_lines=blank_lines,
        columns={
            name: columns[name].prepared(texts)
            for name, texts in zip(names, arrays, strict=True)
            if name in columns
        },
        last=[texts[-1].as_py() for texts in arrays] if len(arrays[0]) else [],
    )


class Filling:
    """Adds batches to columns."""

    def __init__(self, rows: Rows, columns: Mapping[str, ArrowCells]) -> None:
        self._rows, self._columns = rows, columns
        self.count, self.last = 0, list[str]()

    def add(self, batch: Batch) -> None:
        """Add the next rows.

        Raises:
            UnusualError: there are too many.
        """
        self._rows.empty_rows += batch.empty_rows
        self._rows.blank_lines += batch.blank_lines
        if not batch.rows:
            return
        if batch.as_texts and not all(
            self._columns[name].can_take(cells) for name, cells in batch.columns.items()
        ):
            batch = batch.as_texts()
        for name, texts in batch.columns.items():
            self._columns[name].add_prepared(texts)
        self.count, self.last = self.count + batch.rows, list(batch.last)
        if self.count > MAX_ROWS:
            raise UnusualError("too many rows")


def _without_empty(arrays: Sequence[Any]) -> Sequence[Any]:
    """The arrays without rows in which all cells are empty."""
    are_empty = np.ones(len(arrays[0]), np.bool_)
    for texts in arrays:
        are_empty &= _lengths(texts) == 0
        if not are_empty.any():
            return arrays
    return [texts.filter(pa.array(~are_empty)) for texts in arrays]


def _checked(texts: Any) -> Any:
    """Texts as the reader of small files has them: line ends within quotes are line feeds."""
    if len(texts) and int(_lengths(texts).max()) > MAX_FIELD:
        raise UnusualError("a long field")
    if b"\r" not in _content(texts):
        return texts
    return pa.array(
        [text.replace("\r\n", "\n").replace("\r", "\n") for text in texts.to_pylist()], pa.string()
    )


def _lengths(texts: Any) -> Any:
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return np.diff(offsets)


def _content(texts: Any) -> bytes:
    content = texts.buffers()[2]
    return content.to_pybytes() if content is not None else b""


def _has_comment(arrays: Sequence[Any]) -> bool:
    """Whether a row has a text after `#`, and nothing in its other columns."""
    rows = pc.starts_with(arrays[0], "#")
    for texts in arrays[1:]:
        rows = pc.and_(rows, pc.equal(texts, ""))
    return bool(pc.any(rows).as_py())
