"""Interim responses (1xx), for which neither ASGI nor uvicorn has a message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

EXTENSION = "quickml.interim"
"""Key of the function that sends one, in the extensions of a request's scope."""

SendInterim = Callable[[bytes], None]


def offer_interim(cycle: RequestResponseCycle, transport: asyncio.Transport) -> None:
    """Let the application send interim responses to a request, until its response begins."""

    def send(response: bytes) -> None:
        if not cycle.response_started and not cycle.disconnected and not transport.is_closing():
            transport.write(response)

    if cycle.scope["http_version"] == "1.1":
        cycle.scope["extensions"] = {EXTENSION: send}  # type: ignore[dict-item]  # an extension of ours


def sender(scope: Scope) -> SendInterim | None:
    """The function that sends interim responses to a request; None where the server has none."""
    found: SendInterim | None = scope.get("extensions", {}).get(EXTENSION)
    return found
