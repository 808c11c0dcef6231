"""The built files of the studio, in memory: `index.html` and what it loads, each also compressed.

`npm run build` in `web/` writes them beside this module. They are read once, when the server starts; together
they take less memory than one photo.
"""

from __future__ import annotations

import logging
import mimetypes
from collections.abc import Mapping
from pathlib import Path

from quickml.http.accept import IDENTITY
from quickml.http.kept import EncodedContent, Kept

log = logging.getLogger(__name__)

FOLDER = Path(__file__).parent / "built"
PAGE = "index.html"
SUFFIXES: Mapping[str, str] = {"br": ".br", "gzip": ".gz"}
"""Suffix of the compressed file beside a file, by content coding; the smaller one first."""
TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
}
"""Media types that systems disagree on; Windows reads others from its registry."""


def built(folder: Path = FOLDER) -> dict[str, Kept]:
    """The files of a folder by their path with `/`; none if it does not hold the page, which is logged."""
    try:
        found = {path.relative_to(folder).as_posix(): _file(path) for path in _paths(folder)}
    except OSError as error:
        log.warning("studio: %s cannot be read (%s)", folder, error.strerror)
        return {}
    if PAGE not in found:
        log.warning("studio: expected %s in %s, found none; the server has no page", PAGE, folder)
        return {}
    return found


def _paths(folder: Path) -> list[Path]:
    files = {path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")}
    return sorted(path for path in files if path.suffix not in SUFFIXES.values())


def _file(path: Path) -> Kept:
    places = {coding: path.with_name(path.name + suffix) for coding, suffix in SUFFIXES.items()}
    found = {coding: place for coding, place in places.items() if place.is_file()} | {IDENTITY: path}
    codings = {coding: EncodedContent.of(place.read_bytes()) for coding, place in found.items()}
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Kept(media_type=kind, codings=codings)
