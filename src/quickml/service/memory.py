"""Memory that is free goes back to the system."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache


@cache
def _trim() -> Callable[[int], int]:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library than glibc, or Windows
        return lambda _: 0


def give_back() -> None:
    """Give memory back that was freed: loading a model takes many times what is kept, and glibc keeps it."""
    _trim()(0)
