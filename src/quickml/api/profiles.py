"""What is in a table or in pictures that a user has uploaded."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

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
    is_whole: bool | None = None
    """Of numbers, whether all of them are whole."""
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

    kind: Literal["table"] = "table"
    """Kind of the data."""
    file: str
    """Name of the file."""
    sha256: Sha256 | None
    """SHA-256 of the file; null as long as it has not arrived."""
    is_partial: bool = False
    """Whether this is about the beginning of a file that is still being uploaded."""
    received_bytes: int | None = None
    """Of an upload, how much has arrived."""
    read_bytes: int | None = None
    """Of an upload, how much of that was read: whole rows, and of a large file only the beginning."""
    rows: int
    """Number of rows."""
    format: str = "csv"
    """`csv`, `xlsx`, `jsonl` or `parquet`."""
    sheet: str | None = None
    """For a workbook, the sheet that was read."""
    encoding: str
    """Encoding of the text; empty if the file is no text."""
    delimiter: str
    """Sign between two fields; empty if the file has none."""
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
    """Whether no more rows follow. False before a damaged line, too."""


class PictureClass(ApiMessage):
    """A class of pictures."""

    label: str
    """Label."""
    pictures: int
    """Number of pictures."""


class PictureSize(ApiMessage):
    """A size that pictures have."""

    height: int
    """Height in pixels."""
    width: int
    """Width in pixels."""
    pictures: int
    """Number of pictures."""


class PicturesProfile(ApiMessage):
    """What is in an archive of pictures, and a document that learns from it."""

    kind: Literal["pictures"] = "pictures"
    """Kind of the data."""
    file: str
    """Name of the file."""
    sha256: Sha256
    """SHA-256 of the file."""
    pictures: int
    """Number of pictures."""
    has_test: bool
    """Whether there is a folder of pictures for the test."""
    classes: tuple[PictureClass, ...]
    """Classes."""
    channels: int
    """1 if all pictures are grey, otherwise 3."""
    formats: dict[str, int]
    """Number of pictures of each format."""
    sizes: tuple[PictureSize, ...]
    """The commonest sizes."""
    different_sizes: int
    """Number of different sizes."""
    notices: tuple[Notice, ...]
    """What was found out."""
    problems: tuple[Problem, ...]
    """Why there is no document."""
    document: dict[str, Any] | None
    """A document to start from."""


class ArrayMessage(ApiMessage):
    """An array in a file."""

    name: str
    """Name of the array."""
    type: str
    """Type of its values, such as `uint8`."""
    shape: tuple[int, ...]
    """Shape."""
    role: str | None
    """`inputs`, `targets`, `test_inputs` or `test_targets`; null if it is left out."""
    low: float | None
    """Lowest value; null if there are no numbers."""
    high: float | None
    """Highest value."""
    mean: float | None
    """Mean of the values."""
    not_finite: int
    """Number of values that are not finite."""


class ArraysClass(ApiMessage):
    """A class of the targets."""

    label: str
    """Label."""
    samples: int
    """Number of samples."""


class ArraysProfile(ApiMessage):
    """What is in a file of arrays, and a document that learns from it."""

    kind: Literal["arrays"] = "arrays"
    """Kind of the data."""
    file: str
    """Name of the file."""
    sha256: Sha256
    """SHA-256 of the file."""
    arrays: tuple[ArrayMessage, ...]
    """Arrays."""
    input_kind: str | None
    """Kind of a sample: `image`, `features`, `sequence` or `tokens`; null if there is no document."""
    sizes: tuple[int, int] | None
    """Number of samples for training and for the test; null if there is no document."""
    classes: tuple[ArraysClass, ...]
    """For a classification, its classes."""
    notices: tuple[Notice, ...]
    """What was found out."""
    problems: tuple[Problem, ...]
    """Why there is no document."""
    document: dict[str, Any] | None
    """A document to start from."""


class RecordingsClass(ApiMessage):
    """A class of recordings."""

    label: str
    """Label."""
    windows: int
    """Number of windows."""


class RecordingsProfile(ApiMessage):
    """What is in recordings of sensors, and a document that learns from them."""

    kind: Literal["recordings"] = "recordings"
    """Kind of the data."""
    file: str
    """Name of the file."""
    sha256: Sha256
    """SHA-256 of the file."""
    rows: int
    """Number of rows."""
    recordings: int
    """Number of recordings."""
    target: str | None
    """Column that the document predicts; null for the names of folders, or if there is no document."""
    task: str | None
    """`classification` or `regression`."""
    rate: str
    """How often a row was recorded; empty if that is not known."""
    steps: int | None
    """Rows of a window."""
    stride: int | None
    """Rows from one window to the next."""
    sensors: tuple[TableColumn, ...]
    """Columns of the sensors."""
    classes: tuple[RecordingsClass, ...]
    """Classes; none of a forecast."""
    windows: int
    """Number of windows."""
    notices: tuple[Notice, ...]
    """What was found out."""
    problems: tuple[Problem, ...]
    """Why there is no document."""
    document: dict[str, Any] | None
    """A document to start from."""


FileProfile = Annotated[
    TableProfile | PicturesProfile | ArraysProfile | RecordingsProfile, Field(discriminator="kind")
]
"""What is in a file of a user, by its kind."""
