"""Signed links: URLs that give access to one file of a job without a token, until they expire."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from quickml.document.plan import Plan
from quickml.errors import LinkError, StoredPlanError
from quickml.jobs.job import Artifact, Job
from quickml.jobs.jobs import JobStore

MAX_S = 7 * 24 * 3600.0
KEY_BYTES = 32
PRIVATE = frozenset({"spec", "answers"})
"""Kinds of files that quote own data: what the file is called, values of columns, true values."""
_PURPOSE = "quickml link 1"
"""Part of what is signed, so that no other signature made with the same key is valid for a link."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """What a link gives access to."""

    job_id: str
    sha256: str
    name: str
    expires: int
    """Seconds since 1970 (UTC)."""

    @property
    def expires_at(self) -> datetime:
        """When it expires."""
        return datetime.fromtimestamp(self.expires, UTC)


class LinkSigner:
    """Signs links and checks signatures, with HMAC-SHA256 (RFC 2104)."""

    def __init__(self, key: bytes, *, max_s: float = MAX_S, clock: Callable[[], float] = time.time) -> None:
        """Set the key, of `KEY_BYTES` random bytes, and the longest time for which a link may be valid."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"key: expected {KEY_BYTES} bytes, found {len(key)}")
        self.max_s = max_s
        self._key, self._clock = key, clock

    def expiry(self, seconds: int) -> int:
        """The value of `expires` for a link that is valid for this many seconds."""
        return int(self._clock()) + seconds

    def sign(self, link: Link) -> str:
        """The signature, in 43 characters of base64url."""
        # JSON separates the fields: no two links give the same text.
        signed = json.dumps([_PURPOSE, link.job_id, link.sha256, link.name, link.expires])
        digest = hmac.digest(self._key, signed.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def is_ours(self, link: Link, signature: str) -> bool:
        """Whether the signature is valid, even if the link has expired."""
        # Compared as text: base64 has several texts for the same bytes.
        return hmac.compare_digest(self.sign(link).encode(), signature.encode(errors="replace"))

    def check(self, link: Link, signature: str) -> None:
        """Check that a link is valid. The signature is checked first: without it, nothing else is revealed.

        Raises:
            LinkError: the signature is wrong, or the link has expired.
        """
        if not self.is_ours(link, signature):
            raise LinkError(
                "link: expected the signature of this server, found another one; the link was changed"
            )
        if link.expires <= self._clock():
            raise LinkError(
                f"link: expected one that is valid now, found one that expired at {link.expires_at}"
            )


class FileLinks:
    """Links to the files of jobs, and who may use them."""

    def __init__(self, jobs: JobStore, signer: LinkSigner) -> None:
        self._jobs, self._signer = jobs, signer

    @property
    def max_s(self) -> float:
        """The longest time for which a link may be valid."""
        return self._signer.max_s

    @staticmethod
    def private_kinds(job: Job) -> frozenset[str]:
        """Kinds of files of a job that have links only if asked for: they quote data that is not shown."""
        if job.plan is None:  # of an older server, which took no own data
            return frozenset()
        try:
            return frozenset() if Plan.from_json(job.plan).info.shows_samples else PRIVATE
        except StoredPlanError:  # nobody knows
            return PRIVATE

    def link(self, artifact: Artifact, seconds: int) -> tuple[Link, str]:
        """A link to a file that is valid for this many seconds, and its signature."""
        expires = self._signer.expiry(seconds)
        link = Link(job_id=artifact.job_id, sha256=artifact.sha256, name=artifact.name, expires=expires)
        return link, self._signer.sign(link)

    def bearer(self, link: Link, signature: str) -> str:
        """The owner of the file that a link gives access to.

        Raises:
            LinkError: the signature is wrong, or the link has expired.
            JobNotFoundError: the job was removed.
        """
        self._signer.check(link, signature)
        return self._jobs.job(link.job_id).owner

    def bearer_of_content(self, job_id: str, sha256: str, expires: int, signature: str) -> str:
        """As `bearer`, for a request that names all of a link but the file's name.

        Without a valid signature, the error does not reveal whether the job exists.
        """
        names = self._jobs.names(job_id, sha256)
        links = [Link(job_id=job_id, sha256=sha256, name=name, expires=expires) for name in names or {""}]
        return self.bearer(
            next((link for link in links if self._signer.is_ours(link, signature)), links[0]), signature
        )
