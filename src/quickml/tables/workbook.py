"""Unpacks an Excel workbook, within limits: what one sheet needs is copied into a new archive.

A library that reads workbooks believes what an archive says about its sizes, and takes memory for all cells
between the first and the last one. Here, both are counted before it sees the file.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.etree import ElementTree

from quickml.errors import TableError
from quickml.text import printable

MAX_UNPACKED_BYTES = 256 << 20
MAX_CELLS = 10_000_000
"""Cells between the first and the last one of a sheet."""
MAX_ENTRIES = 10_000
_BLOCK_BYTES = 1 << 20
_RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PARTS = ("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels",
          "xl/sharedStrings.xml", "xl/styles.xml")  # fmt: skip
_CELL = re.compile(rb"""<(?:\w+:)?c\s(?:[^>]*?\s)?r\s*=\s*["']([A-Z]{1,3})([0-9]{1,7})["']([^>]*)>""")
_ROW = re.compile(rb"""<(?:\w+:)?row\s(?:[^>]*?\s)?r\s*=\s*["']([0-9]{1,7})["']""")
_BARE = re.compile(rb"<(?:\w+:)?c(?![^>]*\sr\s*=)[\s>]")
"""A cell that does not say where it is."""
_VALUE = re.compile(rb"<(?:\w+:)?(?:v|is)\b")
_ERROR = re.compile(rb"<(?:\w+:)?v>(#[^<]{1,20})</")
_AS_CSV = "save the sheet as CSV"


@dataclass(kw_only=True)
class Sheet:
    """A sheet, and what is in it."""

    name: str
    path: str
    """In the archive."""
    is_visible: bool
    has_cells: bool = False
    errors: Mapping[int, list[tuple[int, str]]] = field(default_factory=dict)
    """Formulas that failed, by row: the number of the column, and `#DIV/0!` or another error."""


@dataclass(frozen=True, kw_only=True)
class Workbook:
    """An archive that has one sheet and what it needs."""

    content: BinaryIO
    sheet: Sheet
    sheets: int
    """How many sheets of the file have cells."""


def unpacked(stream: BinaryIO, name: str, sheet: str | None) -> Workbook:
    """Unpack a workbook with one sheet: the one that is named, or else the first visible one with cells.

    Raises:
        TableError: it is no workbook, is damaged, too large, or has no such sheet.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            return _Unpacking(archive, name).workbook(sheet)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError,
            ElementTree.ParseError, UnicodeDecodeError, OSError, ValueError) as error:  # fmt: skip
        reason = printable(str(error) or type(error).__name__, 100)
        raise TableError(name, "an Excel workbook (.xlsx) that can be read", f"a damaged one ({reason})",
                         f"open it and save it again, or {_AS_CSV}") from None  # fmt: skip


class _Unpacking:
    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._archive, self._name, self._left_bytes = archive, name, MAX_UNPACKED_BYTES
        entries = archive.infolist()
        self._names = {entry.filename for entry in entries}
        if "xl/workbook.xml" not in self._names:
            raise TableError(name, "a CSV file or an Excel workbook (.xlsx)", "a zip archive", "unpack it")
        if len(entries) > MAX_ENTRIES:
            raise TableError(name, f"at most {MAX_ENTRIES:,} entries", f"{len(entries):,}", _AS_CSV)

    def workbook(self, asked: str | None) -> Workbook:
        """See `unpacked`."""
        parts = {part: self._content(part) for part in _PARTS if part in self._names}
        sheets = _sheets(parts["xl/workbook.xml"], parts["xl/_rels/workbook.xml.rels"])
        known = [sheet for sheet in sheets if sheet.path in self._names]
        sheet, content, count = self._chosen(known, asked)
        parts[sheet.path] = content
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as copy:
            for part, data in parts.items():
                copy.writestr(part, data)
        packed.seek(0)
        return Workbook(content=packed, sheet=sheet, sheets=count)

    def _chosen(self, sheets: list[Sheet], asked: str | None) -> tuple[Sheet, bytes, int]:
        chosen: tuple[Sheet, bytes] | None = None
        for sheet in sheets:
            if asked is not None and sheet.name != asked:
                continue
            before = self._left_bytes
            content = self._content(sheet.path)
            self._left_bytes = before if chosen else self._left_bytes
            sheet.has_cells = _VALUE.search(content) is not None
            if sheet.has_cells and (chosen is None or (sheet.is_visible and not chosen[0].is_visible)):
                chosen = sheet, content
        if chosen is None:
            raise self._without(sheets, asked)
        self._measure(*chosen)
        return *chosen, sum(sheet.has_cells for sheet in sheets)

    def _without(self, sheets: list[Sheet], asked: str | None) -> TableError:
        names = ", ".join(printable(sheet.name, 40) for sheet in sheets[:12])
        if asked is not None and asked not in [sheet.name for sheet in sheets]:
            return TableError(
                self._name, f"one of the sheets {names}", repr(printable(asked, 40)), "name another"
            )
        sheet = asked if asked is not None else sheets[0].name if len(sheets) == 1 else None
        found = "an empty sheet" if sheet is not None else "only empty sheets"
        return TableError(self._name, "a table with a header and rows", found, sheet=sheet, unit="row")

    def _content(self, part: str) -> bytes:
        """An entry, of at most the bytes that are left."""
        pieces = []
        with self._archive.open(part) as stream:
            while piece := stream.read(_BLOCK_BYTES):
                self._left_bytes -= len(piece)
                if self._left_bytes < 0:
                    expected = f"at most {MAX_UNPACKED_BYTES >> 20} MiB when it is unpacked"
                    raise TableError(self._name, expected, "more", _AS_CSV)
                pieces.append(piece)
        return b"".join(pieces)

    def _measure(self, sheet: Sheet, content: bytes) -> None:
        """Refuse a sheet that would take too much memory; find the formulas that failed."""
        rows = max(map(int, _ROW.findall(content)), default=0) if _BARE.search(content) else 0
        columns = 0
        errors: dict[int, list[tuple[int, str]]] = defaultdict(list)
        for match in _CELL.finditer(content):
            if match[3].endswith(b"/"):  # only a style
                continue
            column, row = _number(match[1]), int(match[2])
            rows, columns = max(rows, row), max(columns, column)
            is_error = b't="e"' in match[0] or b"t='e'" in match[0]
            if is_error and (error := _ERROR.search(content, match.end(), _end(content, match.end()))):
                errors[row].append((column, error[1].decode(errors="replace")))
        if rows * columns > MAX_CELLS:
            hint = f"delete what is far from the table, or {_AS_CSV}"
            found = f"{rows:,} rows and {columns:,} columns"
            raise TableError(self._name, f"at most {MAX_CELLS:,} cells", found, hint, sheet=sheet.name)
        sheet.errors = errors


def _end(content: bytes, start: int) -> int:
    """Where a cell ends."""
    found = content.find(b"c>", start)
    return found if found >= 0 else len(content)


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _sheets(workbook: bytes, relations: bytes) -> list[Sheet]:
    """The sheets in order, with their paths. What is no sheet of cells has no path of one."""
    targets = {one.get("Id"): one.get("Target", "") for one in _parsed(relations)}
    return [
        Sheet(
            name=one.get("name", ""),
            path=posixpath.normpath(posixpath.join("/xl", targets.get(one.get(_RELATIONS), "")))[1:],
            is_visible=one.get("state", "visible") == "visible",
        )
        for one in _parsed(workbook).iter()
        if one.tag.endswith("}sheet")
    ]


def _parsed(content: bytes) -> ElementTree.Element:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise ValueError("it defines entities")
    return ElementTree.fromstring(content)  # noqa: S314  # without a document type, nothing expands
