"""One worker process: it loads TensorFlow before it is needed, and runs one attempt after the other.

Importing this package, `channel` and `options` is light: whoever starts workers does so.
"""
