"""Write the layers of a graph and their weights as a MIL program, with one emitter per layer type.

MIL is coremltools' Model Intermediate Language; its operations are added with coremltools' `Builder`. This
package does not depend on Keras: an emitter reads the document's layer and plain arrays. To add a layer, add
a function with the decorator `@emits(...)` to a module of this folder.
"""

import importlib
import pkgutil

from quickml.export.coreml.library import coremltools

coremltools()  # imports it without warnings, before the modules below import parts of it

from quickml.export.coreml.emit.emitter import EMITTERS  # noqa: E402
from quickml.export.coreml.emit.program import emit  # noqa: E402

for _module in pkgutil.iter_modules(__path__):  # each registers its emitters
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["EMITTERS", "emit"]
