"""Authentication: the owner of a token, or the one owner of an open server."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from quickml.api import routes
from quickml.http.state import AppState, state_of
from quickml.service import OPEN_OWNER
from quickml.settings import ServerSettings

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


async def owner_of(request: Request) -> str:
    """The owner whose jobs the request may read and change.

    Raises:
        HTTPException: 401 without a valid token, 421 for the host name of another server.
    """
    state = state_of(request.app)
    if state.settings.tokens_required:
        return await _owner_by_token(request, state)
    _check_host(request, state.settings)
    return OPEN_OWNER


def _check_host(request: Request, settings: ServerSettings) -> None:
    """Refuse a name that is not this server's.

    A web page could otherwise point its own name at 127.0.0.1 and read everything (DNS rebinding).
    """
    if not settings.is_local and not settings.hosts:
        return  # its names are unknown
    name, allowed = _host(request), _LOOPBACK | {settings.host.lower()} | settings.hosts
    if name not in allowed and name.rpartition(":")[0] not in allowed:
        hint = "the setting `allowed_hosts` adds names"
        raise HTTPException(421, f"Host: expected a name of this server, found {name!r:.80}; {hint}")


async def check_origin(request: Request) -> None:
    """Refuse a change that a web page of another origin asks for (CSRF).

    Browsers describe the page in `Sec-Fetch-Site`, or else, if old or on an insecure connection, in `Origin`;
    other programs send neither. This is the rule of `http.CrossOriginProtection` in Go's library.

    Raises:
        HTTPException: 403.
    """
    if request.method in _SAFE and request.url.path != routes.STOP_MODEL:
        return
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    origins = state_of(request.app).settings.origins
    if "*" in origins or origin in origins:
        return
    if site is not None:
        is_foreign = site.lower() not in ("same-origin", "none")
    else:
        is_foreign = origin is not None and origin.lower().partition(":")[2] != f"//{_host(request)}"
    if is_foreign:
        found = f"Origin {origin!r:.80}" if origin else f"Sec-Fetch-Site {site!r:.80}"
        detail = f"expected a page of this server or of the setting `cors_origins`, found {found}"
        raise HTTPException(403, detail, headers={"Connection": "close"})  # the body is not read


def _host(request: Request) -> str:
    return request.headers.get("host", "").lower()


def secret_of(request: Request) -> str:
    """The secret of the token that a request carries; empty without one."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        secret = request.query_params.get("token", "")  # links and EventSource cannot set a header
    return secret.strip()


async def _owner_by_token(request: Request, state: AppState) -> str:
    secret = secret_of(request)
    owner = await run_in_threadpool(state.service.owner_of, secret) if secret else None
    if owner is None:
        detail = "expected a token, as `Authorization: Bearer ...`; `quickml token create NAME` makes one"
        raise HTTPException(401, detail, headers={"WWW-Authenticate": "Bearer"})
    return owner


async def known_owner(request: Request) -> str | None:
    """The owner of a request that is answered whoever sends it; None where `owner_of` raises."""
    try:
        return await owner_of(request)
    except HTTPException:
        return None


async def _known_owner(request: Request) -> str:
    request.state.owner = owner = await owner_of(request)  # for `owner_in`
    return owner


Owner = Annotated[str, Depends(_known_owner)]
