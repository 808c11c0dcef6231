"""Core ML's protobuf classes, without what `import coremltools` drags in.

The classes live in the `proto` folder of the installed coremltools, but importing them by their
name would first run `coremltools/__init__`, which imports TensorFlow and scikit-learn where they are
installed and takes seconds. The folder needs none of that: its modules import each other relatively,
so it is loaded here as a package under a private name. Where coremltools is loaded already, its own
classes are used; a later import of it is harmless, because protobuf accepts the same serialized
file twice.
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
    """One generated protobuf module, such as `Model_pb2` or `MIL_pb2`.

    Raises CoreMLError where no coremltools is installed.
    """
    with _lock:
        return importlib.import_module(f"{_package()}.{name}")


def new_model() -> Any:
    """An empty `CoreML.Specification.Model` message (Apple's `Model.proto`)."""
    return module("Model_pb2").Model()


def decode_error() -> type[Exception]:
    """The exception with which protobuf refuses bytes."""
    error: type[Exception] = importlib.import_module("google.protobuf.message").DecodeError
    return error


def enum_name(message: Any, field: str, value: int) -> str:
    """The name of an enum's value in a message's field; the number as text where it has no name."""
    known = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
    return str(known[value].name) if value in known else str(value)


def _package() -> str:
    if _PUBLIC in sys.modules:
        return _PUBLIC
    if _PRIVATE not in sys.modules:
        # The folder's own __init__ is skipped: all it does is import four of the modules.
        package = ModuleType(_PRIVATE)
        package.__path__ = [str(_folder())]
        package.__spec__ = importlib.machinery.ModuleSpec(_PRIVATE, None, is_package=True)
        sys.modules[_PRIVATE] = package
    return _PRIVATE


def _folder() -> Path:
    # find_spec of a top-level package locates it without importing it.
    found = importlib.util.find_spec("coremltools")
    for place in (found.submodule_search_locations or []) if found else []:
        folder = Path(place) / "proto"
        if (folder / "Model_pb2.py").is_file():
            return folder
    raise CoreMLError("Core ML files need the package coremltools, which is not installed here.")
