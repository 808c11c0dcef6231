"""Which kind of data a file is, by its content."""

from __future__ import annotations

from typing import Literal

Kind = Literal["table", "pictures"]
HEAD_BYTES = 4
"""What is needed of the beginning of a file."""


def kind_of(head: bytes) -> Kind:
    """The kind of a file that begins so."""
    return "pictures" if head in (b"PK\3\4", b"PK\5\6") else "table"


def is_slow(kind: str) -> bool:
    """Whether reading data of this kind may take minutes, so that nobody waits for it within a request."""
    return kind == "pictures"
