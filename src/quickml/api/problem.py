"""Problem documents (RFC 9457): the body of every error."""

from __future__ import annotations

from quickml.api.message import ApiMessage
from quickml.errors import Problem

MEDIA_TYPE = "application/problem+json"
PREFIX = "urn:quickml:problem:"
"""Prefix of every `type`."""


class ProblemDocument(ApiMessage):
    """An error, as RFC 9457 describes it."""

    type: str
    """URI of the kind of error, such as `urn:quickml:problem:not-found`."""
    title: str
    """Short description of the kind of error."""
    status: int
    """Status code of the response."""
    detail: str
    """Description of this error."""
    problems: tuple[Problem, ...] | None = None
    """Every problem, where there may be several; at most 100."""
    more: bool | None = None
    """Whether further problems were left out."""
