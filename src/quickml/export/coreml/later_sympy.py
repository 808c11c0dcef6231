"""Let coremltools be imported without sympy, which takes a sixth of a second to load.

coremltools uses it for unknown sizes in shapes, which few models have. Here sympy is loaded when the first
such size is created. Until then, no value is an instance of sympy's classes.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any

SYMPY = "sympy"


class _Later(type):
    """A class that stands for the one of sympy with its name, or for one that is derived from it."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return _real(cls)(*args, **kwargs)

    def __instancecheck__(cls, value: Any) -> bool:
        return SYMPY in sys.modules and isinstance(value, _real(cls))

    def __subclasscheck__(cls, other: type) -> bool:
        return SYMPY in sys.modules and issubclass(
            _real(other) if type(other) is _Later else other, _real(cls)
        )


@cache
def _real(later: Any) -> Any:
    """The class that another stands for."""
    if later.__base__ is object:
        return getattr(importlib.import_module(SYMPY), later.__name__)
    own = {name: value for name, value in vars(later).items() if name not in ("__dict__", "__weakref__")}
    return type(later.__name__, (_real(later.__base__),), own)


class _LaterSympy(ModuleType):
    Basic, Symbol = _Later("Basic", (), {}), _Later("Symbol", (), {})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked for by the import
            raise AttributeError(name)
        return getattr(importlib.import_module(SYMPY), name)


@contextmanager
def later_sympy() -> Iterator[None]:
    """Imports in the block get a stand-in that loads sympy on use. No effect if sympy is loaded already."""
    if SYMPY in sys.modules:
        yield
        return
    sys.modules[SYMPY] = _LaterSympy(SYMPY)
    try:
        yield
    finally:
        del sys.modules[SYMPY]
