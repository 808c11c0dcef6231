"""Write models as Core ML, ONNX and Core AI files, read Core ML files, and run them on Linux."""
