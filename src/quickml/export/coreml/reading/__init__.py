"""Reads Core ML files, as hostile input."""
