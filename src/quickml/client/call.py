"""Calls: a request, its retries and its result."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import TypeVar

from quickml.api.files import UserFileMessage
from quickml.api.jobs import JobMessage
from quickml.client import endpoints, file_endpoints
from quickml.client.flow import Emit, Flow, receive_body
from quickml.client.problems import refusal
from quickml.client.request import Call
from quickml.client.retry import Contact, Retry
from quickml.errors import UnreachableError

T = TypeVar("T")


def call(request: Call[T], contact: Contact) -> Flow[T]:
    """Send a request until it is answered.

    Raises:
        QuickMLError: the server refuses it, or cannot be reached.
    """
    retry = Retry(contact)
    may_be_done = False

    def attempt() -> Flow[T]:
        nonlocal may_be_done
        try:
            head = yield from retry.send(request)
            body = yield from receive_body(head, request)
        except UnreachableError as error:
            may_be_done |= error.was_sent
            raise
        # A deletion that was repeated because its response was lost.
        is_deleted = request.method == "DELETE" and head.status == 404 and may_be_done
        is_early = request.method == "GET" and head.status == HTTPStatus.ACCEPTED  # a file is not read yet
        if (200 <= head.status < 300 and not is_early) or is_deleted:
            return request.result(body)
        raise refusal(head.status, head.headers, body)

    return retry.until_done(attempt)


def list_jobs(statuses: Sequence[str], page_size: int, contact: Contact) -> Flow[JobMessage | None]:
    """Emit every job, one request per page."""
    cursor: str | None = None
    while True:
        page = yield from call(endpoints.jobs(statuses, page_size, cursor), contact)
        for job in page.jobs:
            yield Emit(item=job)
        cursor = page.next
        if cursor is None:
            return None


def list_files(page_size: int, contact: Contact) -> Flow[UserFileMessage | None]:
    """Emit every file, one request per page."""
    cursor: str | None = None
    while True:
        page = yield from call(file_endpoints.files(page_size, cursor), contact)
        for file in page.files:
            yield Emit(item=file)
        cursor = page.next
        if cursor is None:
            return None
