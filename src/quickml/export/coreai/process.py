"""Run work in a subprocess: the parent's side (`run`) and the child's side (`serve`).

Keras' torch and TensorFlow back ends cannot share a process, and Apple's runtime terminates its process when
a file is damaged. Parent and child share a folder that holds the order and the results.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, NoReturn

_ORDER = "order.json"
_PASSED_VARIABLES = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "OMP_NUM_THREADS")
"""The environment variables that the child inherits: none that configures torch or Keras."""


def run(module: str, order: Mapping[str, object], folder: Path) -> str | None:
    """Run a module that calls `serve`, and wait for it to end.

    Args:
        module: the full name of the module.
        order: the arguments, as JSON values; paths are absolute or relative to `folder`.
        folder: an empty folder, the child's working directory.

    Returns:
        None on success, otherwise one line with the reason of the failure.
    """
    (folder / _ORDER).write_text(json.dumps(order), encoding="utf-8")
    with tempfile.TemporaryFile() as output:
        code = _wait([sys.executable, "-P", "-m", module], folder, output)
        if code == 0:
            return None
        output.seek(0)
        lines = output.read().decode(errors="replace").split("\n")
    if code < 0:
        return f"the process was killed by {signal.Signals(-code).name}"
    return next((line.strip() for line in reversed(lines) if line.strip()), f"exit status {code}")


def _wait(command: list[str], folder: Path, output: IO[bytes]) -> int:
    """Start a process and wait for it; kill it if the wait is interrupted.

    The child has its own session, so Ctrl-C at the terminal reaches only the parent. The parent's end of the
    child's standard input stays open until the parent ends.
    """
    with subprocess.Popen(  # noqa: S603
        command,
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        start_new_session=True,
    ) as process:
        try:
            return process.wait()
        except BaseException:
            process.kill()
            raise


def _environment(folder: Path) -> dict[str, str]:
    """The child's environment: this process' module search path, and no keras.json of the user."""
    passed = {name: os.environ[name] for name in _PASSED_VARIABLES if name in os.environ}
    return {**passed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "KERAS_HOME": str(folder)}


def serve(work: Callable[[Path, Mapping[str, Any]], None]) -> NoReturn:
    """Run `work` in the child, with the folder and the order; an error is printed as one line.

    The process ends at once: destructors of libraries, which may abort it, have nothing left to do.
    """
    threading.Thread(target=_end_with_parent, daemon=True).start()
    folder, status = Path.cwd(), 0
    try:
        work(folder, json.loads((folder / _ORDER).read_text(encoding="utf-8")))
    except Exception as error:  # torch's and Apple's errors have no other common base
        print(f"{type(error).__name__}: {_summary(str(error))}", file=sys.stderr)
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _summary(message: str) -> str:
    """The first line of a message. Keras' first line only names the place, so there the second is added."""
    lines = [line.strip() for line in re.sub(r"\x1b\[\d*m", "", message).splitlines() if line.strip()]
    count = 2 if lines and lines[0].startswith("Exception encountered") else 1
    return " ".join(lines[:count])[:500]


def _end_with_parent() -> None:
    """Exit when standard input closes. Nothing is written to it, so it closes only when the parent ends."""
    os.read(0, 1)
    os._exit(1)
