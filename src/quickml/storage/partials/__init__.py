"""Stores of files while they are uploaded. One module per store."""
