"""Which file names from a server are safe on this system, and on any other one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from quickml.errors import ServiceError

MAX_NAME_BYTES = 220
"""File systems allow 255. This leaves room for suffixes such as `.part.json`."""
MAX_DEPTH = 16
MAX_FILES = 10_000
_PLAIN = re.compile(r"""[^\s./\\:<>"|?*][^/\\:<>"|?*]*(?<![ .])""")
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE)
"""Names of devices on Windows, in every folder."""
_INVISIBLE = {"Cc", "Cf", "Cs"}
"""Unicode categories: control characters, format characters such as text direction, surrogates."""


def check_plain(name: str) -> None:
    """Check that a name is a plain file name on every system.

    Raises:
        ServiceError: it is not: it contains a separator, names a device, ...
    """
    if (
        not _PLAIN.fullmatch(name)
        or _DEVICE.fullmatch(name)
        or any(unicodedata.category(character) in _INVISIBLE for character in name)
        or len(name.encode()) > MAX_NAME_BYTES
    ):
        raise ServiceError(f"artifacts: expected a plain file name, found {name!a:.80}")


def check_paths(paths: Sequence[str]) -> None:
    """Check that paths name different files inside one folder, on every system.

    Raises:
        ServiceError: one leaves the folder, two are the same file, or one is both a file and a folder.
    """
    if not 0 < len(paths) <= MAX_FILES:
        raise ServiceError(f"artifacts: expected a package of 1 to {MAX_FILES:,} files, found {len(paths):,}")
    files: set[str] = set()
    folders: set[str] = set()
    spellings: dict[str, str] = {}
    for path in paths:
        steps = path.split("/")
        if len(steps) > MAX_DEPTH:
            raise ServiceError(f"artifacts: expected paths of at most {MAX_DEPTH} names, found {path!a:.80}")
        for step in steps:
            check_plain(step)
        above = ["/".join(steps[:count]) for count in range(1, len(steps))]
        if path in files:
            raise ServiceError(f"artifacts: expected each file once, found {path!r:.80} twice")
        files.add(path)
        folders.update(above)
        for name in (*above, path):
            known = spellings.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
            if known != name:
                raise ServiceError(
                    f"artifacts: expected different names, found {known!r:.80} and {name!r:.80}"
                )
    if both := files & folders:
        raise ServiceError(f"artifacts: expected a file or a folder, found both under {min(both)!r:.80}")
