"""Work in a second process, seen from both ends.

Keras' torch back end and its TensorFlow one cannot share a process, and Apple's runtime ends the process that
it is in over a damaged file. The second process gets a folder: its order is in there, and what it makes goes
there.
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
from typing import IO, Any

_ORDER = "order.json"
_KEPT = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "OMP_NUM_THREADS")
"""What the second process sees of our environment: nothing that changes what torch or Keras do."""


def run(module: str, order: Mapping[str, object], folder: Path) -> str | None:
    """Run a module that calls `serve`, to its end.

    Args:
        module: its full name.
        order: what it is to do, as JSON can hold it; paths are absolute or in `folder`.
        folder: an empty one, where it works.

    Returns:
        None once the work is done; where it failed, one line that says why.
    """
    (folder / _ORDER).write_text(json.dumps(order), encoding="utf-8")
    with tempfile.TemporaryFile() as said:
        code = _wait([sys.executable, "-P", "-m", module], folder, said)
        if code == 0:
            return None
        said.seek(0)
        lines = said.read().decode(errors="replace").split("\n")
    if code < 0:
        return f"the process ended by {signal.Signals(-code).name}"
    return next((line.strip() for line in reversed(lines) if line.strip()), f"exit status {code}")


def _wait(command: list[str], folder: Path, said: IO[bytes]) -> int:
    """Start a process and wait for it; whatever interrupts us ends it.

    Ctrl-C at the terminal does not reach a session of its own, so what it means is decided here alone. Our
    end of its standard input stays open as long as we live.
    """
    with subprocess.Popen(  # noqa: S603
        command,
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.PIPE,
        stdout=said,
        stderr=said,
        start_new_session=True,
    ) as process:
        try:
            return process.wait()
        except BaseException:
            process.kill()
            raise


def _environment(folder: Path) -> dict[str, str]:
    """Our own search path, however it came about; no keras.json of the person's."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "KERAS_HOME": str(folder)}


def serve(work: Callable[[Path, Mapping[str, Any]], None]) -> None:
    """Be the second process: `work` gets the folder and the order; an error leaves as one line."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    folder = Path.cwd()
    try:
        work(folder, json.loads((folder / _ORDER).read_text(encoding="utf-8")))
    except Exception as error:  # torch's and Apple's errors have no other root
        sys.exit(f"{type(error).__name__}: {_gist(str(error))}")


def _gist(message: str) -> str:
    """What a message of several lines says first; Keras puts where it happened before that, in colours."""
    lines = [line.strip() for line in re.sub(r"\x1b\[\d*m", "", message).splitlines() if line.strip()]
    told = 2 if lines and lines[0].startswith("Exception encountered") else 1
    return " ".join(lines[:told])[:500]


def _end_with_parent() -> None:
    """Nothing is ever written to standard input: it ends when the parent does, however that came about."""
    os.read(0, 1)
    os._exit(1)
