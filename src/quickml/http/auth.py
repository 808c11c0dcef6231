"""Who asks: the owner behind a token, or anyone where the server is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from quickml.service import OPEN_OWNER, Service
from quickml.settings import Settings

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may come in."""

    needs_token: bool
    hosts: frozenset[str] | None = None
    """Names that the server may be called by; None is any."""


def access_of(settings: Settings) -> Access:
    """What the settings say.

    A server that is open because nobody else can reach it answers to this machine's own names alone. A web
    page could otherwise have its own name lead to 127.0.0.1 and read all there is (DNS rebinding).
    """
    if settings.tokens_required or settings.access == "open":
        return Access(needs_token=settings.tokens_required)
    return Access(needs_token=False, hosts=_LOOPBACK | {settings.host.lower()})


async def service_of(request: Request) -> Service:
    """The service behind the routes."""
    service: Service = request.app.state.service
    return service


async def owner_of(request: Request) -> str:
    """Whose jobs the request may see and make.

    Raises:
        HTTPException: 401 without a token that lets anybody in, 421 for another server's name.
    """
    access: Access = request.app.state.access
    if access.needs_token:
        return await _owner_by_token(request)
    if access.hosts is not None:
        name = request.headers.get("host", "").lower()
        if name not in access.hosts and name.rpartition(":")[0] not in access.hosts:
            raise HTTPException(421, f"Host: expected this machine's own name, found {name!r:.80}")
    return OPEN_OWNER


async def _owner_by_token(request: Request) -> str:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        secret = request.query_params.get("token", "")  # a link, an EventSource: they can set no header
    service: Service = request.app.state.service
    owner = await run_in_threadpool(service.owner_of, secret.strip()) if secret.strip() else None
    if owner is None:
        detail = "expected a token, as `Authorization: Bearer ...`; `quickml token create NAME` makes one"
        raise HTTPException(401, detail, headers={"WWW-Authenticate": "Bearer"})
    return owner


TheService = Annotated[Service, Depends(service_of)]
Owner = Annotated[str, Depends(owner_of)]
