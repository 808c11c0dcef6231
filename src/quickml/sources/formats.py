"""What a file is, by its first bytes or by its suffix."""

from __future__ import annotations

HEAD_BYTES = 64
"""What is needed of the beginning of a file."""
ARCHIVES = (b"PK\3\4", b"PK\5\6")
"""How zip archives begin."""
_IN_WORKBOOKS = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/")
"""How the first name in an Excel workbook begins, which is an archive, too."""
PICTURES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib"})
"""Suffixes of pictures that can be read."""
OTHER_PICTURES = frozenset(
    {
        ".heic", ".heif", ".avif", ".gif", ".tif", ".tiff", ".jp2", ".jxl", ".psd", ".ico", ".tga", ".pcx",
        ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".raw", ".svg", ".xcf",
    }
)  # fmt: skip
"""Those of pictures that cannot be read: these are refused, not passed over."""


def is_archive(head: bytes) -> bool:
    """Whether a file that begins so is a zip archive; workbooks are some, too."""
    return head.startswith(ARCHIVES)


def is_workbook(head: bytes) -> bool:
    """Whether a file that begins so is an Excel workbook."""
    return is_archive(head) and head[30:].startswith(_IN_WORKBOOKS)
