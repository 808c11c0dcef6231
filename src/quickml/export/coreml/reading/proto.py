"""Load Core ML's protobuf classes without importing coremltools.

The classes are in the folder `proto` of the installed coremltools. Importing them by name would first run
`coremltools/__init__`, which imports TensorFlow and scikit-learn if they are installed and takes seconds. The
modules in the folder only import each other, relatively, so the folder is loaded as a package under a private
name. If coremltools is already loaded, its own classes are used. Importing it later is safe too, because
protobuf accepts the same serialized file twice.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

from quickml.errors import CoreMLError

_PUBLIC = "coremltools.proto"
_PRIVATE = "_quickml_coreml_proto"
_lock = threading.Lock()


def module(name: str) -> ModuleType:
    """Load a generated protobuf module, such as `Model_pb2` or `MIL_pb2`.

    Raises CoreMLError if coremltools is not installed.
    """
    with _lock:
        return importlib.import_module(f"{_package()}.{name}")


def new_model() -> Any:
    """An empty `CoreML.Specification.Model` message (Apple's `Model.proto`)."""
    return module("Model_pb2").Model()


def decode_error() -> type[Exception]:
    """The exception that protobuf raises for invalid bytes."""
    error: type[Exception] = importlib.import_module("google.protobuf.message").DecodeError
    return error


def enum_name(message: Any, field: str, value: int) -> str:
    """The name of a value of an enum field; the number as text if it has no name."""
    known = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
    return str(known[value].name) if value in known else str(value)


def _package() -> str:
    if _PUBLIC in sys.modules:
        return _PUBLIC
    if _PRIVATE not in sys.modules:
        # The folder's own __init__ is not run: it only imports four of the modules.
        package = ModuleType(_PRIVATE)
        package.__path__ = [str(_folder())]
        package.__spec__ = importlib.machinery.ModuleSpec(_PRIVATE, None, is_package=True)
        sys.modules[_PRIVATE] = package
    return _PRIVATE


def _folder() -> Path:
    # find_spec locates a top-level package without importing it.
    spec = importlib.util.find_spec("coremltools")
    for location in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(location) / "proto"
        if (folder / "Model_pb2.py").is_file():
            return folder
    raise CoreMLError("Core ML files need the package coremltools, which is not installed.")
