"""One module per file format; each registers its class with `@registered`. None imports anything heavy.

To add a format, add a module here: docs/how-to/add-a-format.md.
"""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):  # each registers its format
    importlib.import_module(f"{__name__}.{_module.name}")
