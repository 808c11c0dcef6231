"""Header fields of uploads. What cannot be read counts as absent, as the protocols say."""

from __future__ import annotations

import base64
import binascii
import re
from email.message import Message
from urllib.parse import unquote

from starlette.datastructures import Headers

_INTEGER = re.compile(r"([0-9]{1,15})\s*(?:;.*)?", re.ASCII)
_BOOLEAN = re.compile(r"\?([01])\s*(?:;.*)?", re.ASCII)
_EXTENDED_NAME = re.compile(r";\s*filename\*\s*=\s*UTF-8'[\w-]*'([^\s;\"]+)", re.IGNORECASE | re.ASCII)
_DIGEST = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]{1,64}):", re.ASCII)


def single(headers: Headers, name: str) -> str | None:
    """The value of a field that occurs once."""
    found = headers.getlist(name)
    return found[0].strip() if len(found) == 1 else None


def integer(headers: Headers, name: str) -> int | None:
    """An integer (RFC 9651, section 3.3.1) that is not negative."""
    found = _INTEGER.fullmatch(single(headers, name) or "")
    return int(found[1]) if found else None


def boolean(headers: Headers, name: str) -> bool | None:
    """A Boolean (RFC 9651, section 3.3.6)."""
    found = _BOOLEAN.fullmatch(single(headers, name) or "")
    return found[1] == "1" if found else None


def content_length(headers: Headers) -> int | None:
    """The length of the request's body, if it is announced."""
    found = headers.get("content-length", "")
    return int(found) if found.isascii() and found.isdecimal() and len(found) < 19 else None


def media_type(headers: Headers) -> str:
    """The media type, without parameters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def sha256_in(headers: Headers) -> str | None:
    """The SHA-256 in `Repr-Digest` (RFC 9530), in hexadecimal."""
    found = _DIGEST.search(",".join(headers.getlist("repr-digest")))
    if not found:
        return None
    try:
        digest = base64.b64decode(found[1], validate=True)
    except binascii.Error:
        return None
    return digest.hex() if len(digest) == 32 else None


def repr_digest(sha256: str) -> str:
    """The value of `Repr-Digest` for a SHA-256."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode('ascii')}:"


def file_name(headers: Headers) -> str | None:
    """The name in `Content-Disposition` (RFC 6266), without folders."""
    value = single(headers, "content-disposition")
    if value is None:
        return None
    if extended := _EXTENDED_NAME.search(value):  # wins over `filename`, which is for older clients
        return plain(unquote(extended[1]))
    message = Message()
    message["content-disposition"] = value
    found = message.get_filename()
    return None if found is None else plain(_utf8(found))


def _utf8(text: str) -> str:
    """Headers are read as Latin-1; browsers send names in UTF-8."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def plain(name: str) -> str | None:
    """A name without folders; None if nothing is left."""
    return re.split(r"[/\\]", name)[-1].strip() or None


def metadata(text: str) -> dict[str, str]:
    """The pairs of tus' `Upload-Metadata`, such as `filename d29ybGQ=,is_new`; without damaged values."""
    found: dict[str, str] = {}
    for pair in text.split(","):
        key, _, value = pair.strip().partition(" ")
        try:
            found[key.lower()] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeError):
            continue
    return found
