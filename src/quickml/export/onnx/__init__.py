"""Translate a Core ML file, read back from disk, to an equivalent ONNX graph.

`translate` reads only the file's protobuf messages. It shares no code with coremltools' MIL or QuickML's
emitters, so that an error in either is detected instead of cancelling out.
"""

from quickml.export.onnx.translation import InputSpec, OnnxTranslation, translate

__all__ = ["InputSpec", "OnnxTranslation", "translate"]
