"""Messages between a worker and its supervisor: JSON, one a line, over a socket pair.

    to the worker     attempt   the fields of `Attempt`: begin it
                      stop      finish early, keep what was learned
                      leave     keep the last checkpoint, and give the attempt back
    from the worker   ready     can be given an attempt
                      alive     heartbeat, every second, whatever else it does; `waited_s` is how long the
                                attempt has waited for storage that failed, `waits_for` the error if it waits
                      done      the attempt has ended; `outcome` says how, and `reason` why it was lost

When one end is closed, or its process dies, the other end reads `EOFError`.
"""

from __future__ import annotations

import json
import socket
import threading
from typing import Any, Literal

Message = dict[str, Any]

Outcome = Literal["completed", "failed", "broken", "fenced", "left", "lost", "unfit", "away"]
"""How an attempt ended. It is in the database already, but for `left`, `lost`, `unfit` and `away`.

`broken` is an unexpected error: the worker may be in any state, and should be replaced.
`lost` means that the database or the artifact store failed.
`unfit` means that the disk of this machine failed or is full, or that its release cannot read the plan.
`away` means that the artifact store is elsewhere and did not answer, for which no job is ever to blame.
`fenced` means that the attempt does not hold its job any more.
"""

_CHUNK_BYTES = 1 << 16


class Channel:
    """One end. Any thread may send; one may receive."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._rest = b""

    def fileno(self) -> int:
        """For a selector: readable when `receive` does not wait."""
        return self._connection.fileno()

    def send(self, kind: str, **fields: Any) -> None:
        """Send a message.

        Raises:
            OSError: the other end is closed, or does not read within the socket's timeout.
        """
        line = json.dumps({"type": kind, **fields}) + "\n"
        with self._lock:
            self._connection.sendall(line.encode())

    def receive(self) -> list[Message]:
        """Wait for data, and return the messages that are complete, which may be none yet.

        Raises:
            EOFError: the other end is closed.
        """
        try:
            chunk = self._connection.recv(_CHUNK_BYTES)
        except ConnectionResetError:  # it died without reading everything
            chunk = b""
        if not chunk:
            raise EOFError("the other end is closed")
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """The other end reads `EOFError` from now on."""
        self._connection.close()
