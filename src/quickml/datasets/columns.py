"""The columns of a table, as an app passes them to a model by name: one raw value per column and row.

A number takes one place of the encoded row. A category takes one place for each of its values: 1 for the
value that a row has, 0 for the others. A missing category, or one that is not among the values, is 0 in all
places.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from quickml.fields import DocumentModel

INT64 = Annotated[int, Field(ge=-(2**63), lt=2**63)]
MOST_VALUES = 1000
"""Number of values of a category."""

Value = float | int | str | None
"""A value of a row. None, NaN and an empty text are missing."""


class Column(DocumentModel):
    """A column of a table: its name, its type, and what the model makes of its values."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    """Name of the column in the data. The delivered file derives the name of an input from it."""
    type: Literal["number", "category"]
    values: tuple[str, ...] | tuple[INT64, ...] = ()
    """Values of a category, in the order of their places. An app passes whole numbers as Int64, texts as
    String."""
    replacement: float | None = None
    """Takes the place of a missing number. None: missing numbers are refused."""

    @property
    def is_category(self) -> bool:
        """Whether the column is a category."""
        return self.type == "category"

    @property
    def is_integer(self) -> bool:
        """Whether the values of a category are whole numbers."""
        return bool(self.values) and isinstance(self.values[0], int)

    @property
    def width(self) -> int:
        """Number of places in an encoded row."""
        return len(self.values) if self.is_category else 1

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the places: `sepal`, or `district=Mitte` for each value of a category."""
        if not self.is_category:
            return (self.name,)
        return tuple(f"{self.name}={value}" for value in self.values)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if problem := _inconsistency(self):
            raise ValueError(problem)
        return self


def _inconsistency(column: Column) -> str:
    if not column.is_category:
        return "values: expected none of a number" if column.values else ""
    if column.replacement is not None:
        return "replacement: expected none of a category"
    if not 1 <= len(column.values) <= MOST_VALUES:
        return f"values: expected 1 to {MOST_VALUES:,}, found {len(column.values):,}"
    if twice := _repeated(column.values):
        return f"values: expected different ones, found {twice!r} twice"
    return "values: expected no empty text, which is a missing value" if "" in column.values else ""


def _repeated(values: Iterable[str | int]) -> str | int | None:
    return next((value for value, count in Counter(values).items() if count > 1), None)


def width(columns: Sequence[Column]) -> int:
    """Number of places in an encoded row."""
    return sum(column.width for column in columns)


def feature_names(columns: Sequence[Column]) -> tuple[str, ...]:
    """Names of the places of an encoded row, in order."""
    return tuple(name for column in columns for name in column.feature_names)


def inconsistency(columns: Sequence[Column]) -> str:
    """What is wrong with columns that belong to one table; empty if nothing is."""
    twice = _repeated(column.name for column in columns)
    return f"columns: expected different names, found {twice!r} twice" if twice is not None else ""
