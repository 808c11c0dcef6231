"""The log of the server on standard error, as text or as JSON.

A line about a job carries its id, from `extra` or else from the message.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

from quickml.text import printable

_JOB = re.compile(r"job_[0-9A-HJKMNP-TV-Z]{26}")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def configure(*, style: str, level: str) -> None:
    """Log messages of at least `level` (`debug` ... `error`) to standard error, as `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("alembic", "asyncio", "uvicorn.error", "PIL"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


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
        time = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        # A name or path from outside could otherwise forge lines or control the terminal.
        line = f"{time} {record.levelname.lower():7} {printable(record.getMessage(), limit=None)}"
        traceback = self.formatException(record.exc_info).splitlines() if record.exc_info else []
        return "\n".join([line, *(printable(one, limit=None) for one in traceback)])
