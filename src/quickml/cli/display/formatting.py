"""Numbers and texts, formatted for people."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from quickml.errors import ProblemsError

GAP = 2
"""Spaces between the columns of a table."""


def numbers(metrics: Mapping[str, float]) -> str:
    """Metrics on one line: `loss 0.0662  accuracy 0.9781`."""
    return "  ".join(f"{name} {figure(value)}" for name, value in metrics.items())


def figure(value: float) -> str:
    """A number with about four digits that count: `0.0662`, `12.5000`, `1.234e-05`, `1.000e+40`."""
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e5 else f"{value:.3e}"


def counted(count: int, noun: str) -> str:
    """`1 epoch`, `2 epochs`, `2 fixes`."""
    ending = "es" if noun.endswith("x") else "s"
    return f"{count:,} {noun}{'' if count == 1 else ending}"


def size(size_bytes: int) -> str:
    """A size in decimal units, as phones show it: `4.8 MB`."""
    value = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def aligned(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """Rows as lines; the columns in `right` end at the same place."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [(" " * GAP).join(_padded(row, widths, right)).rstrip() for row in rows]


def _padded(row: Sequence[str], widths: Sequence[int], right: Collection[int]) -> list[str]:
    return [
        cell.rjust(width) if column in right else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]


def problem_lines(error: ProblemsError, where: str) -> list[str]:
    """The number of problems, and each on a line."""
    count = counted(len(error.problems), "problem")
    start = (
        f"more than {count} in {where}, of which these are the first" if error.more else f"{count} in {where}"
    )
    return [f"error: {start}", *(f"  {problem}" for problem in error.problems)]
