"""The script that plays films, and its checksum, by which content security policies allow it and no other."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "templates" / "player"


@cache
def script() -> str:
    """All files of the player, one after the other, as the page contains them between its tags."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in sorted(_FOLDER.glob("*.js")))
    assert "</script" not in text.lower()
    return f"\n{text}"


@cache
def source() -> str:
    """The script as a source of the directive `script-src`."""
    digest = hashlib.sha256(script().encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
