"""Numbers as people and programs write them in tables: `5.1`, `5,1`, `1,234.5`, `12 %`, `€ 5`."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Sequence
from typing import Literal, NamedTuple

Decimal = Literal[".", ","]
LARGEST = 3.4028234663852886e38
"""Of a 32-bit float, which models compute with."""

MISSING = frozenset(
    {
        "", "NA", "N/A", "n/a", "na", "n.a.", "NaN", "nan", "NAN", "null", "NULL", "Null", "None", "none",
        "NONE", "?", "-", "--", "\N{EN DASH}", "\N{EM DASH}", ".", "#N/A", "#NA", "<NA>",
    }
)  # fmt: skip
"""Cells that stand for no number."""
MISSING_TEXTS = frozenset(
    {"", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "?", "-", "--", "#N/A", "#NA", "<NA>"}
)
"""Cells that stand for no text: `none` may be one."""

_PLAIN = {".": re.compile(r"[0-9.eE+\-\n]*"), ",": re.compile(r"[0-9,eE+\-\n]*")}
"""Cells that only have to be converted; the others are looked at one by one."""
CODE = re.compile(r"[+-]?0[0-9]")
"""The beginning of a cell with a leading zero, which is a code: `01067`."""
ODD = re.compile(
    r"[+-]?(?:0[xXoObB][0-9a-fA-F]+|[0-9]+(?:_[0-9]+)+(?:\.[0-9]*)?|[iI]nf(?:inity)?|INF|[0-9.]+[eE][+-]?[0-9]+)"
    r"|#(?:DIV/0!|VALUE!|REF!|NUM!|NAME\?|NULL!)|\([0-9.,]+\)|[0-9]{39,}"
)
"""What is no number here, and was surely meant as one: of another program, too large, or a failed formula."""
_CODES = re.compile(r"\n[+-]?0[0-9]")
"""One of several cells, each after a line end: alternatives such as `^` take five times as long."""
_BLANKS = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}\N{FIGURE SPACE}"
_MINUS = str.maketrans(dict.fromkeys("\N{MINUS SIGN}\N{SMALL HYPHEN-MINUS}\N{FULLWIDTH HYPHEN-MINUS}", "-"))
_UNIT = "[%‰€$£¥₹]|EUR|USD|GBP|CHF"
_BODY = {
    decimal: rf"(?:[0-9]+(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?|"
    rf"[1-9][0-9]{{0,2}}(?:(?P<group>[{sign} '\u2019])[0-9]{{3}})(?:(?P=group)[0-9]{{3}})*(?:{point}[0-9]*)?"
    for decimal, point, sign in ((".", r"\.", ","), (",", ",", "."))
}
_NUMBER = {
    decimal: re.compile(
        rf"(?P<sign>[+-]?) ?(?P<before>{_UNIT})? ?(?P<inner>[+-]?)(?P<body>{body}) ?(?P<after>{_UNIT})?"
    )
    for decimal, body in _BODY.items()
}


class Number(NamedTuple):  # made for every different cell that is not plain
    """A cell that is a number."""

    value: float
    unit: str = ""
    """`%`, a currency, or an apostrophe in front, which is left out."""
    is_ambiguous: bool = False
    """Whether its only sign may be a decimal sign or separate thousands: `1,234`."""
    has_groups: bool = False
    """Whether thousands are certainly separated."""


def number(cell: str, decimal: Decimal) -> Number | None:
    """The number that a cell holds; None if it holds something else, or a code such as `01067`."""
    text = cell.strip().translate(_MINUS)
    unit = ""
    if text.startswith("'"):  # how spreadsheets mark a number that is stored as text
        text, unit = text[1:], "'"
    if not text.isascii():
        for blank in _BLANKS:
            text = text.replace(blank, " ")
    match = _NUMBER[decimal].fullmatch(text)
    if match is None or (match["sign"] and match["inner"]) or (match["before"] and match["after"]):
        return None
    body, group = match["body"], match["group"]
    if CODE.match(body):
        return None
    digits = body.replace(group, "") if group else body
    value = float(digits.replace(",", "."))
    if not math.isfinite(value) or value > LARGEST:
        return None
    is_dotted = group is not None and group in ",."
    is_single = is_dotted and body.count(str(group)) == 1 and decimal not in body and body[0] != "0"
    sign = -1.0 if "-" in (match["sign"], match["inner"]) else 1.0
    return Number(
        value=sign * value,
        unit=unit or match["before"] or match["after"] or "",
        is_ambiguous=is_single,
        has_groups=group is not None and not is_single,
    )


def is_missing(cell: str) -> bool:
    """Whether a cell stands for no number."""
    return cell in MISSING or cell.strip() in MISSING


def plain(cells: Sequence[str], decimal: Decimal) -> array[float] | None:
    """The numbers of cells in the form that programs write; None if others are among them."""
    if not cells:
        return array("d")
    joined = "\n".join(cells)
    if not _PLAIN[decimal].fullmatch(joined) or _CODES.search("\n" + joined):
        return None
    if decimal == ",":
        cells = joined.replace(",", ".").split("\n")
    try:
        numbers = array("d", map(float, cells))
    except ValueError:
        return None
    if "e" in joined or "E" in joined or max(map(len, cells)) > 38:
        return numbers if all(-LARGEST <= value <= LARGEST for value in numbers) else None
    return numbers


def other(decimal: Decimal) -> Decimal:
    """The other decimal sign."""
    return "," if decimal == "." else "."
