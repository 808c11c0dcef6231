"""A Core ML file, read back from disk, as an ONNX graph that computes the same.

`translate` reads the file's own protobuf messages and nothing else: neither coremltools' MIL machinery nor
our emitters, so that an error in either shows instead of cancelling out.
"""

from quickml.export.onnx.translation import InputSpec, OnnxTranslation, translate

__all__ = ["InputSpec", "OnnxTranslation", "translate"]
