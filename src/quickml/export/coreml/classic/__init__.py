"""The layers of a document as those of iOS 11's neural networks, one by one.

A neural network that is converted from MIL ends in layers that Core ML cannot go back through (`softmaxND`,
`reshapeStatic`), so a file that a phone can train is written here. Every value is (channels, rows, columns);
a flat one has its numbers as channels. No layer may be younger than iOS 12, or the file would have to be of
the other kind, whose values have any number of axes. What may come here, and which functions have gradients,
is decided in `document/checks/updating.py`. The layers are those of Apple's `NeuralNetwork.proto`.
"""

from quickml.export.coreml.classic.functions import FUNCTIONS
from quickml.export.coreml.classic.network import write
from quickml.export.coreml.classic.place import add

__all__ = ["FUNCTIONS", "add", "write"]
