"""How many connections may be open, so that the server keeps files for its own work."""

from __future__ import annotations

import sys
from contextlib import suppress

RESERVED_FILES = 128
"""Open files of the server itself: the database in each of its threads, workers, listeners."""
LEAST = 8


def most_connections() -> int:
    """The number of connections at which idle ones have to make room.

    A connection may need a second open file, for a download. If the system does not limit open files,
    connections are not limited either.
    """
    return max((_file_limit() - RESERVED_FILES) // 2, LEAST)


def _file_limit() -> int:
    with suppress(ImportError, OSError):  # Windows has no such limit
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if limit != resource.RLIM_INFINITY:
            return limit
    return sys.maxsize
