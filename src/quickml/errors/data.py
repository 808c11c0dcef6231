"""Exceptions about data, inputs and results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from quickml.errors.base import QuickMLError
from quickml.problems import placed, unexpected


class DatasetError(QuickMLError):
    """The data is missing, damaged, or not what its description says."""


class DatasetUnavailableError(DatasetError):
    """A server cannot show the data: it is not there yet, damaged, or too large to look at."""


class SourceError(DatasetError):
    """Data of the user cannot be learned from. `line` counts from 1; `column` is a name, or a number."""

    def __init__(
        self,
        file: str,
        expected: str,
        found: str,
        hint: str = "",
        *,
        line: int | None = None,
        column: str | int | None = None,
        entry: str | None = None,
    ) -> None:
        self.file, self.line, self.column, self.entry = file, line, column, entry
        self.expected, self.found, self.hint = expected, found, hint
        super().__init__(unexpected(self.place, expected, found, hint))

    @property
    def place(self) -> str:
        """`flowers.csv, line 4, column 'sepal'`, or `fruit.zip: Kiwi/IMG_0012.HEIC`."""
        return placed(self.file, self.line, self.column, self.entry)


class TableError(SourceError):
    """A table cannot be read, or a cell is not what it should be.

    `sheet` is that of a workbook, whose lines are rows; `letter` is what the workbook calls the column.
    """

    def __init__(
        self, *about: str, sheet: str | None = None, letter: str = "", unit: str = "line", **place: Any
    ) -> None:
        self.sheet, self.letter, self.unit = sheet, letter, unit
        super().__init__(*about, **place)

    @property
    def place(self) -> str:
        """`flowers.csv, line 4, column 'sepal'`, or `f.xlsx, sheet 'Data', row 4, column 'sepal' (C)`."""
        return placed(
            self.file,
            self.line,
            self.column,
            self.entry,
            sheet=self.sheet,
            unit=self.unit,
            letter=self.letter,
        )


class PicturesError(SourceError):
    """A folder, an archive or a list of pictures cannot be learned from."""


class ArraysError(SourceError):
    """A file of arrays cannot be learned from. `entry` is the name of an array."""


class RecordingsError(SourceError):
    """A folder or an archive of recordings cannot be learned from."""


class TrainingError(QuickMLError):
    """Training cannot continue."""


class CheckpointError(TrainingError):
    """A checkpoint is damaged or does not fit the model; training starts from the beginning instead."""


class ResultError(QuickMLError):
    """The result folder cannot be written."""


class RoomError(QuickMLError):
    """A disk has too little room for a result."""

    def __init__(self, folder: Path, *, needed_bytes: int, free_bytes: int) -> None:
        self.folder, self.needed_bytes, self.free_bytes = folder, needed_bytes, free_bytes
        needed, free = (f"{size / 1e6:,.1f} MB" for size in (needed_bytes, free_bytes))
        super().__init__(
            f"{folder}: expected at least {needed} of free disk space for the result, found {free};"
            " free some, or name a folder on another disk with --out"
        )


class AnswersError(QuickMLError):
    """A file of answers is damaged or is another file, or does not have what was asked for."""


class InputError(QuickMLError):
    """An input does not fit the description of a model."""


class PictureError(InputError):
    """A file is not a picture that can be read."""

    def __init__(self, name: str, expected: str, found: str) -> None:
        self.expected, self.found = expected, found
        super().__init__(f"{name}: expected {expected}, found {found}")


class FilmError(QuickMLError):
    """The film of a training is damaged, or the file is not a film."""

    def __init__(self, place: str, expected: str, found: object, hint: str = "") -> None:
        self.place = place
        super().__init__(unexpected(place, expected, found, hint))
