"""The actor that holds a seat, on a node of the cluster.

Ray does not restart it: a seat that is needed is started again by whatever keeps the seats, under another id.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence

TOKEN = "RAY_AUTH_TOKEN"  # noqa: S105  # the name of a variable


class RaySeat:
    """Holds one process of `quickml worker`, which ends with this one. Two methods run at once."""

    def __init__(self, options: Sequence[str]) -> None:
        """Pass `options`, which hold no secret, to `quickml worker`."""
        self._options = list(options)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._is_drained = False

    def machine(self) -> str:
        """Where it is, as soon as it is somewhere."""
        return socket.gethostname()

    def hold(self) -> tuple[int, str]:
        """Run the worker until it ends; its exit code, and the last line that it wrote."""
        with self._lock:
            if self._is_drained:
                return 0, ""
            self._process = process = self._started()
        last = ""
        assert process.stdout is not None
        for line in process.stdout:
            sys.stderr.write(line)  # to the log of this actor, on its node
            last = line.strip() or last
        return process.wait(), last

    def _started(self) -> subprocess.Popen[str]:
        # A process of its own, without Ray's threads and ports; it needs no key of the cluster.
        environment = {name: value for name, value in os.environ.items() if name != TOKEN}
        return subprocess.Popen(  # noqa: S603  # options of the launcher, each checked by `quickml worker`
            [sys.executable, "-m", "quickml.launchers.ray.child", str(os.getpid()), *self._options],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    def drain(self) -> None:
        """Let the worker end in order."""
        with self._lock:
            self._is_drained = True
            if self._process is not None:
                self._process.terminate()
