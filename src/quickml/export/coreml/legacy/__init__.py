"""Write the layers of a document as layers of iOS 11 neural networks, as updatable models require.

A neural network converted from MIL contains layers without a gradient in Core ML (`softmaxND`,
`reshapeStatic`), so updatable models are written here, layer by layer. Every value is (channels, rows,
columns); a flat value stores its elements as channels. All layers are from iOS 12 or earlier, because newer
ones would switch the file to values with any number of axes. `document/checks/updating.py` decides which
layers are allowed, and which have gradients. The layers are those of Apple's `NeuralNetwork.proto`.
"""

from quickml.export.coreml.legacy.activations import FUNCTIONS
from quickml.export.coreml.legacy.context import add
from quickml.export.coreml.legacy.network import write

__all__ = ["FUNCTIONS", "add", "write"]
