"""Read Core ML files. Files are untrusted input."""
