"""The built-in datasets. To add one, add a module here with a class that is decorated with `@register`.

These modules are imported whenever a document is checked, so they import numpy in `load`, not at the top.
"""

import importlib
import pkgutil

from quickml.datasets import registry

for _module in pkgutil.iter_modules(__path__):  # importing a module registers its datasets
    importlib.import_module(f"{__name__}.{_module.name}")

BUILT_IN = dict(registry.registered())
"""The classes of the built-in datasets by name."""
