"""Conditional requests (RFC 9110, section 13), for content with a strong entity tag."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto

from starlette.datastructures import Headers

_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_TAGS = re.compile(rf"[ \t,]*(?:{_TAG.pattern}(?:[ \t]*,[ \t,]*{_TAG.pattern})*[ \t,]*)?")
_DATES = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")
"""The date formats of section 5.6.7, the two obsolete ones included."""


class Verdict(Enum):
    """What to respond."""

    SEND = auto()
    NOT_MODIFIED = auto()
    FAILED = auto()


@dataclass(frozen=True, kw_only=True)
class Validators:
    """What identifies a content."""

    etag: str
    """With its quotes, strong."""
    modified: datetime
    """In whole seconds."""
    may_go_back: bool = False
    """Whether an older content may replace this one. Then only its exact date proves that a client has it."""

    def judge(self, headers: Headers) -> Verdict:
        """Evaluate the conditions of a GET or HEAD, except `If-Range`, in the order of section 13.2.2."""
        if "if-match" in headers:
            if not self._is_among(_field(headers, "if-match"), is_strong=True):
                return Verdict.FAILED
        elif (date := _date(headers, "if-unmodified-since")) and self.modified > date:
            return Verdict.FAILED
        if "if-none-match" in headers:
            if self._is_among(_field(headers, "if-none-match"), is_strong=False):
                return Verdict.NOT_MODIFIED
        elif (date := _date(headers, "if-modified-since")) and self._is_known_since(date):
            return Verdict.NOT_MODIFIED
        return Verdict.SEND

    def allow_range(self, headers: Headers) -> bool:
        """Whether `If-Range`, if present, matches this content: its tag, or exactly its date."""
        if "if-range" not in headers:
            return True
        field = _field(headers, "if-range")
        return field == self.etag or _parsed([field]) == self.modified

    def _is_known_since(self, date: datetime) -> bool:
        return self.modified == date or (self.modified < date and not self.may_go_back)

    def _is_among(self, field: str, *, is_strong: bool) -> bool:
        if field == "*":
            return True
        if not _TAGS.fullmatch(field):
            return False
        tags = _TAG.findall(field)
        return self.etag in (tags if is_strong else [tag.removeprefix("W/") for tag in tags])


def _field(headers: Headers, name: str) -> str:
    return ", ".join(headers.getlist(name)).strip(" \t")


def _date(headers: Headers, name: str) -> datetime | None:
    return _parsed(headers.getlist(name))


def _parsed(values: Iterable[str]) -> datetime | None:
    """Parse a single date; None where there is no date or more than one."""
    match list(values):
        case [text]:
            for form in _DATES:
                try:
                    return datetime.strptime(text.strip(" \t"), form).replace(tzinfo=UTC)
                except ValueError:
                    continue
    return None
