"""What is in a table that a user has uploaded."""

from __future__ import annotations

from typing import Any, Literal

from quickml.api.message import ApiMessage, Sha256
from quickml.errors import Notice, Problem


class TableColumn(ApiMessage):
    """What is in a column."""

    name: str
    """Name of the column."""
    type: Literal["number", "category", "ignore"]
    """What the column is for a model."""
    reason: str = ""
    """For an ignored column, why."""
    problem: str = ""
    """What is wrong with its cells."""
    missing: int
    """Number of rows without a value."""
    different: int | None = None
    """Number of different values; null if there are more than are counted."""
    low: float | None = None
    """Of numbers, the lowest."""
    high: float | None = None
    """Of numbers, the highest."""
    mean: float | None = None
    """Of numbers, the mean."""
    histogram: tuple[int, ...] = ()
    """Of numbers, how many are in each of 20 equal parts from `low` to `high`."""
    values: tuple[tuple[str, int], ...] = ()
    """Of others, the commonest values and their rows."""


class TableClass(ApiMessage):
    """A class of the target."""

    label: str
    """Label."""
    rows: int
    """Number of rows."""


class TableProfile(ApiMessage):
    """What is in a table, and a document that learns from it."""

    file: str
    """Name of the file."""
    sha256: Sha256
    """SHA-256 of the file."""
    rows: int
    """Number of rows."""
    encoding: str
    """Encoding of the text."""
    delimiter: str
    """Sign between two fields."""
    decimal: str
    """Decimal sign."""
    header: bool | int
    """Whether the first line has the names of the columns, or the number of the line that has them."""
    first_line: int
    """Line of the header, or of the first row."""
    columns: tuple[TableColumn, ...]
    """Columns, in order."""
    target: str | None
    """Column that the document predicts; null if none can be."""
    task: str | None
    """`classification` or `regression`."""
    classes: tuple[TableClass, ...]
    """For a classification, its classes."""
    notices: tuple[Notice, ...]
    """What was found out."""
    problems: tuple[Problem, ...]
    """Why there is no document."""
    document: dict[str, Any] | None
    """A document to start from."""


class TableRows(ApiMessage):
    """Rows of a table, as texts."""

    names: tuple[str, ...]
    """Names of the columns."""
    offset: int
    """Number of rows before these."""
    rows: tuple[tuple[str, ...], ...]
    """Rows, each with a text per column."""
    lines: tuple[int, ...]
    """Line of the file in which each row begins."""
    is_last: bool
    """Whether no more rows follow."""
