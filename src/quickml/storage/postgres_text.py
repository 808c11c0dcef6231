"""Texts in PostgreSQL, which stores every character but NUL. Loaded with psycopg.

NUL is stored as two characters that begin with a noncharacter, which texts do not contain, and comes back as
it was. So a text that was stored, or is looked for, is treated as by SQLite.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from psycopg.types.string import StrDumper, TextLoader

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.abc import Buffer

_MARK = "\ufdd0"
_STORED = re.compile(f"{_MARK}(.)", re.DOTALL)


class NulDumper(StrDumper):  # type: ignore[misc]  # mypy does not read psycopg, an extra
    """Writes texts."""

    def dump(self, obj: str) -> bytes:
        """The bytes of a text.

        Raises:
            UnicodeEncodeError: it has half a surrogate; SQLite raises the same.
        """
        if "\0" in obj or _MARK in obj:
            obj = obj.replace(_MARK, f"{_MARK}.").replace("\0", f"{_MARK}0")
        return obj.encode()


class NulLoader(TextLoader):  # type: ignore[misc]
    """Reads texts."""

    def load(self, data: Buffer) -> str:
        """The text of its bytes."""
        found = str(data, "utf-8")
        return _STORED.sub(_original, found) if _MARK in found else found


def adapt(connection: Connection) -> None:
    """Have a connection write and read texts in this way."""
    connection.adapters.register_dumper(str, NulDumper)
    for name in ("text", "varchar"):
        connection.adapters.register_loader(name, NulLoader)


def _original(found: re.Match[str]) -> str:
    return "\0" if found[1] == "0" else _MARK
