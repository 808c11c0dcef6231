"""Text from outside, made printable and short: keys, values and paths, and what files and servers say.

Addresses lose their passwords.
"""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

LIMIT = 1000
"""Characters of a text that is shown."""
_KEPT = frozenset("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{IDEOGRAPHIC SPACE}\u200c\u200d")
"""Not printable for Python, but part of names: spaces, and the joiners of Persian, Hindi and emoji."""


def printable(text: str, limit: int | None = LIMIT) -> str:
    """A text on one line, without characters that control a terminal or are invisible.

    These are written as in JSON (`\\n`, `\\u001b`): JSON keeps its value. In a text of more than `limit`
    characters, `…` replaces the middle. So a message keeps its place and its hint.
    """
    short = _shortened(text, limit)
    if short.isprintable():
        return short
    return _shortened("".join(map(_escaped, short)), limit)


_SECRET = re.compile(r"passw|passphrase|secret|token|access_?key|signature|^sig$", re.IGNORECASE)
"""What the name of a parameter has whose value is a secret, unless it names a file."""
_USER = re.compile(r"[\w.@+-]*")
_HOST = re.compile(r"(?:\[[^]]*\]|[^:]*)(?::[0-9]*)?")
_SEPARATOR = re.compile(r"([?&#])")


def masked(address: str) -> str:
    """An address with `***` in place of passwords and keys: of a user, or as parameters.

    Of wrong addresses, too: a password may have any sign in it, so all that stands before the last `@` goes
    if it is no plain name.
    """
    place, *rest = _SEPARATOR.split(_without_password(address))
    return place + "".join(one if _SEPARATOR.fullmatch(one) else _masked_parameter(one) for one in rest)


def _without_password(address: str) -> str:
    scheme, mark, rest = address.partition("://") if "://" in address else ("", "", address)
    user, at, place = rest.rpartition("@")
    if rest.startswith("/"):
        return address
    if at:
        return address if _USER.fullmatch(unquote(user)) else f"{scheme}{mark}***@{place}"
    hosts, *behind = re.split(r"(?=[/?#])", rest, maxsplit=1)
    if not mark or all(_HOST.fullmatch(host) for host in hosts.split(",")):
        return address
    return f"{scheme}{mark}***{''.join(behind)}"  # `ada:password`, and the host was forgotten


def _masked_parameter(parameter: str) -> str:
    name, equals, value = parameter.partition("=")
    plain, decoded = unquote(name), unquote(value)
    if _SECRET.search(plain) and not plain.endswith("_file"):
        return f"{name}{equals}***"
    is_address = "://" in decoded or "@" in decoded
    return f"{name}{equals}***" if is_address and masked(decoded) != decoded else parameter


def _escaped(letter: str) -> str:
    return letter if letter.isprintable() or letter in _KEPT else json.dumps(letter)[1:-1]


def _shortened(text: str, limit: int | None) -> str:
    if limit is None or len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[: half - 1]}…{text[-half:]}"
