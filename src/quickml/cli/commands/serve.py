"""`quickml serve`."""

from __future__ import annotations

import gc
import logging
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import quote

from quickml import composition, logs
from quickml.cli.display.output import say
from quickml.errors import Problem, SettingsError
from quickml.http.app import create_app
from quickml.http.server.run import Server, listen
from quickml.http.studio.built import built
from quickml.http.studio.pages import Studio
from quickml.service import Service
from quickml.settings import Settings, is_loopback

log = logging.getLogger(__name__)

FIRST_OWNER = "admin"
"""Owner of the token that the server creates on its first start."""
ANY = frozenset({"0.0.0.0", "::"})  # noqa: S104  # recognised, not bound to
COLLECT_AFTER = 100_000
"""Number of new objects after which Python searches for garbage among them; its default is 700."""
SWITCH_S = 0.0005
"""How long a busy thread may delay the event loop; Python's default is ten times as long."""


def serve(settings: Settings, *, opens: bool = False) -> None:
    """Serve until a signal ends the process; with `opens`, also open the studio in a browser.

    Raises:
        SettingsError: the address or the certificate cannot be used.
        StoreError: the data folder cannot be used, or another server uses it.
    """
    logs.configure(style=settings.server.log_format, level=settings.server.log_level)
    _raise_file_limit()
    sys.setswitchinterval(SWITCH_S)
    with _listening(settings) as listener, composition.service(settings) as service:
        studio = Studio(built())
        server = Server(create_app(service, settings.server, studio))
        _collect_rarely()
        _load_certificate(server, settings)
        address = _address(settings, listener.getsockname()[1])
        say(*_greeting(settings, service, address, has_page=studio.has_page))
        if opens:
            _open(address)
        server.run(sockets=[listener])


def _listening(settings: Settings) -> socket.socket:
    try:
        return listen(settings.server.host, settings.server.port)
    except OSError as error:
        place = f"{settings.server.host} port {settings.server.port}"
        raise _wrong("--host, --port", "an address to listen on", f"{place} ({error.strerror})") from None


def _load_certificate(server: Server, settings: Settings) -> None:
    try:
        server.config.load()
    except OSError as error:  # ssl's errors are
        found = f"{settings.server.tls_cert} and {settings.server.tls_key} ({error.strerror or error})"
        raise _wrong("--tls-cert, --tls-key", "a certificate and its key (PEM)", found) from None


def _wrong(place: str, expected: str, found: str) -> SettingsError:
    return SettingsError([Problem(pointer=place, expected=expected, found=found)])


def _raise_file_limit() -> None:
    """Each connection is an open file. The usual limit of 1024 is meant for programs that use `select`."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _collect_rarely() -> None:
    """Have Python search for garbage seldom, and not among what is loaded: all threads wait meanwhile.

    A request with 100,000 empty lists would otherwise cause a hundred searches.
    """
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


def _open(address: str) -> None:
    """Without the token: other users of this machine may see the arguments of processes."""
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(f"{address}/",), daemon=True).start()


def _greeting(settings: Settings, service: Service, address: str, *, has_page: bool) -> Iterator[str]:
    secret = None
    if settings.server.tokens_required and (made := service.first_token(FIRST_OWNER)):
        secret = made[1]
    # After the "#", since browsers send only what is before it: no log gets to see the token.
    link = f"{address}/#token={quote(secret)}" if secret else f"{address}/"
    yield f"QuickML server   {address}"
    if has_page or secret:
        yield f"{'studio' if has_page else 'link with token':<17}{link}"
    yield f"data             {settings.storage.data.absolute()}"
    if settings.storage.database:
        yield f"database         {settings.storage.database}"
    if settings.storage.files:
        yield f"files            {settings.storage.files_place}"
    if secret:
        yield f"token            {secret}"
        yield f"                 shown only once; owner: {FIRST_OWNER}"
        yield "                 `quickml token create NAME` creates more"
    elif settings.server.tokens_required:
        yield "token            required; `quickml token create NAME` creates one"
    if not is_loopback(_host(settings)):  # a phone could not open it
        yield from _code(link)


def _code(link: str) -> Iterator[str]:
    """A QR code for phones, if the output can show its characters."""
    import io

    import segno

    text = io.StringIO()
    segno.make(link, error="l", micro=False).terminal(text, compact=True, border=2)
    code = text.getvalue().rstrip("\n")
    try:
        code.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return
    yield from code.splitlines()


def _address(settings: Settings, port: int) -> str:
    scheme, host = "https" if settings.server.tls_cert else "http", _host(settings)
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _host(settings: Settings) -> str:
    return _own_address() if settings.server.host in ANY else settings.server.host


def _own_address() -> str:
    """The address to type on another device: that on the network with the default route.

    No packet is sent to find it.
    """
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # reserved for documentation, RFC 5737
        return str(probe.getsockname()[0])
    return "127.0.0.1"
