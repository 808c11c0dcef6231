"""Names of a server, and which of them may be given to files here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from quickml.errors import ServiceError

MAX_NAME_BYTES = 220
"""Disks take 255; this leaves room for `.part.json` and its like."""
MAX_STEPS = 16
MAX_FILES = 10_000
_PLAIN = re.compile(r"""[^\s./\\:<>"|?*][^/\\:<>"|?*]*(?<![ .])""")
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE)
"""What Windows takes for a device, in every folder."""
_UNSEEN = {"Cc", "Cf", "Cs"}
"""Categories of characters that control, that turn or hide others, and of halves of characters."""


def check_plain(name: str) -> None:
    """Whether a server's name is one that may be given to a file here.

    Raises:
        ServiceError: it leads elsewhere, or may on another system.
    """
    if (
        not _PLAIN.fullmatch(name)
        or _DEVICE.fullmatch(name)
        or any(unicodedata.category(character) in _UNSEEN for character in name)
        or len(name.encode()) > MAX_NAME_BYTES
    ):
        raise ServiceError(f"artifacts: expected a plain file name, found {name!a:.80}")


def check_paths(paths: Sequence[str]) -> None:
    """Whether paths of a server may be files of one folder here, and on any system.

    Raises:
        ServiceError: one leads elsewhere, or two are the same, or one is the folder of another.
    """
    if not 0 < len(paths) <= MAX_FILES:
        raise ServiceError(f"artifacts: expected a package of 1 to {MAX_FILES:,} files, found {len(paths):,}")
    files: set[str] = set()
    folders: set[str] = set()
    spellings: dict[str, str] = {}
    for path in paths:
        steps = path.split("/")
        if len(steps) > MAX_STEPS:
            raise ServiceError(f"artifacts: expected at most {MAX_STEPS} steps, found {path!a:.80}")
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
                raise ServiceError(f"artifacts: {known!r:.80} and {name!r:.80} are one file on some disks")
    if both := files & folders:
        raise ServiceError(f"artifacts: expected a file or a folder, found both: {min(both)!r:.80}")
