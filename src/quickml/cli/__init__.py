"""The command line: `quickml run`, `validate`, `inspect`, `predict`, `schema`."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line. Nothing is imported before Ctrl-C is cared for and the streams are."""
    try:
        _mend_streams()
        gc.set_threshold(50_000)  # classes by the hundred are no garbage: a fifth of the time of `validate`
        from quickml.cli.app import run_command_line

        run_command_line(arguments)
    except KeyboardInterrupt:
        print("error: given up", file=sys.stderr)
        sys.exit(130)


def _mend_streams() -> None:
    """Streams that a shell closed (`>&-`) lead nowhere; characters that a terminal lacks become `?`."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


__all__ = ["main"]
