"""Load TensorFlow's shared library in a thread, while Python imports something else.

Python holds its lock while it loads a library, and this one takes 0.2 s. A call through ctypes does not.
"""

from __future__ import annotations

import atexit
import ctypes
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread

from quickml.training.chatter import without_chatter

_NEEDED_FIRST = (
    "numpy", "pydantic_core", "socket", "contextvars", "queue", "csv", "array", "hashlib", "random", "cmath",
    "fcntl", "subprocess", "zoneinfo", "decimal", "bisect", "json", "unicodedata", "uuid", "binascii",
)  # fmt: skip
"""Modules with small libraries of their own, which can only be loaded before or after the large one."""


class _Loading:
    """A thread that loads the library, while messages of the process are held back."""

    def __init__(self, path: Path) -> None:
        self._messages = ExitStack()
        self._messages.enter_context(without_chatter())
        self._thread = Thread(target=_open, args=(path,), name="quickml-library", daemon=True)
        self._thread.start()
        atexit.register(self._messages.close)  # if the process ends before the library is used

    def wait(self) -> None:
        """Wait until the library is loaded."""
        self._thread.join()
        self._messages.close()
        atexit.unregister(self._messages.close)


_begun: list[_Loading] = []


def begin() -> None:
    """Begin to load the library; `library_loading` waits for it. No effect if the file is not found."""
    if _begun or "tensorflow" in sys.modules or sys.platform == "win32" or (path := _library()) is None:
        return
    for name in _NEEDED_FIRST:
        importlib.import_module(name)
    _begun.append(_Loading(path))


@contextmanager
def library_loading() -> Iterator[None]:
    """Load the library beside the imports of the block; the block ends when it is loaded."""
    begin()
    try:
        yield
    finally:
        while _begun:
            _begun.pop().wait()


def _library() -> Path | None:
    package = importlib.util.find_spec("tensorflow")
    folders = package.submodule_search_locations if package else None
    found = [path for folder in folders or () for path in Path(folder).glob("libtensorflow_cc.*")]
    return found[0] if found else None


def _open(path: Path) -> None:
    """Open the library as an import would, except that functions are looked up when they are called.

    An error is left to `import tensorflow`, which opens it again.
    """
    system = ctypes.CDLL(None)
    system.dlopen.restype = ctypes.c_void_p
    system.dlopen(ctypes.c_char_p(os.fsencode(path)), ctypes.c_int(os.RTLD_LAZY))
