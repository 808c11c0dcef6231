"""What `Client` and `AsyncClient` have in common: how httpx is set up."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Generic, TypeVar

import httpx

from quickml._version import __version__
from quickml.client.retry import Contact, OnRetry
from quickml.errors import Problem, SettingsError
from quickml.settings.remote import Remote, remote

H = TypeVar("H")

TIMEOUT_S = 30.0


class BaseClient(Generic[H]):
    """H is the client of httpx that `_open` makes."""

    _open: Callable[..., H]

    def __init__(
        self,
        server: str | None = None,
        *,
        token: str | None = None,
        patience_s: float = 60.0,
        timeout_s: float = TIMEOUT_S,
        verify: ssl.SSLContext | bool = True,
        on_retry: OnRetry | None = None,
    ) -> None:
        """Set up a client. No connection is opened yet.

        Args:
            server: URL of the server. Default: `QUICKML_SERVER`, else http://127.0.0.1:8000.
            token: access token. Default: `QUICKML_TOKEN`.
            patience_s: how long to retry a failing call. A server that has never answered is not retried.
            timeout_s: how long to wait for a connection, and for the next bytes of a response.
            verify: for https, whether to check certificates, or a context that does.
            on_retry: called with the error and the seconds until the next attempt.

        Raises:
            SettingsError: the URL or the token is malformed.
        """
        self._remote = remote(server, token)
        self._contact = Contact(patience_s, on_retry)
        url = _url(self._remote.server)
        self._http = self._open(
            base_url=url,
            headers=_headers(self._remote),
            timeout=httpx.Timeout(timeout_s),
            verify=_default_verify(url) if verify is True else verify,
            trust_env=False,  # no proxy and no `.netrc`: the token goes to the named server only
        )

    @property
    def server(self) -> str:
        """URL of the server."""
        return self._remote.server


def _headers(remote: Remote) -> dict[str, str]:
    headers = {"User-Agent": f"quickml/{__version__}", "Accept-Encoding": "identity"}
    if remote.token is not None:
        headers["Authorization"] = f"Bearer {remote.token}"
    return headers


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
