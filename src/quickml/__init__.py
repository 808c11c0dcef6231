"""QuickML: a JSON description of a neural network in, a trained and verified Core ML model out.

Spec, build, train, compile, verify: the folders of this package are named after that line.
"""

__version__ = "0.1.0"
