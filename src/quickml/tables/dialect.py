"""Find out how a CSV file is written: its delimiter, its header and its decimal sign."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from quickml.tables.numbers import Decimal, is_missing, number

DELIMITERS = (",", ";", "\t", "|")
SIGNS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical line"}
SAMPLE_ROWS = 1000
SCORED_LINES = 200
"""Lines that are cut with every delimiter."""
MOST_TITLES = 20
"""Lines above the header that may be something else."""
_SEP = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_COMMA = re.compile(
    r"^[+-]?(?:[0-9]*,(?:[0-9]{1,2}|[0-9]{4,})|0,[0-9]+|[0-9.]+\.[0-9]{3},[0-9]+)$", re.MULTILINE
)
_POINT = re.compile(
    r"^[+-]?(?:[0-9]*\.(?:[0-9]{1,2}|[0-9]{4,})|0\.[0-9]+|[0-9,]+,[0-9]{3}\.[0-9]+)$", re.MULTILINE
)
_NUMERIC = re.compile(r"[+-]?[0-9][0-9.,' ]*%?")
_YEAR = re.compile(r"(?:1[89]|20|21)\d\d")
_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([T ].*)?|\d{1,2}:\d\d(:\d\d)?")

_AROUND = " %‰€$£¥₹'\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
"""Blanks and signs before and after a number."""

Rows = Sequence[tuple[int, list[str]]]
"""Rows with the lines that they begin in."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a document says about how its file is written; None is found out."""

    delimiter: str | None = None
    decimal: Decimal | None = None
    header: bool | int | None = None
    names: frozenset[str] = frozenset()
    """Columns that the document names, which a header must contain."""
    unread: frozenset[str] = frozenset()
    """Columns that may have anything in them, because the document leaves them out."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a CSV file is written."""

    delimiter: str
    skipped_lines: int
    """Lines above the header, or above the first row if there is none."""
    skipped: str
    """What they are, for a notice; empty if the document says so."""
    header: bool
    decimal: Decimal
    has_decimals: bool
    """Whether there are numbers that show what the decimal sign is, or the document says it."""
    has_both: bool
    """Whether some columns have numbers with a point, and others with a comma."""
    has_blanks: bool
    """Whether a blank follows each delimiter."""


PLAIN = Dialect(
    delimiter=",",
    skipped_lines=0,
    skipped="",
    header=True,
    decimal=".",
    has_decimals=False,
    has_both=False,
    has_blanks=False,
)
"""Of a format that has no delimiters."""


def dialect(sample: str, *, is_whole: bool, asked: Asked) -> Dialect:
    """Find out how a file is written, from its beginning."""
    lines = list(islice(io.StringIO(sample, newline=None), SAMPLE_ROWS))
    if not is_whole and len(lines) > 1 and len(lines) < SAMPLE_ROWS:
        lines.pop()  # it may be cut
    sep = _SEP.fullmatch(lines[0].rstrip("\n")) if lines else None
    start = 1 if sep else 0
    delimiter = (
        asked.delimiter
        or (sep[1] if sep and sep[1] in DELIMITERS else None)
        or _delimiter(lines[start : start + SCORED_LINES])
    )
    rows = _rows(lines, delimiter, start)
    above, skipped = _titles(rows) if asked.header in (None, False) else (0, "")
    if sep:
        skipped = " and ".join(filter(None, (f"'sep={sep[1]}'", skipped)))
    if isinstance(asked.header, int) and not isinstance(asked.header, bool):
        first, skipped = asked.header - 1, ""
    else:
        first = rows[above][0] - 1 if above < len(rows) else start
        first = first if skipped or start else 0
    rows = [row for row in rows if row[0] > first]
    has_blanks = _has_blanks(rows)
    if has_blanks:
        rows = [(line, [cell.lstrip(" ") for cell in cells]) for line, cells in rows]
    header = bool(asked.header) if asked.header is not None else _has_header(rows, asked.names)
    found = Dialect(
        delimiter=delimiter,
        skipped_lines=first,
        skipped=skipped,
        header=header,
        decimal=".",
        has_decimals=False,
        has_both=False,
        has_blanks=has_blanks,
    )
    return _with_decimal(found, rows[header:], asked.decimal)


def dialect_of_rows(rows: Rows, asked: Asked) -> Dialect:
    """Find out what the first rows of a sheet are, and what its decimal sign is in texts."""
    rows = [(line, cells) for line, cells in rows if any(cell and not cell.isspace() for cell in cells)]
    is_number = type(asked.header) is int
    above, skipped = _titles(rows) if asked.header in (None, False) else (0, "")
    first = int(asked.header or 1) - 1 if is_number else (rows[above][0] - 1 if skipped else 0)
    rows = [row for row in rows if row[0] > first]
    header = bool(asked.header) if asked.header is not None else _has_header(rows, asked.names)
    return _with_decimal(replace(PLAIN, skipped_lines=first, skipped=skipped, header=header), rows[header:],
                         asked.decimal)  # fmt: skip


