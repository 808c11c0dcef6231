"""Load TensorFlow's shared library in a thread, while Python imports something else.

Python holds its lock while it loads a library, and this one takes 0.3 s. A call through ctypes does not.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from quickml.training.chatter import without_chatter

_SMALL_ONES = ("cmath", "fcntl", "subprocess")
"""What else sympy loads from libraries, if it is imported meanwhile: it would wait for this one."""


@contextmanager
def library_loading() -> Iterator[None]:
    """Within, the library is loaded; at the end it is there. No effect where there is none like it."""
    path = None if "tensorflow" in sys.modules or sys.platform == "win32" else _library()
    if path is None:
        yield
        return
    for name in _SMALL_ONES:
        importlib.import_module(name)
    loader = Thread(target=_open, args=(path,), name="quickml-library")
    with without_chatter():
        loader.start()
        try:
            yield
        finally:
            loader.join()


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
