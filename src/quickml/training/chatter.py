"""Hide what TensorFlow prints while it is loaded."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

CHATTER = (b"All log messages before absl::InitializeLog()", b"oneDNN custom operations are on")
"""Messages that TensorFlow prints on stderr while it loads, regardless of TF_CPP_MIN_LOG_LEVEL."""


@contextmanager
def without_chatter() -> Iterator[None]:
    """Capture stderr, and print the lines that are not in `CHATTER` afterwards.

    C++ code writes to the file descriptor, so replacing `sys.stderr` would not capture it. If no disk has
    room for a temporary file, the messages are shown.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115
    except OSError:
        yield
        return
    kept = os.dup(2)
    with file as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            for line in held:
                if not any(words in line for words in CHATTER):
                    os.write(2, line)
