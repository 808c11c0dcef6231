"""Middleware around all others: a log line, metrics and duration of each request, and security headers."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quickml.api import routes
from quickml.http.server.metrics import Metrics

log = logging.getLogger(__name__)

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""Security headers of every response: no content sniffing, no referrer, no frames, no embedding."""
TIMING = b"server-timing"
QUIET = frozenset({routes.HEALTH, routes.READINESS, routes.METRICS})
"""Requests of monitoring, which are not logged if they succeed."""


class AccessLog:
    """Plain ASGI, since every event of every stream passes through."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status, sent = 500, 0

        async def observed(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*_timed(message.get("headers", ()), began), *HEADERS]
            else:
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, observed)
        finally:
            self._tell(scope, status, time.perf_counter() - began, sent)

    def _tell(self, scope: Scope, status: int, seconds: float, sent: int) -> None:
        route = getattr(scope.get("route"), "path", "none")  # the pattern, of which there are few
        streamed = route == routes.JOB_EVENTS and status == 200
        method = scope["method"] if route != "none" else "any"  # clients can invent methods
        self._metrics.request(
            method=method, route=route, status=status, seconds=None if streamed else seconds, sent_bytes=sent
        )
        if scope["path"] in QUIET and status < 400:
            return
        more = {"status": status, "seconds": round(seconds, 4), "sent_bytes": sent}
        if job_id := scope.get("path_params", {}).get("job_id"):
            more["job_id"] = job_id[:64]
        # The query is left out, since it may contain a token.
        log.info("%s %s %d", scope["method"], scope["path"][:200], status, extra=more)


def _timed(headers: Iterable[tuple[bytes, bytes]], began: float) -> Iterator[tuple[bytes, bytes]]:
    """The headers; one that says how long a part of the work took also says how long all of it took."""
    for name, value in headers:
        total = b", total;dur=%.3f" % (1000 * (time.perf_counter() - began)) if name == TIMING else b""
        yield name, value + total
