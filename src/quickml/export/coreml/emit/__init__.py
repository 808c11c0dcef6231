"""One emitter per layer type: the layers of a graph, with their weights, to a MIL program.

MIL is coremltools' Model Intermediate Language; its operations are written with coremltools' own
`Builder`. Nothing here knows Keras: an emitter reads the spec's layer and plain arrays. To add a layer,
write a function marked `@emits(...)` in a module of this folder.
"""

import importlib
import pkgutil

from quickml.export.coreml.library import coremltools

coremltools()  # quietly, before the modules below import parts of it

from quickml.export.coreml.emit.emitter import EMITTERS  # noqa: E402
from quickml.export.coreml.emit.program import emit  # noqa: E402

for _module in pkgutil.iter_modules(__path__):  # each registers its emitters
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["EMITTERS", "emit"]
