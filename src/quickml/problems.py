"""What is wrong with a document, a request or a setting, and notices about documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from quickml.text import printable

MAX_QUOTED = 200
"""Characters of a location or a value in a message."""
MAX_MESSAGE = 500
"""Characters of a notice."""


def unexpected(place: str, expected: str, found: object, hint: str = "", subject: str = "") -> str:
    """Format a message: the location, what was expected, what was found, and a hint."""
    expects = f"{subject} expects" if subject else "expected"
    return f"{place}: {expects} {expected}, found {found}" + (f"; {hint}" if hint else "")


def placed(
    file: str,
    line: int | None,
    column: str | int | None,
    entry: str | None,
    *,
    sheet: str | None = None,
    unit: str = "line",
    letter: str = "",
) -> str:
    """A place in a file: `flowers.csv, line 4, column 'sepal'`, or `fruit.zip: Kiwi/IMG_0012.HEIC`.

    `sheet` is that of a workbook; `unit` is what a line is called, `letter` what a sheet calls the column.
    """
    where = f", sheet {printable(repr(sheet), MAX_QUOTED)}" if sheet is not None else ""
    where += f", {unit} {line:,}" if line is not None else ""
    if column is not None:
        where += f", column {printable(repr(column), MAX_QUOTED)}"
    if letter:
        where += f" ({letter})"
    if entry is not None:
        where += f": {printable(entry, MAX_QUOTED)}"
    return f"{printable(file, MAX_QUOTED)}{where}"


class _OperationsSchema:
    """Describes JSON Patch in JSON Schemas; pydantic calls it."""

    def __get_pydantic_json_schema__(self, _schema: Any, _handler: Any) -> dict[str, Any]:
        text = {"type": "string"}
        keys = {"op": {"enum": ["add", "remove", "replace", "move"]}, "path": text, "from": text, "value": {}}
        item = {"type": "object", "required": ["op", "path"], "properties": keys}
        return {"type": "array", "items": item}


Fix = Annotated[tuple[dict[str, Any], ...], _OperationsSchema()]
"""JSON Patch (RFC 6902)."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something invalid in a document, a request or the settings."""

    pointer: str
    """Location: a JSON pointer (RFC 6901), empty for the whole document; `?name` for a query parameter; for a
    setting, the option, the variable, or the file and line."""
    expected: str
    """What was expected."""
    found: str
    """What was found."""
    hint: str = ""
    """How to correct it; may be empty."""
    subject: str = ""
    """What expects it, such as a layer type; empty if the location says so."""
    code: str = ""
    """Kind of problem, which does not change between versions, such as `unknown-key`; empty for a setting."""
    values: dict[str, Any] = field(default_factory=dict)
    """What the message is made of (names, numbers, shapes), to say it in another language."""
    fix: Fix | None = None
    """JSON Patch (RFC 6902) that does what the hint says, on the document as it was sent; null for none."""

    def __str__(self) -> str:
        place, found = printable(self.pointer or "/", MAX_QUOTED), printable(self.found, MAX_QUOTED)
        return printable(unexpected(place, self.expected, found, self.hint, self.subject))


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something in a document that was ignored or corrected."""

    pointer: str
    """Location: a JSON pointer (RFC 6901) into the document."""
    message: str
    """What was ignored or corrected."""

    def __str__(self) -> str:
        return f"{printable(self.pointer or '/', MAX_QUOTED)}: {printable(self.message, MAX_MESSAGE)}"
