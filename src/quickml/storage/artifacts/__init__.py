"""Stores of finished files, addressed by the sha256 of their content. One module per store."""
