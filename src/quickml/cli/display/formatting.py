"""Numbers and texts, formatted for people."""

from __future__ import annotations

from collections.abc import Mapping


def numbers(metrics: Mapping[str, float]) -> str:
    """Metrics on one line: `loss 0.0662  accuracy 0.9781`."""
    return "  ".join(f"{name} {value:.4f}" for name, value in metrics.items())


def counted(count: int, noun: str) -> str:
    """`1 epoch`, `2 epochs`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def size(size_bytes: int) -> str:
    """A size in decimal units, as phones show it: `4.8 MB`."""
    value = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
