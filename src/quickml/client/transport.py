"""httpx, as both clients set it up, and its errors as ours."""

from __future__ import annotations

import ssl
from typing import Any, TypedDict

import httpx

from quickml._version import __version__
from quickml.client.endpoints import Call
from quickml.client.retry import Answer
from quickml.errors import Problem, ServiceError, SettingsError, UnreachableError
from quickml.settings.remote import Remote

TIMEOUT_S = 30.0
SILENCE_S = 45.0
"""A stream of events from which not even a heartbeat comes for so long is dead: three of them."""
MAX_ANSWER_BYTES = 64 << 20
"""Of JSON: what a model's layers gave for some pictures is the longest."""
MAX_REFUSAL_BYTES = 1 << 20
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
    headers = {"User-Agent": f"quickml/{__version__}", "Accept-Encoding": "identity"}
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
    """A response, read to its end.

    Raises:
        ServiceError: there is no end to it.
    """
    body = _Body(response)
    for content in response.iter_raw():
        body.add(content)
    return body.answer()


async def awaited_answer(response: httpx.Response) -> Answer:
    """The same, where it is awaited."""
    body = _Body(response)
    async for content in response.aiter_raw():
        body.add(content)
    return body.answer()


class _Body:
    """What has come of an answer. Nothing is unpacked: a few bytes may become millions."""

    def __init__(self, response: httpx.Response) -> None:
        self._response, self._content = response, bytearray()
        self._most_bytes = MAX_ANSWER_BYTES if response.is_success else MAX_REFUSAL_BYTES

    def add(self, content: bytes) -> None:
        self._content += content
        if len(self._content) > self._most_bytes:
            request, status = self._response.request, self._response.status_code
            what = f"{request.method} {request.url.path}"
            raise ServiceError(
                f"{what}: expected at most {self._most_bytes:,} bytes, found more (status {status})",
                status=status,
            )

    def answer(self) -> Answer:
        status, headers = self._response.status_code, self._response.headers
        return Answer(status=status, headers=headers, content=bytes(self._content))


def unreachable(error: httpx.RequestError, server: str) -> UnreachableError:
    """An error of httpx as ours."""
    was_sent = not isinstance(error, NEVER_SENT)
    what = "broke off" if was_sent else "cannot be reached"
    reason = str(error) or type(error).__name__
    return UnreachableError(f"the server at {server} {what} ({reason})", was_sent=was_sent)
