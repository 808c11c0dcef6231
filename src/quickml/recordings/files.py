"""The files of recordings: one, or those of a folder or an archive, and the table in each."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from quickml.datasets.files import RecordingsReference
from quickml.document.files import changed
from quickml.errors import DocumentError, Notice, RecordingsError, TableError
from quickml.recordings.columns import is_session, is_time
from quickml.recordings.problems import of_source
from quickml.sources.classes import by_folder, in_order, labels_of
from quickml.sources.formats import HEAD_BYTES, OTHER_PICTURES, PICTURES, is_archive, is_workbook
from quickml.sources.places import ArchiveSource, FileSource, FolderSource, is_passed, stamps
from quickml.tables.dialect import Asked, Dialect
from quickml.tables.problems import refused
from quickml.tables.read import Table, read
from quickml.text import printable

SUFFIXES = (".csv", ".tsv")


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A file with rows of recordings."""

    table: Table
    session: str
    """What the recording is called if the file is one."""
    label: str = ""
    """The folder that the file is in, if folders are labels."""
    is_test: bool = False


def is_folder(path: Path) -> bool:
    """Whether a path has several recordings: a folder, or an archive, which its content tells."""
    return path.is_dir() or is_archive(_head(path))


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(HEAD_BYTES)
    except (OSError, ValueError):  # reading it says why
        return b""


def holds_recordings(names: Iterable[str]) -> bool:
    """Whether a folder or an archive with these files has more .csv files than pictures: a photo may lie
    beside recordings, and a list beside pictures."""
    suffixes = [Path(name).suffix.lower() for name in names if not is_passed(name)]
    pictures = PICTURES | OTHER_PICTURES
    return sum(one in SUFFIXES for one in suffixes) > sum(one in pictures for one in suffixes)


def are_recordings(path: Path) -> bool:
    """Whether a folder or an archive has recordings; see `holds_recordings`."""
    if not is_folder(path):
        return False
    try:
        with source_of(path, path.name) as source:
            return holds_recordings(source.names)
    except DocumentError:  # whoever reads it says why
        return False


def stamp(path: Path, file: str) -> str:
    """Text that changes if the files do."""
    try:
        if path.is_dir():
            return FolderSource(path, file, RecordingsError).stamp()[0]
        return stamps(path.parent, [path.name])[0]
    except (RecordingsError, OSError, ValueError):  # reading it says why
        return ""


def single(path: Path, reference: RecordingsReference) -> Piece:
    """The only file.

    Raises:
        DocumentError: it cannot be read, or is another one than the document was written for.
    """
    table = _read(path, reference.file, reference, _asked(reference))
    if reference.sha256 is not None and table.sha256 != reference.sha256:
        raise changed(reference.file, reference.sha256, table.sha256)
    return Piece(table=table, session="")


def _asked(reference: RecordingsReference, like: Dialect | None = None) -> Asked:
    """What is known about how files are written: what the document says, or else how the first one is."""
    named = {reference.target, reference.session, reference.time, *reference.columns} - {None}
    return Asked(
        delimiter=reference.delimiter or (like.delimiter if like else None),
        decimal=reference.decimal or (like.decimal if like else None),
        header=reference.header if reference.header is not None or not like else like.header,
        names=frozenset(map(str, named)),
        unread=frozenset(name for name, kind in reference.columns.items() if kind == "ignore"),
    )


def _read(path: Path, file: str, reference: RecordingsReference, how: Asked) -> Table:
    kept = {reference.target, reference.session, reference.time}
    ignored = {name for name, kind in reference.columns.items() if kind == "ignore"} - kept

    def whole(name: str) -> bool:
        return name in kept or (name not in reference.columns and (is_session(name) or is_time(name)))

    try:
        return read(
            path, file, asked=how, encoding=reference.encoding, ignored=frozenset(ignored), whole=whole
        )
    except TableError as error:
        raise refused(error) from None


def _refuse_workbook(path: Path, file: str) -> None:
    if is_workbook(_head(path)):
        expected = "a .csv file, or a folder or a .zip file of them"
        hint = "export each sheet with recordings as a .csv file"
        raise RecordingsError(file, expected, "an Excel workbook", hint)


@contextmanager
def source_of(path: Path, file: str) -> Iterator[FileSource]:
    """The files of a folder or an archive.

    Raises:
        DocumentError: they cannot be read.
    """
    try:
        if path.is_dir():
            yield FolderSource(path, file, RecordingsError)
        else:
            _refuse_workbook(path, file)
            archive = ArchiveSource(path, file, RecordingsError, holds="recordings")
            try:
                yield archive
            finally:
                archive.close()
    except RecordingsError as error:
        raise DocumentError([of_source(error)]) from None


@dataclass(frozen=True, kw_only=True)
class FolderFiles:
    """The files of a folder or an archive that are recordings."""

    names: Sequence[str]
    label: dict[str, str]
    """The label of each, if folders are labels."""
    tests: frozenset[str]
    """Those for the test."""
    labels: tuple[str, ...]
    notices: tuple[Notice, ...]


def files_of(source: FileSource, *, are_labels: bool) -> FolderFiles:
    """Which files are recordings, and of what.

    Args:
        source: the folder or the archive.
        are_labels: whether the folders in it are labels.

    Raises:
        RecordingsError: there are none, or they are not sorted into folders.
    """
    names = [name for name in source.names if name.lower().endswith(SUFFIXES)]
    notices = list(_others(source, len(source.names) - len(names)))
    if not names:
        hint = "save each recording as a .csv file"
        raise RecordingsError(source.file, "recordings", f"none in {len(source.names):,} files", hint)
    if not are_labels:
        return FolderFiles(names=names, label={}, tests=frozenset(), labels=(), notices=tuple(notices))
    found, empty, more = by_folder(source, names, [*source.folders], "recordings")
    if empty:
        hint = "add some, or remove the folder"
        raise RecordingsError(
            source.file, "recordings in the folder of each label", "none", hint, entry=empty[0]
        )
    labels = labels_of(source, [label for _, label, _ in found], "recordings")
    return FolderFiles(
        names=[name for name, _, _ in found],
        label={name: labels[label] for name, label, _ in found},
        tests=frozenset(name for name, _, part in found if part == "test"),
        labels=in_order({*labels.values()}),
        notices=(*notices, *more),
    )


def _others(source: FileSource, count: int) -> Iterator[Notice]:
    if count:
        suffixes = sorted({Path(name).suffix.lower() or "no suffix" for name in source.names} - {*SUFFIXES})
        listed = ", ".join(printable(suffix, 20) for suffix in suffixes[:6])
        message = f"files that are no .csv files, which are passed over: {count:,} ({listed})"
        yield Notice(pointer="/dataset/file", message=message)


def tables_of(
    source: FileSource, path: Path, files: FolderFiles, reference: RecordingsReference
) -> Iterator[Piece]:
    """The table of each file. A file of an archive is on the disk only until the next one is taken.

    Raises:
        DocumentError: one cannot be read.
    """
    like: Dialect | None = None
    for name in files.names:
        with _at(source, path, name) as at:
            table = _read(at, f"{source.file}: {name}", reference, _asked(reference, like))
            like = like or table.dialect
            yield Piece(
                table=table, session=name, label=files.label.get(name, ""), is_test=name in files.tests
            )


@contextmanager
def _at(source: FileSource, path: Path, name: str) -> Iterator[Path]:
    if path.is_dir():
        yield path / name
        return
    with tempfile.TemporaryDirectory(prefix="quickml-", ignore_cleanup_errors=True) as folder:
        at = Path(folder, "recording.csv")
        at.write_bytes(source.read(name))
        yield at
