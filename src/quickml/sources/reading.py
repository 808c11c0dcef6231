"""Read a file of a folder as a whole. Processes that decode pictures import this, so it imports little."""

from __future__ import annotations

import os
import stat

from quickml.errors import SourceError

MAX_FILE_BYTES = 64 << 20
"""Size of the largest file in a folder or an archive that is read as a whole."""


def read_file(path: str, file: str, name: str, error: type[SourceError]) -> bytes:
    """The content of a file of a folder; messages call the folder `file`, and the file `name`.

    Raises:
        SourceError: it cannot be read; of the type `error`.
    """
    try:
        with open(path, "rb", buffering=0) as stream:  # noqa: PTH123  # a path object takes as long as reading
            about = os.fstat(stream.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise error(file, "a file", "something else", entry=name)
            if about.st_size > MAX_FILE_BYTES:
                expected, found = f"at most {MAX_FILE_BYTES >> 20} MiB", f"{about.st_size >> 20:,} MiB"
                raise error(file, expected, found, entry=name)
            return stream.read(about.st_size + 1)  # room for `MAX_FILE_BYTES` would take longer to make
    except OSError as caught:
        reason = (caught.strerror or "an error").lower()
        raise error(file, "a file to read", reason, entry=name) from None
