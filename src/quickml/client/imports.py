"""Files that a server is reading: follow that, and submit a document when it is done."""

from __future__ import annotations

from collections.abc import Callable

from quickml.api.files import ImportItem, ImportProgress
from quickml.api.jobs import JobMessage
from quickml.client import endpoints, file_endpoints
from quickml.client.call import call
from quickml.client.endpoints import Document
from quickml.client.flow import Emit, Flow, Sleep
from quickml.client.retry import Contact
from quickml.errors import FileImportingError

PAUSE_S = 0.5
"""Between two requests for events."""

OnImport = Callable[[str, int, int], None]
"""Is told what is done, how much of it, and of how much."""


def no_import(what: str, done: int, total: int) -> None:
    """Shows nothing."""


def submitted(
    document: Document, idempotency_key: str | None, contact: Contact, on_import: OnImport
) -> Flow[JobMessage]:
    """The job of a document, once the server has read the files that it names.

    Raises:
        QuickMLError: see `call`.
    """
    request = endpoints.submit(document, idempotency_key)
    while True:
        try:
            return (yield from call(request, contact))
        except FileImportingError as error:
            files = [
                str(problem.values["sha256"]) for problem in error.problems if "sha256" in problem.values
            ]
        for sha256 in files:
            yield from _awaited(sha256, contact, on_import)
        yield Sleep(pause_s=PAUSE_S)


def _awaited(sha256: str, contact: Contact, on_import: OnImport) -> Flow[None]:
    steps = followed(sha256, 0, contact)
    result = None
    while True:
        try:
            step = steps.send(result)
        except StopIteration:
            return
        result = None
        if not isinstance(step, Emit):
            result = yield step
        elif isinstance(step.item, ImportItem) and isinstance(step.item.event, ImportProgress):
            on_import(step.item.event.what, step.item.event.done, step.item.event.total)


def followed(sha256: str, after: int, contact: Contact) -> Flow[ImportItem | None]:
    """Emit the events of a file until it is read."""
    while True:
        page = yield from call(file_endpoints.import_events(sha256, after), contact)
        for item in page.events:
            yield Emit(item=item)
        if page.is_finished:
            return None
        after = page.last
        yield Sleep(pause_s=PAUSE_S)