def dialect_of_values(rows: Rows, asked: Asked) -> Dialect:
    """Find out the decimal sign in the texts of rows whose columns have names anyway."""
    return _with_decimal(PLAIN, rows, asked.decimal)


def _with_decimal(found: Dialect, rows: Rows, decimal: Decimal | None) -> Dialect:
    commas, points = _decimals(rows)
    found = replace(found, has_both=bool(commas and points))
    if decimal:
        return replace(found, decimal=decimal, has_decimals=True)
    return replace(found, decimal="," if commas > points else ".", has_decimals=bool(commas or points))


def _rows(lines: Sequence[str], delimiter: str, start: int = 0) -> list[tuple[int, list[str]]]:
    """The rows of some lines that are not blank; mistakes are found later."""
    reader = csv.reader(islice(lines, start, None), delimiter=delimiter)
    rows, line = [], start + 1
    try:
        for cells in reader:
            if any(cell and not cell.isspace() for cell in cells):
                rows.append((line, cells))
            line = start + reader.line_num + 1
    except csv.Error:
        pass
    return rows


def _delimiter(lines: Sequence[str]) -> str:
    """The delimiter that cuts the most rows into equally many fields, and leaves no other one in them."""
    scores = {delimiter: _score(lines, delimiter) for delimiter in DELIMITERS}
    return max(scores, key=lambda delimiter: scores[delimiter])


def _score(lines: Sequence[str], delimiter: str) -> tuple[float, int]:
    rows = [cells for _, cells in _rows(lines, delimiter)]
    counts = Counter(map(len, rows))
    counts.pop(1, None)
    if not counts:
        return 0.0, 0
    width, alike = counts.most_common(1)[0]
    cells = [cell for row in rows if len(row) == width for cell in row]
    others = [sign for sign in DELIMITERS if sign != delimiter]
    clean = sum(not any(sign in cell for sign in others) or bool(_NUMERIC.fullmatch(cell)) for cell in cells)
    return alike / len(rows) * clean / len(cells), width


def _titles(rows: Rows) -> tuple[int, str]:
    """How many rows at the beginning are titles or comments, and what to call them."""
    widths = Counter(len(cells) for _, cells in rows)
    width = widths.most_common(1)[0][0] if widths else 0
    count, has_titles = 0, False
    for _, cells in rows[:MOST_TITLES]:
        is_comment = cells[0].lstrip().startswith("#") and len(cells) != width
        is_title = width > 1 and len(cells) - cells.count("") == 1 and len(cells) in (1, max(width, 3))
        if not (is_comment or is_title):
            break
        count, has_titles = count + 1, has_titles or not is_comment
    if count == len(rows[:MOST_TITLES]) or not count:
        return 0, ""
    return count, "titles" if has_titles else "comments"


def _has_blanks(rows: Rows) -> bool:
    later = [cell for _, cells in rows[1:] for cell in cells[1:] if cell]
    return bool(later) and all(cell.startswith(" ") for cell in later)


def _has_header(rows: Rows, names: frozenset[str]) -> bool:
    """Whether the first row has names: texts above numbers, or texts that do not occur below."""
    first, rest = [cell.strip() for cell in rows[0][1]] if rows else [], rows[1:200]
    if not names.isdisjoint(first):
        return True
    columns = [[cells[index] for _, cells in rest if index < len(cells)] for index in range(len(first))]
    if any(_is_value(cell) for cell in first):
        return _are_years(first, columns)
    if not rest or any(_are_values(column) for column in columns):
        return True
    recurs = any(cell and cell in map(str.strip, column) for cell, column in zip(first, columns, strict=True))
    return not recurs and len(set(first)) == len(first)


def _are_years(first: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Whether the values in a first row are years above other numbers, beside a text."""
    years = [(cell, column) for cell, column in zip(first, columns, strict=True) if _is_value(cell)]
    is_beside = len(set(first)) == len(first) > len(years) > 1
    return is_beside and all(
        _YEAR.fullmatch(cell) and not any(map(_YEAR.fullmatch, map(str.strip, column)))
        for cell, column in years
    )


def _is_value(cell: str) -> bool:
    return bool(number(cell, ".") or number(cell, ",") or _DATE.fullmatch(cell))


def _are_values(cells: Sequence[str]) -> bool:
    present = [cell for cell in cells if not is_missing(cell)]
    return bool(present) and sum(map(_is_value, map(str.strip, present))) * 2 > len(present)


def _decimals(rows: Rows) -> tuple[int, int]:
    """How many columns have numbers with a comma, and how many with a point."""
    commas = points = 0
    for column in zip(*(cells for _, cells in rows if len(cells) == len(rows[0][1])), strict=True):
        present = [cell.strip(_AROUND) for cell in column if not is_missing(cell)]
        joined = "\n".join(present)
        comma, point = len(_COMMA.findall(joined)), len(_POINT.findall(joined))
        commas += bool(comma and comma > point)
        points += bool(point and point >= comma)
    return commas, points
