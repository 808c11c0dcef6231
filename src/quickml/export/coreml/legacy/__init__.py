"""The layers of a document, written as layers of iOS 11 neural networks. Updatable models need these.

A neural network that is converted from MIL ends in layers without a gradient in Core ML (`softmaxND`,
`reshapeStatic`), so updatable models are written here, layer by layer. Every value is (channels, rows,
columns); a flat value has its numbers as channels. All layers are from iOS 12 or earlier: with newer ones the
values of the file would have any number of axes. `document/checks/updating.py` decides which layers are
allowed, and which have gradients. The layers are those of Apple's `NeuralNetwork.proto`.
"""

from quickml.export.coreml.legacy.activations import FUNCTIONS
from quickml.export.coreml.legacy.context import add
from quickml.export.coreml.legacy.network import write

__all__ = ["FUNCTIONS", "add", "write"]
