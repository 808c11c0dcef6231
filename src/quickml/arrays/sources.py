"""Where arrays are: an .npz file, an IDX file and one of labels, or a folder or zip of those of MNIST."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, NoReturn

from quickml.arrays import headers
from quickml.arrays.headers import MAX_HEAD_BYTES
from quickml.arrays.stored import CHUNK_BYTES, MOST_FROM_ONE, Array, StoredArray, filled, gunzipped, mapped
from quickml.errors import ArraysError, SourceError
from quickml.files.digest import sha256_of, sum_of
from quickml.sources.archive import ZipArchive
from quickml.sources.formats import ARCHIVES, is_archive

MAX_ARRAYS = 1000
EXPECTED = "an .npz file, an IDX file, or a folder or .zip file of IDX files"
_IDX = re.compile(r"(train|t10k|test)(?:[-_. ]?)(images|labels).*(?:idx|ubyte)", re.IGNORECASE)
_ONE_IDX = re.compile(r"[-.]idx[1-4]?\b|ubyte(\.gz)?$|\.idx(\.gz)?$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class ArraySource:
    """Arrays by name, and what they lie in."""

    file: str
    """What messages call it."""
    arrays: Mapping[str, StoredArray]
    sha256: str
    targets_file: str | None = None
    """Of the labels of an IDX file."""
    targets_sha256: str | None = None


@contextmanager
def opened(
    path: Path, file: str, targets: tuple[Path, str] | None = None, *, looks_beside: bool = True
) -> Iterator[ArraySource]:
    """Open a file or a folder of arrays. Its content decides what it is, not its name.

    Args:
        path: of the file or the folder.
        file: what messages call it.
        targets: the same of the file with the labels of an IDX file.
        looks_beside: whether this one is looked for beside the file, if it is not given.

    Raises:
        ArraysError: it cannot be read, or is something else.
    """
    with ExitStack() as stack:
        try:
            yield _opened(stack, path, file, targets or (_beside(path, file) if looks_beside else None))
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            at, called = targets or (path, file)
            called = called if error.filename == str(at) else file
            raise ArraysError(called, "a file to read", reason) from None


def are_arrays(path: Path) -> bool:
    """Whether a path is one of arrays: by its name, or by the names of the files in it."""
    if path.suffix.lower() in (".npz", ".npy"):
        return True
    try:
        if path.is_dir():
            return any(_IDX.search(one.name) for one in path.iterdir())
        if path.suffix.lower() == ".zip":
            archive = ZipArchive(path, path.name, holds="arrays")
            archive.close()
            return any(_IDX.search(name) for name in archive.entries)
    except (OSError, SourceError):
        return False
    return _ONE_IDX.search(path.name) is not None


def holds_arrays(names: Iterable[str]) -> bool:
    """Whether an archive with these files is one of arrays."""
    return any(_is_npy(name) or _IDX.search(name) for name in names)


def idx_files(path: Path, file: str) -> dict[str, str]:
    """The names of the IDX files in a folder, by what they have: `x_train`, `y_train` and the like.

    Raises:
        ArraysError: some are missing, or there are two of a kind.
    """
    return _named(file, [one.name for one in path.iterdir() if one.is_file()])


def labels_beside(path: Path, file: str) -> str | None:
    """The file with the labels of an IDX file, if it is beside it; named as `file` is."""
    with path.open("rb") as stream:
        is_one = not stream.read(len(headers.MAGIC)).startswith((*ARCHIVES, headers.MAGIC))
    found = _beside(path, file) if is_one else None
    return found[1] if found else None


def _opened(stack: ExitStack, path: Path, file: str, targets: tuple[Path, str] | None) -> ArraySource:
    if not path.exists():
        raise ArraysError(file, EXPECTED, "nothing of this name")
    if path.is_dir():
        found = idx_files(path, file)
        arrays = {role: _idx_file(stack, path / name, file, name) for role, name in found.items()}
        sums = {name: sha256_of(path / name) for name in found.values()}
        return ArraySource(file=file, arrays=arrays, sha256=sum_of(sums))
    with path.open("rb") as stream:
        start = stream.read(len(headers.MAGIC))
    if is_archive(start):
        archive = ZipArchive(path, file, holds="arrays", error=ArraysError)
        stack.callback(archive.close)
        are_idx = not any(map(_is_npy, archive.entries)) and any(map(_IDX.search, archive.entries))
        arrays = _idx_archive(archive) if are_idx else _npz(archive)
        return ArraySource(file=file, arrays=arrays, sha256=sha256_of(path))
    if start == headers.MAGIC:
        hint = 'save inputs and targets by np.savez("data.npz", x=x, y=y)'
        raise ArraysError(file, EXPECTED, "one array", hint)
    inputs = _idx_file(stack, path, file, None)
    if targets is None:
        hint = 'name it: "targets_file": "..."'
        raise ArraysError(file, "a file with the labels of an IDX file", "none", hint)
    labels, name = targets
    return ArraySource(
        file=file,
        arrays={"x": inputs, "y": _idx_file(stack, labels, name, None)},
        sha256=sha256_of(path),
        targets_file=name,
        targets_sha256=sha256_of(labels),
    )


def _beside(path: Path, file: str) -> tuple[Path, str] | None:
    """The labels of an IDX file, which are called like it."""
    name = path.name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1")
    if name == path.name or not path.with_name(name).is_file():
        return None
    return path.with_name(name), file[: len(file) - len(path.name)] + name


def _is_npy(name: str) -> bool:
    return name.lower().endswith(".npy")


def _npz(archive: ZipArchive) -> dict[str, StoredArray]:
    names = sorted(filter(_is_npy, archive.entries))
    if not names:
        hint = 'save them by np.savez("data.npz", x=x, y=y)'
        raise ArraysError(archive.file, "arrays that NumPy has saved", "none", hint)
    if len(names) > MAX_ARRAYS:
        raise ArraysError(archive.file, f"at most {MAX_ARRAYS:,} arrays", f"{len(names):,}")
    arrays = {}
    for name in names:
        start = next(archive.chunks(name), b"")[:MAX_HEAD_BYTES]
        stored = StoredArray(
            file=archive.file,
            entry=name[:-4],
            head=headers.npy(start, archive.file, name[:-4]),
            get=partial(_from_archive, archive, name),
        )
        if stored.head.type is not None:
            _check_size(stored, archive.entries[name].size_bytes)
        arrays[name[:-4]] = stored
    return arrays


def _check_size(stored: StoredArray, size_bytes: int) -> None:
    expected, found = stored.head.size_bytes, size_bytes - stored.head.start
    if expected != found:
        stored.refuse(f"{expected:,} bytes of values, as its head says", f"{found:,}")


def _from_archive(archive: ZipArchive, name: str, stored: StoredArray) -> Array:
    if archive.entries[name].method:
        return filled(stored, archive.chunks(name))
    for _ in archive.chunks(name):  # the end tells whether all is intact
        pass
    return mapped(archive.stream, stored, archive.start(name) + stored.head.start)


def _named(file: str, names: list[str]) -> dict[str, str]:
    """Roles of IDX files by their names."""
    roles: dict[str, str] = {}
    for name in sorted(names):
        if found := _IDX.search(name):
            part, what = (text.lower() for text in found.groups())
            role = ("x_" if what == "images" else "y_") + ("train" if part == "train" else "test")
            if role in roles:
                hint = "put the files of one data set into a folder of its own"
                raise ArraysError(file, "one file of each kind", f"{roles[role]} and {name}", hint)
            roles[role] = name
    if "x_train" not in roles or "y_train" not in roles:
        expected = "files such as train-images-idx3-ubyte and train-labels-idx1-ubyte"
        raise ArraysError(file, expected, ", ".join(roles.values()) or "none")
    return roles


def _idx_file(stack: ExitStack, path: Path, file: str, name: str | None) -> StoredArray:
    stream = stack.enter_context(path.open("rb"))
    is_packed = stream.read(2) == b"\x1f\x8b"
    start = next(_gunzipped(stream, file, name)) if is_packed else _at(stream, 0)
    head = headers.idx(start[:MAX_HEAD_BYTES], file, name)
    get = partial(_from_gzip, stream) if is_packed else partial(_from_file, stream)
    stored = StoredArray(file=file, entry=name, head=head, get=get)
    size_bytes = path.stat().st_size
    if not is_packed:
        _check_size(stored, size_bytes)
    elif head.size_bytes > MOST_FROM_ONE * size_bytes:
        stored.refuse(f"{head.size_bytes:,} bytes of values, as its head says", "a file too small for them")
    return stored


def _at(stream: BinaryIO, offset: int) -> bytes:
    stream.seek(offset)
    return stream.read(MAX_HEAD_BYTES)


def _gunzipped(stream: BinaryIO, file: str, name: str | None) -> Iterator[bytes]:
    stream.seek(0)

    def refuse(expected: str, found: str) -> NoReturn:
        raise ArraysError(file, expected, found, entry=name)

    return gunzipped(iter(partial(stream.read, CHUNK_BYTES), b""), refuse)


def _from_gzip(stream: BinaryIO, stored: StoredArray) -> Array:
    return filled(stored, _gunzipped(stream, stored.file, stored.entry))


def _from_file(stream: BinaryIO, stored: StoredArray) -> Array:
    return mapped(stream, stored, stored.head.start)


def _idx_archive(archive: ZipArchive) -> dict[str, StoredArray]:
    arrays = {}
    for role, name in _named(archive.file, list(archive.entries)).items():
        start = next(_unpacked(archive, name), b"")
        head = headers.idx(start[:MAX_HEAD_BYTES], archive.file, name)
        arrays[role] = StoredArray(
            file=archive.file, entry=name, head=head, get=partial(_from_idx_archive, archive, name)
        )
        size_bytes = archive.entries[name].size_bytes
        if head.size_bytes > MOST_FROM_ONE * size_bytes:
            arrays[role].refuse(f"{head.size_bytes:,} bytes of values, as its head says", f"{size_bytes:,}")
    return arrays


def _unpacked(archive: ZipArchive, name: str) -> Iterator[bytes]:
    def refuse(expected: str, found: str) -> NoReturn:
        raise ArraysError(archive.file, expected, found, entry=name)

    if next(archive.chunks(name), b"").startswith(b"\x1f\x8b"):
        return gunzipped(archive.chunks(name), refuse)
    return archive.chunks(name)


def _from_idx_archive(archive: ZipArchive, name: str, stored: StoredArray) -> Array:
    return filled(stored, _unpacked(archive, name))
