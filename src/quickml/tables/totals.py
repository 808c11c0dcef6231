"""A last row that sums up the others: it would be learned as one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quickml.tables.cells import Cells

_TOTALS = frozenset(
    {
        "total", "totals", "grand total", "sum", "sums", "average", "mean", "summe", "gesamt", "gesamtsumme",
        "mittelwert", "total general", "suma", "somme",
    }
)  # fmt: skip
_FEW = 3
"""Rows below which the last one is not compared with the others."""


def total(names: Sequence[str], columns: Mapping[str, Cells], last: Sequence[str], rows: int) -> str | None:
    """The column in which the last row says that it is one; None if it is not."""
    if rows < _FEW:
        return None
    for name, cell in zip(names, last, strict=True):
        if cell.strip().rstrip(":").casefold() in _TOTALS and name in columns:
            known = columns[name].occurrences()
            if known.get(cell, 1) == 1:
                return name
    return None
