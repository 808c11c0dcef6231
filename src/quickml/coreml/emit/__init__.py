"""One emitter per layer type: the layers of a graph, with their weights, to a MIL program.

MIL is coremltools' Model Intermediate Language; its operations are written with coremltools' own
`Builder`. Nothing here knows Keras: an emitter reads the spec's layer and plain arrays. To add a layer,
write a function marked `@emits(...)` in a module of this folder.
"""

from quickml.coreml.library import coremltools

coremltools()  # quietly, before the modules below import parts of it

from quickml.coreml.emit.emitter import EMITTERS  # noqa: E402
from quickml.coreml.emit.program import emit  # noqa: E402

__all__ = ["EMITTERS", "emit"]
