"""Core ML: writing, compressing and reading its files."""
