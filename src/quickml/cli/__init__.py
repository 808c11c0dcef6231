"""The command line, `quickml`."""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
from collections.abc import Iterator, Sequence
from types import FrameType


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line, by default the process's own, and with it end the process.

    Imports happen inside, so that Ctrl-C is handled while they last, too.
    """
    ends_process = arguments is None and not atexit._ncallbacks()
    if ends_process:
        atexit.register(_leave)  # as the first function, and so it is called last
    try:
        _run(arguments)
    except SystemExit as end:
        if ends_process and isinstance(end.code, int | None):
            _status.append(end.code or 0)
            _callers.extend(_places(sys._getframe(1)))
        raise


_status: list[int] = []
"""The exit code, once it is known."""
_callers: list[tuple[FrameType, int]] = []
"""The frames that called `main`, and where each was: one that goes on has caught the exit."""


def _places(frame: FrameType | None) -> Iterator[tuple[FrameType, int]]:
    while frame is not None:
        yield frame, frame.f_lasti
        frame = frame.f_back


def _leave() -> None:
    """End the process without taking it apart: 0.05 s after `validate`, 0.3 s after a training.

    Everything that is to happen at the end has happened: threads were waited for, and all other functions of
    `atexit` were called. What could not be written is left to Python, which says so, and so are files that
    packages which add something may have left open.
    """
    if not _status or any(frame.f_lasti != place for frame, place in _callers):
        return
    plugins = sys.modules.get("quickml.plugins")
    if plugins is not None and plugins.is_any_loaded():
        return
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    os._exit(_status[-1])


def _run(arguments: Sequence[str] | None) -> None:
    try:
        _repair_streams()
        gc.set_threshold(200_000)  # hundreds of new classes trigger collections: a fifth of `validate`'s time
        # For plugins, which nobody here uses, pydantic would read the metadata of all installed packages.
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
        if arguments is None and sys.argv[1:2] in (["run"], ["export"]):
            from quickml.training.preload import begin

            begin()
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
