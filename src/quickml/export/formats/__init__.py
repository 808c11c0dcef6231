"""One module per file format. Each registers its class with `@registered` and imports heavy libraries lazily.

To add a format, add a module here: docs/how-to/add-a-format.md.
"""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):  # each registers its format
    importlib.import_module(f"{__name__}.{_module.name}")
