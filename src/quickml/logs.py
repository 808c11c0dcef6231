"""The log of the server on standard error, as text or as JSON.

A line about a job carries its id, from `extra` or else from the message.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import re
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from quickml.text import printable

_JOB = re.compile(r"job_[0-9A-HJKMNP-TV-Z]{26}")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}

MOST_LINES = 10_000
"""Number of lines that wait to be written."""
BLOCK_LINES = 100
"""Number of lines that are written together."""
PAUSE_S = 0.02
"""After a block with fewer lines. To wake the thread for each line takes longer than to make the line."""
FLUSH_S = 1.0
"""How long the end of the process waits for them."""


def configure(*, style: str, level: str) -> None:
    """Log messages of at least `level` (`debug` ... `error`) to standard error, as `text` or `json`."""
    handler = Writer(sys.stderr.fileno())
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("alembic", "asyncio", "uvicorn.error", "PIL"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


class Writer(logging.Handler):
    """Writes in a thread of its own, so that a pipe that nobody reads delays no request.

    Lines beyond `MOST_LINES` are lost. The thread does not use `sys.stderr`, since Python cannot end while a
    thread waits in there.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._lines: queue.Queue[bytes] = queue.Queue(MOST_LINES)
        self._lost = 0
        threading.Thread(target=self._run, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the line of a record."""
        try:
            line = f"{self.format(record)}\n".encode(errors="backslashreplace")
            if self._lost and self._lines.empty():
                lost, self._lost = self._lost, 0
                self._lines.put_nowait(f"{lost} lines of the log were lost: nobody read them\n".encode())
            self._lines.put_nowait(line)
        except queue.Full:
            self._lost += 1
        except Exception:
            self.handleError(record)

    def flush(self) -> None:
        """Wait a moment for the lines that are queued."""
        with self._lines.all_tasks_done:
            self._lines.all_tasks_done.wait_for(lambda: not self._lines.unfinished_tasks, FLUSH_S)

    def _run(self) -> None:
        while True:
            lines = [self._lines.get()]
            while len(lines) < BLOCK_LINES and not self._lines.empty():
                lines.append(self._lines.get())
            block = b"".join(lines)
            with suppress(OSError):  # such as a pipe that was closed
                while block:
                    block = block[os.write(self._descriptor, block) :]
            for _ in lines:
                self._lines.task_done()
            if len(lines) < BLOCK_LINES:
                time.sleep(PAUSE_S)


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """Additional fields of a line."""
    message = record.getMessage()
    found = {key: value for key, value in vars(record).items() if key not in _STANDARD}
    if "job_id" not in found and (named := _JOB.search(message)):
        found["job_id"] = named[0]
    return found


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line for a record."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **fields(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class TextFormatter(logging.Formatter):
    """Time, level and message on one line, whatever characters the message contains."""

    def format(self, record: logging.LogRecord) -> str:
        """The line for a record, followed by the traceback if it has one."""
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        # A name or path from outside could otherwise forge lines or control the terminal.
        line = f"{moment} {record.levelname.lower():7} {printable(record.getMessage(), limit=None)}"
        traceback = self.formatException(record.exc_info).splitlines() if record.exc_info else []
        return "\n".join([line, *(printable(one, limit=None) for one in traceback)])
