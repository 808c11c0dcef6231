"""Core ML files on disk: `.mlmodel` (one protobuf message) and `.mlpackage` (a folder).

A package is a folder with a `Manifest.json`; `rootModelIdentifier` names the entry of `itemInfoEntries`
whose `path`, relative to the folder `Data`, is the protobuf message. Weights of an ML program are
blob files beside that message, in `weights/`.

Everything here treats the file as hostile: no path leaves the package, nothing is read that is
larger than protobuf itself can hold, and every failure is a CoreMLFileError.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from quickml.errors import CoreMLFileError
from quickml.export.coreml.reading import proto

MANIFEST = "Manifest.json"
_LARGEST_MESSAGE_BYTES = 2**31 - 1  # protobuf's own limit
_LARGEST_MANIFEST_BYTES = 2**20
_HINTS = {
    ".zip": "; unpack it first, and hand in the .mlpackage",
    ".onnx": "; ONNX Runtime runs it as it is",
    ".keras": "; Keras loads it as it is",
}
"""What else a run leaves that somebody may hand in."""


@dataclass(frozen=True, kw_only=True)
class CoreMLFile:
    """A Core ML file that was read, its weights still on disk.

    `model` is the protobuf message `CoreML.Specification.Model`; `weights` the blob file of an ML
    program's weights, either a path or its bytes, or nothing; `size_bytes` counts every file of a package.
    """

    path: Path
    kind: Literal["mlmodel", "mlpackage"]
    model: Any = field(repr=False)
    weights: Path | bytes | None = field(repr=False)
    size_bytes: int

    @property
    def type(self) -> str:
        """What the model is, in the words of `Model.proto`: `neuralNetwork`, `mlProgram`, ..."""
        return str(self.model.WhichOneof("Type"))


def read(path: Path) -> CoreMLFile:
    """Read a `.mlmodel` file or a `.mlpackage` folder.

    Raises CoreMLFileError where there is none, where it is damaged, or where it is something else.
    """
    try:
        if path.is_dir():
            return _read_package(path)
        return CoreMLFile(
            path=path, kind="mlmodel", model=_read_model(path), weights=None, size_bytes=size_of(path)
        )
    except OSError as error:
        raise CoreMLFileError(f"{path.name} cannot be read: {error.strerror or error}.") from error


def _read_package(package: Path) -> CoreMLFile:
    message = _root_model(package)
    model = _read_model(message)
    weights = _weights(message.parent / "weights")
    return CoreMLFile(
        path=package,
        kind="mlpackage",
        model=model,
        weights=weights if weights and _is_inside(weights, package) else None,
        size_bytes=size_of(package),
    )


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a package, without reading any."""
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files if file.is_file())


def _root_model(package: Path) -> Path:
    manifest = _manifest(package)
    identifier, entries = manifest.get("rootModelIdentifier"), manifest.get("itemInfoEntries")
    entry = entries.get(identifier) if isinstance(entries, dict) and isinstance(identifier, str) else None
    given = entry.get("path") if isinstance(entry, dict) else None
    if not isinstance(given, str) or not given or "\0" in given:
        raise CoreMLFileError(f"{package.name}: the manifest names no model.")
    message = package / "Data" / PurePosixPath(given)
    if not _is_inside(message, package):
        raise CoreMLFileError(f"{package.name}: the manifest's path {given!r} leaves the package.")
    if not message.is_file():
        raise CoreMLFileError(f"{package.name}: the manifest names {given!r}, which is missing.")
    return message


def _weights(folder: Path) -> Path | None:
    """The blob file; other tools than coremltools call it something else than `weight.bin`."""
    found = sorted(file for file in folder.glob("*.bin") if file.is_file())
    return next((file for file in found if file.name == "weight.bin"), found[0] if len(found) == 1 else None)


def _manifest(package: Path) -> dict[str, Any]:
    path = package / MANIFEST
    if not path.is_file():
        raise CoreMLFileError(f"{package.name} is no Core ML package: it has no {MANIFEST}.")
    if not _is_inside(path, package) or path.stat().st_size > _LARGEST_MANIFEST_BYTES:
        raise CoreMLFileError(f"{package.name}: {MANIFEST} is not what a Core ML package has.")
    try:
        manifest = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise CoreMLFileError(f"{package.name}: {MANIFEST} is damaged: {error}.") from error
    if not isinstance(manifest, dict):
        found = type(manifest).__name__
        raise CoreMLFileError(f"{package.name}: {MANIFEST} should hold an object, found a {found}.")
    return manifest


def _read_model(path: Path) -> Any:
    if not path.is_file():
        raise CoreMLFileError(f"{path.name}: there is no such file.")
    if path.stat().st_size > _LARGEST_MESSAGE_BYTES:
        raise CoreMLFileError(f"{path.name} is larger than any Core ML model can be (2 GiB).")
    model = proto.new_model()
    try:
        model.ParseFromString(path.read_bytes())
    except (proto.decode_error(), UnicodeDecodeError, RecursionError) as error:
        hint = _HINTS.get(path.suffix, "")
        raise CoreMLFileError(f"{path.name} is damaged, or no Core ML model{hint}.") from error
    # protobuf skips what it does not know, so almost any text parses as an empty message.
    if model.WhichOneof("Type") is None:
        raise CoreMLFileError(f"{path.name} holds no model of a kind that is known.")
    if model.specificationVersion < 1:
        raise CoreMLFileError(f"{path.name} is damaged: it has no specification version.")
    return model


def _is_inside(path: Path, package: Path) -> bool:
    """Whether a path stays in the package once `..` and links are followed."""
    return path.resolve().is_relative_to(package.resolve())
