"""The command line, `quickml`."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line. Imports happen inside, so that Ctrl-C is handled while they last, too."""
    try:
        _repair_streams()
        gc.set_threshold(50_000)  # hundreds of new classes trigger collections: a fifth of `validate`'s time
        # For plugins, which nobody here uses, pydantic would read the metadata of all installed packages.
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
        from quickml.cli.command_line import run_command_line

        run_command_line(arguments)
    except KeyboardInterrupt:
        print("error: cancelled", file=sys.stderr)
        sys.exit(130)


def _repair_streams() -> None:
    """Open closed streams (`>&-`) on the null device; print `?` for characters a terminal lacks."""
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
