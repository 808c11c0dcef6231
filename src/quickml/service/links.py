"""Signed links: the bearer of one may fetch one file of a job, for a while, without a token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from quickml.errors import LinkError

MAX_S = 7 * 24 * 3600.0
KEY_BYTES = 32
_PURPOSE = "quickml link 1"
"""Signed too: a signature of anything else under the same key is none of a link."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """What one link leads to."""

    job_id: str
    sha256: str
    name: str
    expires: int
    """Seconds since 1970 (UTC)."""

    @property
    def expires_at(self) -> datetime:
        """The first moment at which it leads nowhere."""
        return datetime.fromtimestamp(self.expires, UTC)


class LinkSigner:
    """Signs links and checks signatures, with HMAC-SHA256 (RFC 2104)."""

    def __init__(self, key: bytes, *, max_s: float = MAX_S, clock: Callable[[], float] = time.time) -> None:
        """Sign with `key`, of `KEY_BYTES` random bytes, links that are good for `max_s` seconds at most."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"key: expected {KEY_BYTES} bytes, found {len(key)}")
        self.max_s = max_s
        self._key, self._clock = key, clock

    def expiry(self, seconds: int) -> int:
        """So many seconds from now."""
        return int(self._clock()) + seconds

    def sign(self, link: Link) -> str:
        """The signature, in 43 characters of base64url."""
        # JSON marks where one field ends and the next begins: no two links are the same text.
        signed = json.dumps([_PURPOSE, link.job_id, link.sha256, link.name, link.expires])
        digest = hmac.digest(self._key, signed.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def is_ours(self, link: Link, signature: str) -> bool:
        """Whether a link was signed here, be it still good or not."""
        # As texts: base64 has more than one for the same bytes.
        return hmac.compare_digest(self.sign(link).encode(), signature.encode(errors="replace"))

    def check(self, link: Link, signature: str) -> None:
        """Whether a link is one of ours and still good.

        The signature comes first, so that a stranger learns nothing else.

        Raises:
            LinkError: no.
        """
        if not self.is_ours(link, signature):
            raise LinkError("the link: expected it as this server signed it, found it changed")
        if link.expires <= self._clock():
            raise LinkError(f"the link: expected one that is still good, found its end at {link.expires_at}")
