"""Import coremltools without its optional dependencies, without sympy and without warnings.

coremltools imports TensorFlow, scikit-learn and SciPy if they are installed, for front ends that QuickML does
not use, and warns about versions it was not tested with and about Apple libraries that exist only on macOS.
These packages are hidden during the import, which saves their load time and avoids the warnings.
"""

from __future__ import annotations

import importlib
import logging
import sys
import warnings
from types import ModuleType, SimpleNamespace
from typing import Any

from quickml.export.coreml.later_sympy import later_sympy

_HIDDEN = (
    *("tensorflow", "sklearn", "scipy", "torch", "torchvision", "torchaudio", "executorch", "xgboost"),
    "libsvm",
)


def coremltools() -> Any:
    """The module, imported at the first call. No other thread may import a hidden package meanwhile."""
    if "coremltools" in sys.modules:
        return sys.modules["coremltools"]
    loaded: dict[str, ModuleType | None] = {name: sys.modules.get(name) for name in _HIDDEN}
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        sys.modules.update(dict.fromkeys(_HIDDEN))  # type: ignore[arg-type] # None: "do not import"
        with warnings.catch_warnings(), later_sympy():
            warnings.simplefilter("ignore")
            import coremltools as library
    finally:
        logging.disable(level)
        for name, module in loaded.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
    _skip_garbage_collections()
    return library


def _skip_garbage_collections() -> None:
    """Remove the full collection after each conversion: 0.1 s in a process with TensorFlow's graphs."""
    entry = importlib.import_module("coremltools.converters._converters_entry")
    vars(entry)["gc"] = SimpleNamespace(collect=lambda: 0)
