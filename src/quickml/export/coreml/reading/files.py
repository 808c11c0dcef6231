"""Read Core ML files from disk: `.mlmodel` (one protobuf message) and `.mlpackage` (a folder).

A package is a folder with a `Manifest.json`. Its `rootModelIdentifier` is the key of the entry in
`itemInfoEntries` whose `path`, relative to the folder `Data`, is the protobuf message. The weights of an ML
program are blob files in the folder `weights/` next to that message.

Files are untrusted input: no path may leave the package, nothing larger than protobuf's own limit is read,
and every failure is a CoreMLFileError.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from quickml.errors import CoreMLFileError
from quickml.export.coreml.reading import proto

MANIFEST = "Manifest.json"
_LARGEST_MESSAGE_BYTES = 2**31 - 1  # protobuf's own limit
_LARGEST_MANIFEST_BYTES = 2**20
_HINTS = {
    ".zip": "; unpack it first and pass the .mlpackage",
    ".onnx": "; run it with ONNX Runtime",
    ".keras": "; load it with Keras",
}
"""Hints for other files of a result folder that users may pass by mistake."""


@dataclass(frozen=True, kw_only=True)
class CoreMLFile:
    """A Core ML file. The weights of an ML program are not loaded yet.

    `model` is the protobuf message `CoreML.Specification.Model`. `weights` is the blob file of an ML program,
    as a path or as bytes, or None. `size_bytes` is the total size of all files of a package. `blobs` are all
    blob files by name: the programs of a pipeline may have one each.
    """

    path: Path
    kind: Literal["mlmodel", "mlpackage"]
    model: Any = field(repr=False)
    weights: Path | bytes | None = field(repr=False)
    size_bytes: int
    blobs: Mapping[str, Path] = field(default_factory=dict, repr=False)

    @property
    def type(self) -> str:
        """The type of the model, by its name in `Model.proto`: `neuralNetwork`, `mlProgram`, ..."""
        return str(self.model.WhichOneof("Type"))


def read(path: Path) -> CoreMLFile:
    """Read a `.mlmodel` file or a `.mlpackage` folder.

    Raises CoreMLFileError if it does not exist, is damaged or is not a Core ML file.
    """
    try:
        if path.is_dir():
            return _read_package(path)
        if path.suffix != ".mlmodel" and path.is_file() and (whole := _whole(path)):
            raise CoreMLFileError(f"{path.name}: {whole}.")
        return CoreMLFile(
            path=path, kind="mlmodel", model=_read_model(path), weights=None, size_bytes=size_of(path)
        )
    except OSError as error:
        raise CoreMLFileError(f"{path.name} cannot be read: {error.strerror or error}.") from error


def _read_package(package: Path) -> CoreMLFile:
    if not (package / MANIFEST).is_file():
        raise CoreMLFileError(f"{package.name}: {_instead_of(package)}.")
    message = _root_model(package)
    model = _read_model(message)
    blobs = _blobs(message.parent / "weights", package)
    return CoreMLFile(
        path=package,
        kind="mlpackage",
        model=model,
        weights=blobs.get("weight.bin", next(iter(blobs.values())) if len(blobs) == 1 else None),
        size_bytes=size_of(package),
        blobs=blobs,
    )


def _instead_of(folder: Path) -> str:
    """What was found instead of a package, and which file to pass."""
    if whole := _whole(folder):
        return whole
    files = sorted(file.name for file in folder.iterdir() if file.suffix in (".mlmodel", ".mlpackage"))
    hint = f"; pass {folder.name}/{files[0]}" if files else ""
    return f"expected a Core ML package, found a folder without {MANIFEST}{hint}"


def _whole(path: Path) -> str:
    """What to pass instead of a part of a package, or of a compiled model; empty for anything else."""
    package = outer_package(path)
    if package is not None:
        return f"expected the whole package, found a part of it; pass {package.name}"
    folders = (path, *path.absolute().parents)
    if any(folder.suffix == ".mlmodelc" for folder in folders) or (path / "coremldata.bin").is_file():
        return (
            "expected a .mlmodel or .mlpackage, found a compiled model, which only Apple's systems run;"
            " pass the file that it was compiled from"
        )
    return ""


def outer_package(path: Path) -> Path | None:
    """The package that a file or folder is a part of."""
    return next((folder for folder in path.absolute().parents if folder.suffix == ".mlpackage"), None)


def size_of(path: Path) -> int:
    """The size of a file, or of all files of a package, in bytes."""
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files if file.is_file())


def _root_model(package: Path) -> Path:
    manifest = _manifest(package)
    identifier, entries = manifest.get("rootModelIdentifier"), manifest.get("itemInfoEntries")
    entry = entries.get(identifier) if isinstance(entries, dict) and isinstance(identifier, str) else None
    relative = entry.get("path") if isinstance(entry, dict) else None
    if not isinstance(relative, str) or not relative or "\0" in relative:
        raise CoreMLFileError(f"{package.name}: the manifest names no model.")
    message = package / "Data" / PurePosixPath(relative)
    if not _is_inside(message, package):
        raise CoreMLFileError(f"{package.name}: the manifest's path {relative!r} leaves the package.")
    if not message.is_file():
        raise CoreMLFileError(f"{package.name}: the manifest names {relative!r}, which is missing.")
    return message


def _blobs(folder: Path, package: Path) -> dict[str, Path]:
    """The blob files by name: `weight.bin`, or another `.bin` file, because other tools use other names."""
    files = sorted(file for file in folder.glob("*.bin") if file.is_file())
    return {file.name: file for file in files if _is_inside(file, package)}


def _manifest(package: Path) -> dict[str, Any]:
    path = package / MANIFEST
    if not _is_inside(path, package) or path.stat().st_size > _LARGEST_MANIFEST_BYTES:
        raise CoreMLFileError(f"{package.name}: {MANIFEST} is too large, or a link that leaves the package.")
    try:
        manifest = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise CoreMLFileError(f"{package.name}: {MANIFEST} is damaged: {error}.") from error
    if not isinstance(manifest, dict):
        found = type(manifest).__name__
        raise CoreMLFileError(f"{package.name}: {MANIFEST}: expected an object, found a {found}.")
    return manifest


def _read_model(path: Path) -> Any:
    if not path.is_file():
        raise CoreMLFileError(f"{path.name}: no such file.")
    if path.stat().st_size > _LARGEST_MESSAGE_BYTES:
        raise CoreMLFileError(f"{path.name} is larger than the limit for Core ML models (2 GiB).")
    model = proto.new_model()
    try:
        model.ParseFromString(path.read_bytes())
    except (proto.decode_error(), UnicodeDecodeError, RecursionError) as error:
        hint = _HINTS.get(path.suffix, "")
        raise CoreMLFileError(f"{path.name} is damaged, or not a Core ML model{hint}.") from error
    # protobuf skips unknown fields, so almost any text parses as an empty message.
    if model.WhichOneof("Type") is None:
        raise CoreMLFileError(f"{path.name} contains no model of a known type.")
    if model.specificationVersion < 1:
        raise CoreMLFileError(f"{path.name} is damaged: it has no specification version.")
    return model


def _is_inside(path: Path, package: Path) -> bool:
    """Whether a path is in the package after resolving `..` and links."""
    return path.resolve().is_relative_to(package.resolve())
