"""How both clients set up httpx, and httpx's errors as ours."""

from __future__ import annotations

import ssl
from typing import TypedDict

import httpx

from quickml._version import __version__
from quickml.client.flow import Send
from quickml.errors import Problem, SettingsError, UnreachableError
from quickml.settings.remote import Remote

TIMEOUT_S = 30.0
SILENCE_S = 45.0
"""Reconnect an event stream that has sent nothing for this long: three heartbeats are missing."""
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class HttpOptions(TypedDict):
    """Arguments of `httpx.Client` and `httpx.AsyncClient`."""

    base_url: httpx.URL
    headers: dict[str, str]
    timeout: httpx.Timeout
    verify: ssl.SSLContext | bool
    trust_env: bool


def http_options(remote: Remote, *, timeout_s: float, verify: ssl.SSLContext | bool) -> HttpOptions:
    """How to reach the server.

    `.netrc` and the proxy variables of the environment are ignored: the server is on the local network or
    named in full, and the token must not go anywhere else.

    Raises:
        SettingsError: the server's URL cannot be parsed.
    """
    url = _url(remote.server)
    headers = {"User-Agent": f"quickml/{__version__}", "Accept-Encoding": "identity"}
    if remote.token is not None:
        headers["Authorization"] = f"Bearer {remote.token}"
    return HttpOptions(
        base_url=url,
        headers=headers,
        timeout=httpx.Timeout(timeout_s),
        verify=_default_verify(url) if verify is True else verify,
        trust_env=False,
    )


def _url(server: str) -> httpx.URL:
    try:
        return httpx.URL(server)
    except (httpx.InvalidURL, ValueError) as error:
        found = f"{server!r:.80} ({error})"
        raise SettingsError([Problem(pointer="server", expected="a URL", found=found)]) from None


def _default_verify(url: httpx.URL) -> ssl.SSLContext | bool:
    """Trust the usual authorities and those of this system, including `SSL_CERT_FILE`.

    Without https no certificate is checked, and loading them takes longer than a call. No redirect is
    followed, so http stays http.
    """
    if url.scheme != "https":
        return False
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


def build_request(http: httpx.Client | httpx.AsyncClient, step: Send) -> httpx.Request:
    """The request of a step, as httpx has it."""
    call, timeout = step.call, httpx.Timeout(http.timeout)
    if step.is_event_stream:
        timeout.read = SILENCE_S
    return http.build_request(
        call.method,
        call.path,
        params=dict(call.query) or None,
        headers=dict(call.headers),
        content=call.content,
        timeout=timeout,
    )


def unreachable(error: httpx.RequestError, server: httpx.URL) -> UnreachableError:
    """An error of httpx as ours."""
    was_sent = not isinstance(error, NEVER_SENT)
    what = "the connection broke" if was_sent else "cannot be reached"
    reason = str(error) or type(error).__name__
    return UnreachableError(f"{str(server).rstrip('/')}: {what} ({reason})", was_sent=was_sent)
