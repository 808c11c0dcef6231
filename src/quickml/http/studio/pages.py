"""Responses with the files of the studio: the page at `/`, and what it loads."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response

from quickml.http.accept import is_preferred
from quickml.http.kept import Kept
from quickml.http.studio.built import PAGE

POLICY = "; ".join([
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "connect-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types svelte-trusted-html quickml-worker",
])  # fmt: skip
"""What the page may do: it runs its own scripts and asks its own server, and nothing else. Scripts have it
too, since a worker obeys the policy of its own file."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
"""`AccessLog` adds those of every response."""
ASSETS = "assets/"
"""Folder of the files whose names contain a hash of their content."""
REVALIDATED = "no-cache"
IMMUTABLE = "public, max-age=31536000, immutable"


class Studio:
    """The files of the studio as responses. Without files, there is no page."""

    def __init__(self, files: Mapping[str, Kept]) -> None:
        self._files = files

    @property
    def has_page(self) -> bool:
        """Whether there is a page."""
        return PAGE in self._files

    def page(self, headers: Headers) -> Response | None:
        """The page, for whoever prefers HTML to JSON, as browsers do; None for all others.

        Raises:
            HTTPException: 412, where a condition of the request fails.
        """
        if not self.has_page or not is_preferred(headers, "text/html", "application/json"):
            return None
        vary = "Accept, Accept-Encoding"
        return self._files[PAGE].response(headers, cache=REVALIDATED, vary=vary, more=HEADERS)

    def asset(self, name: str, headers: Headers) -> Response:
        """A file that the page loads, by its path below `assets/`.

        Raises:
            HTTPException: 404 where there is none, 412 where a condition of the request fails.
        """
        file = self._files.get(f"{ASSETS}{name}")
        if file is None:
            raise HTTPException(404, f"expected a file of the studio, found {name[:80]!r}")
        return file.response(headers, cache=IMMUTABLE, more=HEADERS)
