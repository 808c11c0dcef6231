"""Interim responses with status 104 (Upload Resumption Supported): they tell a client of its upload early."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request

from quickml.http.server.interim import sender
from quickml.http.uploads.protocols import IetfProtocol

STATUS_LINE = b"HTTP/1.1 104 Upload Resumption Supported\r\n"


def send_interim(request: Request, protocol: IetfProtocol, headers: Mapping[str, str]) -> bool:
    """Send one, if the client says which version of the draft it speaks; others would not expect it.

    Returns:
        Whether it was sent.
    """
    send = sender(request.scope)
    if send is None or protocol.interop is None:
        return False
    lines = {**headers, "Upload-Draft-Interop-Version": str(protocol.interop)}
    fields = b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in lines.items())
    send(STATUS_LINE + fields + b"\r\n")
    return True
