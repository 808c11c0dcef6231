"""Authentication: the owner of a token, or the one owner of an open server."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from quickml.http.state import AppState, state_of
from quickml.service import OPEN_OWNER

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


async def owner_of(request: Request) -> str:
    """The owner whose jobs the request may read and change.

    A server that is open because it listens on the loopback interface accepts local host names only. A web
    page could otherwise point its own name at 127.0.0.1 and read everything (DNS rebinding).

    Raises:
        HTTPException: 401 without a valid token, 421 for the host name of another server.
    """
    state = state_of(request.app)
    if state.settings.tokens_required:
        return await _owner_by_token(request, state)
    if state.settings.access != "open":
        _check_host(request, _LOOPBACK | {state.settings.host.lower()})
    return OPEN_OWNER


def _check_host(request: Request, allowed: frozenset[str]) -> None:
    name = request.headers.get("host", "").lower()
    if name not in allowed and name.rpartition(":")[0] not in allowed:
        raise HTTPException(421, f"Host: expected a name of this machine, found {name!r:.80}")


async def _owner_by_token(request: Request, state: AppState) -> str:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        secret = request.query_params.get("token", "")  # links and EventSource cannot set a header
    secret = secret.strip()
    owner = await run_in_threadpool(state.service.owner_of, secret) if secret else None
    if owner is None:
        detail = "expected a token, as `Authorization: Bearer ...`; `quickml token create NAME` makes one"
        raise HTTPException(401, detail, headers={"WWW-Authenticate": "Bearer"})
    return owner


Owner = Annotated[str, Depends(owner_of)]
