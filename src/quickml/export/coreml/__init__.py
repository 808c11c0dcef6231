"""Core ML: write, compress and read its files."""
