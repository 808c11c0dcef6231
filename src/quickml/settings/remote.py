"""Address and token of a server, from arguments or environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit, urlunsplit

from quickml.errors import Problem, SettingsError
from quickml.text import masked

SERVER = "QUICKML_SERVER"
TOKEN = "QUICKML_TOKEN"  # noqa: S105
DEFAULT_SERVER = "http://127.0.0.1:8000"
"""Default address of `quickml serve`."""


@dataclass(frozen=True, kw_only=True)
class Remote:
    """Address and token of a server."""

    server: str
    """URL without a trailing slash. It may have a path."""
    token: str | None = field(default=None, repr=False)


def remote(
    server: str | None = None, token: str | None = None, environment: Mapping[str, str] = os.environ
) -> Remote:
    """The given server, else that of `QUICKML_SERVER`, else `DEFAULT_SERVER`.

    The token is the given one, else that in the URL (`#token=...`, as `quickml serve` prints it, or
    `?token=...`), else that of `QUICKML_TOKEN`, which is sent to any server that is given.

    Raises:
        SettingsError: the server is not an http or https URL, or the token cannot be sent in a header.
    """
    place = "server" if server else SERVER
    address = server or environment.get(SERVER) or DEFAULT_SERVER
    try:
        parts = urlsplit(address)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or not address.isprintable() or "@" in parts.netloc:
        hint = f"did you mean 'http://{address}'?" if "//" not in address else ""
        raise SettingsError([_problem(place, "a URL such as http://192.168.1.7:8000", address, hint)])
    found = token or _token_in(parts.fragment) or _token_in(parts.query) or environment.get(TOKEN)
    if found is not None and not (found.isascii() and found.isprintable() and " " not in found):
        raise SettingsError([_problem(TOKEN, "a token, as `quickml token create` prints it", "other text")])
    url = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
    return Remote(server=url, token=found or None)


def _token_in(text: str) -> str | None:
    return next(iter(parse_qs(text).get("token", ())), None)


def _problem(pointer: str, expected: str, found: str, hint: str = "") -> Problem:
    return Problem(pointer=pointer, expected=expected, found=repr(masked(found))[:80], hint=hint)
