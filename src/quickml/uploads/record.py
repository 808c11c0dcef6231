"""The records: a file of a user, an upload, and what an owner may have of both."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from quickml.errors import Problem, RequestError

MOST = 10**15 - 1
"""The largest number that a header field may have (RFC 9651, section 3.3.1)."""
MAX_NAME = 255
"""Characters of a file's name."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_INVISIBLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories: control characters, surrogates, separators of lines and paragraphs."""


@dataclass(frozen=True, kw_only=True)
class UserFile:
    """A file of a user. Its content is in the artifact store."""

    owner: str
    sha256: str
    size_bytes: int
    names: tuple[str, ...]
    """What the owner calls it, the newest name first."""
    created_at: datetime
    used_at: datetime
    """When it was uploaded or used by a job last."""

    @property
    def name(self) -> str:
        """Its newest name."""
        return self.names[0]


@dataclass(frozen=True, kw_only=True)
class Upload:
    """An upload. How much of it has arrived is the length of its partial file."""

    id: str
    """`upl_` and 26 characters that cannot be guessed."""
    owner: str
    name: str
    size_bytes: int | None
    """None as long as the client does not know."""
    sha256: str | None
    """What the client says that the content is, if it does."""
    content: str | None = None
    """What the content was found to be when all of it had arrived."""
    is_complete: bool = False
    """Whether its content is a file of the owner now."""
    note: str = ""
    """`Upload-Metadata` of a tus client, which gets it back."""
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class NewUpload:
    """An upload that a client asks for."""

    name: str
    size_bytes: int | None
    sha256: str | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class FileLimits:
    """What an owner may upload."""

    max_file_bytes: int = MOST
    files_per_owner_bytes: int = MOST
    files_per_owner: int = 1000
    uploads_per_owner: int = 4
    keep_uploads_s: float = 24 * 3600.0
    """How long an upload may take; how long a finished one is known."""
    keep_unused_files_s: float | None = None
    """How long a file is kept that nobody uses; None is for ever."""
    import_memory_bytes: int = 2 << 30
    """Memory of a process that reads a file."""
    import_timeout_s: float = 120.0
    """How long it may take, except for pictures."""
    import_pictures_timeout_s: float = 3600.0
    """How long it may take to read pictures."""


def composed(name: str) -> str:
    """A file's name as it is stored: systems write umlauts in two ways."""
    return unicodedata.normalize("NFC", name)


def checked_name(name: str, pointer: str = "/name") -> str:
    """Check a file's name from outside, in its composed form.

    Raises:
        RequestError: it is empty, too long, or has characters that cannot be shown.
    """
    found = composed(name)
    is_wrong = any(unicodedata.category(character) in _INVISIBLE for character in found)
    if not 0 < len(found) <= MAX_NAME or not found.strip() or is_wrong:
        expected = f"a file name of 1 to {MAX_NAME} characters, without control characters"
        raise RequestError([Problem(pointer=pointer, expected=expected, found=ascii(name)[:80])])
    return found


def checked_sha256(text: str, pointer: str = "/sha256") -> str:
    """Check a digest from outside.

    Raises:
        RequestError: it is no sha256.
    """
    if not _SHA256.fullmatch(text):
        expected = "64 hexadecimal digits in lower case"
        raise RequestError([Problem(pointer=pointer, expected=expected, found=ascii(text)[:80])])
    return text
