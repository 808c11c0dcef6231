"""What `Client` and `AsyncClient` have in common: how they are set up."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Generic, TypeVar

from quickml.client.retry import Contact, OnRetry
from quickml.client.transport import TIMEOUT_S, http_options
from quickml.settings.remote import remote

H = TypeVar("H")


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
        self._http = self._open(**http_options(self._remote, timeout_s=timeout_s, verify=verify))

    @property
    def server(self) -> str:
        """URL of the server."""
        return self._remote.server
