"""What a worker and its supervisor say to each other: JSON, one message a line, over a socket pair.

    to the worker     attempt   the fields of `Attempt`: begin it
                      stop      finish early, keep what was learned
                      leave     keep a checkpoint, and give the attempt back
    from the worker   ready     may be given an attempt
                      alive     every second, whatever else it does
                      done      the attempt is over; `outcome` says how

When one end is closed, or its process dies, the other end reads `EOFError`.
"""

from __future__ import annotations

import json
import socket
import threading
from typing import Any, Literal

Message = dict[str, Any]

Outcome = Literal["completed", "failed", "broken", "fenced", "left"]
"""How an attempt ended: the store was told so, but for `left`, which is the supervisor's to tell.

`broken` is a failure that nobody foresaw: the worker may be in any state, and should be replaced.
`fenced` means that the attempt was given up on meanwhile.
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
        """Say something.

        Raises:
            OSError: nobody listens any more, or not within the socket's timeout.
        """
        line = json.dumps({"type": kind, **fields}) + "\n"
        with self._lock:
            self._connection.sendall(line.encode())

    def receive(self) -> list[Message]:
        """Wait for something, and return what has arrived whole, which may be nothing yet.

        Raises:
            EOFError: the other end is closed.
        """
        try:
            chunk = self._connection.recv(_CHUNK_BYTES)
        except ConnectionResetError:  # it died without reading all that it was told
            chunk = b""
        if not chunk:
            raise EOFError("the other end is closed")
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """The other end reads `EOFError` from now on."""
        self._connection.close()
