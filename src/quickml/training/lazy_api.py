"""Load the public names of TensorFlow when they are used, not all with `import tensorflow`.

The packages below `tensorflow._api.v2`, such as `tf.linalg` or `tf.lite`, consist of lines like `from
tensorflow.python.ops.linalg_ops import norm_v2 as norm`. The modules that only they name are 1,050 of the
3,000 that `import tensorflow` loads, and take 0.5 of its 1.65 s. Here such a line is carried out when its
name is looked up. All names stay what they are; a package of any other form is loaded as a whole.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from threading import RLock
from types import ModuleType
from typing import Any

_PUBLIC = "tensorflow._api.v2."
_LINE = re.compile(r"^from (\S+) import (\w+)(?: as (\w+))?", re.MULTILINE)
_ALSO_FOLDERS = ("distribute", "lite")
"""Public packages that share their names with internal folders, whose import would replace them."""
_lock = RLock()


class _Names(ModuleType):
    """A package of public names. Threads that look one up wait for each other."""

    def __init__(self, name: str, loader: SourceFileLoader) -> None:
        super().__init__(name)
        self._loader, self._is_complete = loader, False

    @cached_property
    def _lines(self) -> dict[str, tuple[str, str]]:
        """For each name the module that has it, and its name there."""
        lines = _LINE.findall(self._loader.get_source(self.__name__) or "")
        return {shown or name: (module, name) for module, name, shown in lines}

    def __getattr__(self, name: str) -> Any:
        with _lock:
            if name in vars(self):  # by another thread
                return vars(self)[name]
            if self.__spec__ is not None and name in self._lines:
                value = _imported(*self._lines[name])
                setattr(self, name, value)
                return value
            if not name.startswith("__"):  # those are asked for by Python
                self._complete()
        return super().__getattribute__(name)

    def __dir__(self) -> list[str]:
        with _lock:
            self._complete()
        return list(super().__dir__())

    def _complete(self) -> None:
        if not self._is_complete:
            self._is_complete = True
            self._loader.exec_module(self)


def _imported(module: str, name: str) -> Any:
    if module.startswith(_PUBLIC):
        return importlib.import_module(f"{module}.{name}")
    return getattr(importlib.import_module(module), name)


class _NamesLoader(Loader):
    def __init__(self, loader: SourceFileLoader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Names(spec.name, self._loader)

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self._loader


class _NamesFinder(MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not name.startswith(_PUBLIC):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _NamesLoader(spec.loader)
        return spec


@contextmanager
def lazy_api() -> Iterator[None]:
    """For the first `import tensorflow` of the process."""
    if "tensorflow" in sys.modules:
        yield
        return
    sys.meta_path.insert(0, _NamesFinder())  # stays: packages of packages are imported later
    yield
    tensorflow = sys.modules["tensorflow"]
    names = {name: value for name, value in vars(tensorflow).items() if isinstance(value, _Names)}
    for name in names.keys() & set(_ALSO_FOLDERS):  # another version may lack some
        importlib.import_module(f"tensorflow.{name}")
    vars(tensorflow).update(names)
