"""Error responses as exceptions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from quickml.api.problem import PREFIX
from quickml.errors import DocumentError, FileImportingError, InputError, Problem, QuickMLError, ServiceError

MAX_SHOWN = 200
FIELDS = ("pointer", "expected", "found", "hint", "subject", "code")


def refusal(status: int, headers: Mapping[str, str], content: bytes) -> QuickMLError:
    """The error of an answer: DocumentError, FileImportingError, InputError, or ServiceError for the rest."""
    told = _object(content)
    kind = str(told.get("type", "")).removeprefix(PREFIX)
    problems = tuple(_problems(told.get("problems")))
    if kind == "document" and problems:
        return DocumentError(problems, more=told.get("more") is True)
    if kind == "file-importing":
        return FileImportingError(problems)
    message = _message(status, told, content)
    if kind == "input":
        return InputError(message)
    if status == HTTPStatus.UNAUTHORIZED:
        message = f"{message}; set QUICKML_TOKEN, or give the client a token"
    after_s = _seconds(headers.get("retry-after", ""), headers.get("date", ""))
    return ServiceError(message, status=status, kind=kind, problems=problems, retry_after_s=after_s)


def _message(status: int, told: Mapping[str, Any], content: bytes) -> str:
    for key in ("detail", "title"):
        if isinstance(told.get(key), str) and told[key]:
            return str(told[key])
    shown = content[:MAX_SHOWN].decode(errors="replace").strip()
    return f"the server answered with status {status}" + (f": {shown!r}" if shown else "")


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _problems(value: Any) -> list[Problem]:
    rows = value if isinstance(value, list) else []
    return [_problem(row) for row in rows if isinstance(row, dict)]


def _problem(row: Mapping[str, Any]) -> Problem:
    texts: dict[str, Any] = {name: str(row.get(name, "")) for name in FIELDS}
    values, fix = row.get("values"), row.get("fix")
    is_patch = isinstance(fix, list) and all(isinstance(operation, dict) for operation in fix)
    return Problem(
        **texts,
        values=values if isinstance(values, dict) else {},
        fix=tuple(fix) if is_patch and isinstance(fix, list) else None,
    )


def _seconds(text: str, date: str) -> float | None:
    """`Retry-After` (RFC 9110, section 10.2.3): seconds, or a date, read by the server's clock (`Date`)."""
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    moment = _moment(text)
    if moment is None:
        return None
    return max(0.0, (moment - (_moment(date) or datetime.now(UTC))).total_seconds())


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else None
