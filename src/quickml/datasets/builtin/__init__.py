"""The built-in datasets. To add one, put a module here with a class marked `@register`.

A module here is imported whenever a document is checked, so it imports numpy in `load` and not at its top.
"""

import importlib
import pkgutil

from quickml.datasets import registry

for _module in pkgutil.iter_modules(__path__):  # each registers its datasets
    importlib.import_module(f"{__name__}.{_module.name}")

BUILT_IN = dict(registry.registered())
"""Their classes by name, without those of other packages."""
