"""httpx, as both clients set it up, and its errors as ours."""

from __future__ import annotations

import ssl
from typing import Any, TypedDict

import httpx

from quickml import __version__
from quickml.client.attempts import Answer
from quickml.client.calls import Call
from quickml.errors import Problem, SettingsError, UnreachableError
from quickml.settings.remote import Remote

TIMEOUT_S = 30.0
SILENCE_S = 45.0
"""A stream of events from which not even a heartbeat comes for so long is dead: three of them."""
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Options(TypedDict):
    """What httpx's two clients take."""

    base_url: httpx.URL
    headers: dict[str, str]
    timeout: httpx.Timeout
    verify: ssl.SSLContext | bool
    trust_env: bool


def options(remote: Remote, *, timeout_s: float, verify: ssl.SSLContext | bool) -> Options:
    """How to reach the server.

    Neither `.netrc` nor a proxy of the environment is asked: a server stands in the same room or is named in
    full, and a token goes to nobody else.

    Raises:
        SettingsError: no machine can have such a name.
    """
    url = _url(remote.server)
    headers = {"User-Agent": f"quickml/{__version__}"}
    if remote.token is not None:
        headers["Authorization"] = f"Bearer {remote.token}"
    return Options(
        base_url=url,
        headers=headers,
        timeout=httpx.Timeout(timeout_s),
        verify=_trusted(url) if verify is True else verify,
        trust_env=False,
    )


def _url(server: str) -> httpx.URL:
    try:
        return httpx.URL(server)
    except (httpx.InvalidURL, ValueError) as error:
        found = f"{server!r:.80} ({error})"
        raise SettingsError([Problem(pointer="server", expected="a URL", found=found)]) from None


def _trusted(url: httpx.URL) -> ssl.SSLContext | bool:
    """Whom this system trusts, `SSL_CERT_FILE` among them, beside the usual authorities.

    Without https there is nobody to trust, and to load them takes longer than a call. No redirection is
    followed, so it stays so.
    """
    if url.scheme != "https":
        return False
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


class Arguments(TypedDict, total=False):
    """What httpx's calls take."""

    method: str
    url: str
    params: Any
    headers: dict[str, str]
    content: bytes | None


def arguments(call: Call[Any]) -> Arguments:
    """A call as httpx takes it."""
    return Arguments(
        method=call.method,
        url=call.path,
        params=dict(call.query) or None,
        headers=dict(call.headers),
        content=call.content,
    )


def answer(response: httpx.Response) -> Answer:
    """A response that has been read."""
    return Answer(status=response.status_code, headers=response.headers, content=response.content)


def unreachable(error: httpx.RequestError, server: str) -> UnreachableError:
    """An error of httpx as ours."""
    was_sent = not isinstance(error, NEVER_SENT)
    what = "broke off" if was_sent else "cannot be reached"
    reason = str(error) or type(error).__name__
    return UnreachableError(f"the server at {server} {what} ({reason})", was_sent=was_sent)
