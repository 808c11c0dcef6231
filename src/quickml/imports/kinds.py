"""Which kind of data a file is, by its content."""

from __future__ import annotations

from typing import Literal

Kind = Literal["table", "pictures"]
HEAD_BYTES = 64
"""What is needed of the beginning of a file."""
_IN_WORKBOOKS = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/")
"""How the first name in an Excel workbook begins, which is an archive, too."""


def kind_of(head: bytes) -> Kind:
    """The kind of a file that begins so."""
    is_archive = head.startswith((b"PK\3\4", b"PK\5\6"))
    return "pictures" if is_archive and not head[30:].startswith(_IN_WORKBOOKS) else "table"


def has_beginning(head: bytes) -> bool:
    """Whether a part of a file that begins so can be looked into: the directory of an archive, and the schema
    of a Parquet file, are at the end."""
    return not head.startswith((b"PK\3\4", b"PK\5\6", b"PAR1", b"PARE"))


def is_slow(kind: str) -> bool:
    """Whether reading data of this kind may take minutes, so that nobody waits for it within a request."""
    return kind == "pictures"
