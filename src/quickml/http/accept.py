"""What a client prefers: `Accept` and `Accept-Encoding` (RFC 9110, section 12.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from starlette.datastructures import Headers

_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.ASCII)
_ANY = ("*/*", "*")
IDENTITY = "identity"
"""No content coding."""


def is_preferred(headers: Headers, media_type: str, other: str) -> bool:
    """Whether a client prefers one media type to another. It must say so: a wildcard does not."""
    wanted = _qualities(headers, "accept")
    return _of_type(wanted, media_type) > _of_type(wanted, other)


def encoding(headers: Headers, offered: Sequence[str]) -> str:
    """The content coding to use: of those `offered`, which are in order of preference; else `identity`.

    A request without `Accept-Encoding` gets `identity`, since whoever sends it may understand no other.
    """
    wanted = _qualities(headers, "accept-encoding")
    found = [(wanted.get(name, wanted.get("*", 0.0)), name) for name in offered]
    best = max(found, key=lambda one: one[0], default=(0.0, ""))  # of equals, the first
    return best[1] if best[0] > 0 and best[0] >= wanted.get(IDENTITY, 0.0) else IDENTITY


def _of_type(wanted: Mapping[str, float], media_type: str) -> float:
    """The quality of the most specific range that contains a media type."""
    ranges = (media_type, f"{media_type.partition('/')[0]}/*", *_ANY)
    return next((wanted[one] for one in ranges if one in wanted), 0.0)


def _qualities(headers: Headers, name: str) -> dict[str, float]:
    """Each item of a header with its quality. Items whose quality cannot be read are left out."""
    found: dict[str, float] = {}
    for item in ",".join(headers.getlist(name)).lower().split(","):
        value, *parameters = (part.strip() for part in item.split(";"))
        given = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        if value and _QUALITY.fullmatch(given):
            found.setdefault(value, float(given))
    return found
